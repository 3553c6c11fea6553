#!/bin/bash
# Random schemas and instances, strings near to each format, and patterns: the same verdict as ajv (npm) and Python's jsonschema, or a
# difference that docs/SCHEMA.md lists. 2,000 pairs and 500 strings a format; WEIR_FULL=1: 100,000 and 20,000.
source "$(dirname "$0")/lib.sh"

DRIVER=$BUILD/tests/schema_driver
[ -x "$DRIVER" ] || { not_ok "no $DRIVER: make unit"; finish; }
pairs=2000 strings=500
[ "$FULL" = 0 ] || pairs=100000 strings=20000
args=()
has() { command -v "$1" >/dev/null; }
if has node && has npm && timeout 100 npm install --ignore-scripts --prefix "$DATA/ajv" --no-audit --no-fund --silent ajv@8.17.1 ajv-formats@3.0.1 >npm.log 2>&1; then
    args+=(--ajv "$DATA/ajv")
else
    skip "ajv" "no npm, or no registry"
fi
others=("${args[@]}")
if python3 -c 'import jsonschema' 2>/dev/null; then others+=(jsonschema); else skip "Python's jsonschema" "not installed"; fi

peers() { python3 "$INTEG/schema_pairs.py" "$DRIVER" "$pairs" --seed "${SEED:-1}" "${args[@]}" >pairs.log || { tail -n 30 pairs.log | cut -c 1-2000; return 1; }; }
if [ ${#others[@]} -gt 0 ]; then
    check "$pairs schemas and instances, the verdicts of others" peers
    sed 's/^/#   /' pairs.log | cut -c 1-200
else
    skip "schemas and instances" "there is nobody to ask"
fi
formats() { python3 "$INTEG/schema_formats.py" "$DRIVER" "$DATA/ajv" "$strings" "${SEED:-1}" >formats.log || { tail -n 30 formats.log; return 1; }; }
if [ ${#args[@]} -gt 0 ]; then
    check "$strings strings near to each format, the verdicts of ajv-formats" formats
    sed 's/^/#   /' formats.log
else
    skip "strings near to each format" "no npm, or no registry"
fi
patterns() { python3 "$INTEG/schema_patterns.py" "$DRIVER" "$((strings * 4))" "${SEED:-1}" >patterns.log || { tail -n 30 patterns.log; return 1; }; }
if has node; then
    check "$((strings * 4)) patterns, the matches of V8" patterns
    sed 's/^/#   /' patterns.log
else
    skip "patterns" "no node"
fi
finish
