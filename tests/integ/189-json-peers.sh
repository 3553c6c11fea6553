#!/bin/bash
# JSON and what nearly is: does the strict parser take what Python's takes, made strict, and find the same values? 5,000 texts and the
# fuzzer's; WEIR_FULL=1: 200,000.
source "$(dirname "$0")/lib.sh"

DRIVER=$BUILD/tests/json_driver
[ -x "$DRIVER" ] || { not_ok "no $DRIVER: make unit"; finish; }
texts=5000
[ "$FULL" = 0 ] || texts=200000
# What the fuzzer has found since is there, too, where it has run.
found=("$ROOT"/tests/fuzz/tape/* "$ROOT"/build-fuzz/fuzz/corpus-tape/*)
peers() { python3 "$INTEG/json_peers.py" "$DRIVER" "$texts" --seed "${SEED:-1}" "${found[@]:0:2000}" >peers.log || { tail -n 30 peers.log | cut -c 1-2000; return 1; }; }
check "$texts texts, and ${#found[@]} of the fuzzer, as Python reads them" peers
sed 's/^/#   /' peers.log | cut -c 1-200
finish
