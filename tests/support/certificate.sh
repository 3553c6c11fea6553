#!/bin/bash
# A CA of its own, and a certificate for this machine and for every bucket as a name below s3.localhost (libcurl resolves
# *.localhost itself):  certificate.sh DIR  leaves DIR/ca.pem, DIR/tls.crt and DIR/tls.key.
set -euo pipefail
dir=${1:?which folder}
new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${new[@]}" -days 30 -subj "/CN=weir test CA" -keyout "$dir/ca.key" -out "$dir/ca.pem"
openssl req -new "${new[@]}" -subj "/CN=s3.localhost" -keyout "$dir/tls.key" -out "$dir/tls.csr"
openssl x509 -req -in "$dir/tls.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 30 -out "$dir/tls.crt" \
    -extfile <(echo "subjectAltName=DNS:localhost,DNS:s3.localhost,DNS:*.s3.localhost,IP:127.0.0.1")
