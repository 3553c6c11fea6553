#!/bin/bash
# The same on versitygw over TLS, which checks CRC64NVME. It is built with Go once, into VERSITYGW_DIR (default:
# build/versitygw), within VERSITYGW_BUILD_S seconds.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
version=v1.8.0
gobin=${VERSITYGW_DIR:-$ROOT/build/versitygw}
if [ ! -x "$gobin/versitygw" ]; then
    if ! command -v go >/dev/null; then
        skip "versitygw" "no go"
        finish
    fi
    if ! GOBIN=$gobin nice timeout -k 10 "${VERSITYGW_BUILD_S:-300}" go install "github.com/versity/versitygw/cmd/versitygw@$version" >go.log 2>&1; then
        skip "versitygw" "go install: $(tail -n 1 go.log)"
        finish
    fi
fi
"$SUPPORT/certificate.sh" . >/dev/null 2>&1 || { not_ok "openssl: no certificate"; finish; }
mkdir root
port=$(free_port)
"$gobin/versitygw" --quiet --access AKIAVERSITY --secret versity-secret --port "127.0.0.1:$port" --cert "$T/tls.crt" --key "$T/tls.key" posix "$T/root" >gateway.log 2>&1 &
export AWS_ENDPOINT_URL_S3=https://127.0.0.1:$port AWS_CA_BUNDLE=$T/ca.pem
export AWS_ACCESS_KEY_ID=AKIAVERSITY AWS_SECRET_ACCESS_KEY=versity-secret AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
until_true 30 curl -s -o /dev/null --cacert ca.pem "$AWS_ENDPOINT_URL_S3" || { not_ok "versitygw does not start"; tail -n 20 gateway.log; finish; }
export SCRIPT
interop() { timeout -k 10 900 python3 "$INTEG/s3_interop.py" "$@" || FAILED=1; }
s3 mb keys && interop keys keys --plain
s3 mb rest && interop sizes rest
interop awscli rest
interop order rest
finish
