#!/bin/bash
# The same on OpenStack Swift's s3api, which refuses parts out of order and a wrong region in a signature's scope.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
if ! /usr/bin/python3 -c 'import swift' 2>/dev/null; then
    skip "swift" "no python3-swift"
    finish
fi
mkdir swift
if ! python3 -c 'import os; os.setxattr("swift", "user.weir", b"1")' 2>/dev/null; then
    skip "swift" "no extended attributes on this file system"
    finish
fi
/usr/bin/python3 "$SUPPORT/swift_s3.py" swift >swift.log 2>&1 &
until_true 30 test -e swift/env || { not_ok "swift does not start"; tail -n 20 swift.log; finish; }
# shellcheck source=/dev/null
source swift/env
export SCRIPT
interop() { timeout -k 10 900 python3 "$INTEG/s3_interop.py" "$@" || FAILED=1; }
s3 mb keys && interop keys keys
s3 mb rest && interop sizes rest
interop order rest
finish
