#!/bin/bash
# The official JSON-Schema-Test-Suite, required and optional, 2020-12 and draft-07: at least 99.5 % of what is not refused when
# the schema loads, and refused only for the reasons that are listed. The table of docs/SCHEMA.md is what comes out.
# UPDATE=1 writes the table anew.
source "$(dirname "$0")/lib.sh"

DRIVER=$BUILD/tests/schema_driver
DOC=$ROOT/docs/SCHEMA.md
[ -x "$DRIVER" ] || { not_ok "no $DRIVER: make unit"; finish; }
if ! SUITE=$("$SUPPORT/schema_suite.sh" "$DATA/schema-suite"); then
    skip "the official test suite" "no test suite: the registry of Python's packages cannot be reached"
    finish
fi

suite() { python3 "$INTEG/schema_suite.py" "$DRIVER" "$SUITE" --table table.md; }
check "the official test suite" suite

# between_marks FILE: the lines between the marks of the table
between_marks() { sed -n '/^<!-- suite -->$/,/^<!-- end of suite -->$/p' "$1" | sed '1d;$d'; }
documented() { diff <(between_marks "$DOC") table.md; }
if [ "${UPDATE:-0}" = 1 ]; then
    awk 'FNR == NR { table = table $0 "\n"; next }
        /^<!-- end of suite -->$/ { inside = 0 }
        !inside { print }
        /^<!-- suite -->$/ { printf "%s", table; inside = 1 }' table.md "$DOC" >doc.new && cp doc.new "$DOC"
fi
case $SUITE in
*jsonschema-4.26.0/json) check "docs/SCHEMA.md has the table" documented ;;
*) skip "docs/SCHEMA.md has the table" "it was made with another version of the suite" ;;
esac
finish
