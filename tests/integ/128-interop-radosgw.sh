#!/bin/bash
# Do weir, boto3 and the aws command read what each other wrote, on radosgw: awkward keys, sizes around a part, TLS with a CA of
# its own and buckets as host names, and temporary credentials? And the same keys on the directory store?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw
export SCRIPT
interop() { timeout -k 10 900 python3 "$INTEG/s3_interop.py" "$@" || FAILED=1; }

interop keys "$(bucket keys)"
mkdir folder
interop folder folder

bkt=$(bucket tls)
export AWS_CA_BUNDLE=$RGW_DIR/ca.pem AWS_ENDPOINT_URL_S3=$RGW_TLS_URL WEIR_S3_ADDRESSING_STYLE=virtual
interop sizes "$bkt" --other "$RGW_URL"
interop awscli "$bkt" --other "$RGW_URL"
interop sts "$bkt" --other "$RGW_URL"
echo some >some
# asked_for KEY PATH: some goes there, and the server's log, which it writes when it likes, has that path
asked_for() { "$WEIR" cp some "s3://$bkt/$1" && until_true 30 grep -q "\"PUT $2 " "$RGW_DIR/log/client.rgw.log"; }
check "TLS: the bucket was a host's name" asked_for "vhost-$$" "/vhost-$$"
WEIR_S3_ADDRESSING_STYLE=path check "TLS: in the path, where that is asked for" asked_for "path-$$" "/$bkt/path-$$"
check "TLS: a wrong style is refused" bash -c 'WEIR_S3_ADDRESSING_STYLE=vhost "$WEIR" cp some s3://b/k 2>e; [ $? = 2 ] && grep -q "auto, path or virtual" e'
unset AWS_CA_BUNDLE
check "TLS: a certificate of an unknown CA: status 3" status 3 "$WEIR" cp some "s3://$bkt/unknown"
check "TLS: and the line says so" grep -qi certificate err
AWS_CA_BUNDLE=some check "TLS: a bundle that is none: one line" bash -c '"$WEIR" cp some "s3://$0/none" 2>e; [ $? -ge 2 ] && [ "$(grep -c "^weir: cp: " e) $(wc -l <e)" = "1 1" ]' "$bkt"
finish
