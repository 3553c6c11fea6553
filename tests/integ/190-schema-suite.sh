#!/bin/bash
# The official JSON-Schema-Test-Suite, required and optional, 2020-12 and draft-07, each instance a line of NDJSON: at least 99.5 % of
# what is not refused when the schema loads, and refused only for the reasons that are listed. The table of docs/SCHEMA.md is what comes out.
# UPDATE=1 writes the table anew.
source "$(dirname "$0")/lib.sh"

DOC=$ROOT/docs/SCHEMA.md
if ! SUITE=$("$SUPPORT/schema_suite.sh" "$DATA/schema-suite"); then
    skip "the official test suite" "no test suite: the registry of Python's packages cannot be reached"
    finish
fi

suite() { python3 "$INTEG/schema_suite.py" "$WEIR" "$SUITE" --table table.md; }
check "the official test suite" suite

case $SUITE in
*jsonschema-4.26.0/json) documented "$DOC" suite table.md ;;
*) skip "docs/SCHEMA.md has the table" "it was made with another version of the suite" ;;
esac
finish
