#!/bin/bash
# Is a TLS session made once for all connections of a process? A front of TLS before the S3 server tells which handshakes were whole.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw
bkt=$(bucket sessions)
"$SUPPORT/certificate.sh" . >/dev/null 2>&1 || { not_ok "openssl: no certificate"; finish; }
mkdir front
python3 "$SUPPORT/tls_front.py" "${RGW_URL#http://}" tls.crt tls.key front 2>front/err &
until_true 20 test -s front/port || { not_ok "the front does not start"; cat front/err; finish; }
port=$(cat front/port)
export AWS_ENDPOINT_URL_S3=https://127.0.0.1:$port AWS_CA_BUNDLE=$T/ca.pem
head -c 20000000 /dev/urandom >big

# once COMMAND...: of its connections, several, the first one alone has a whole handshake
once() {
    : >front/handshakes
    "$@" || return 1
    cat front/handshakes
    [ "$(wc -l <front/handshakes)" -gt 1 ] && same "$(grep -c full front/handshakes)" 1 && same "$(head -n 1 front/handshakes)" full
}
check "an upload of several parts" once "$WEIR" cp -q big "s3://$bkt/big"
check "and it is whole" bash -c '"$WEIR" cp -q "s3://$0/big" - | cmp - big' "$bkt"
check "from S3 to S3" once "$WEIR" cp -q "s3://$bkt/big" "s3://$bkt/again"
finish
