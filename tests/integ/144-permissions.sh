#!/bin/bash
# Does each function's role allow what its code asks of S3, under faults too, and nothing else?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
export SCRIPT
[ $ASAN -eq 0 ] || { skip "the roles" "a sanitized build: once is enough"; finish; }
timeout -k 10 900 python3 "$INTEG/permissions.py" "$ROOT/template.yaml" || FAILED=1
finish
