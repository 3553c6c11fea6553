#!/bin/bash
# `weir schema --check`, and what schemas and patterns can do to a whole run: named errors, bounded time and memory.
source "$(dirname "$0")/lib.sh"

json() { printf '%s\n' "$2" >"$1"; }
tells() { grep -qxF -- "$1" out || { echo "no line: $1"; cat out; return 1; }; }
says() { grep -qF -- "$1" err || { echo "not told: $1"; head -n 5 err; return 1; }; }

json good.json '{"title":"t","type":"object","properties":{"a":{"type":"integer","minimum":3,"unit":"m"},"b":{"anyOf":[{"type":"null"},{"format":"date"}]}},"required":["a"]}'
understood() {
    status 0 "$WEIR" schema --check good.json && tells 'describes  /title' && tells 'checked    /properties/a/minimum: must be at least 3' &&
        tells 'ignored    /properties/a/unit: no keyword of the specification' && tells 'column     a: an integer, required' &&
        tells 'column     b: null or a string' && tells '8 checked, 1 describe, 1 ignored, 0 refused'
}
check "each keyword and column is told" understood
annotated() { status 0 "$WEIR" schema --check good.json --formats annotate && tells 'describes  /properties/b/anyOf/1/format'; }
no_rows() { json list.json '{"items":{"type":"string"},"type":"array"}' && status 0 "$WEIR" schema --check list.json && says 'weir: schema: not for the rows of a table: ' && tells '3 checked, 0 describe, 0 ignored, 0 refused'; }
check "a schema that is for no row is told to be none" no_rows
check "formats can be made to describe" annotated

json refused.json '{"$dynamicRef":"#a","properties":{"a":{"$vocabulary":{}}},"additionalItems":false}'
refused() {
    status 2 "$WEIR" schema --check refused.json && tells '1 checked, 0 describe, 1 ignored, 2 refused' &&
        says 'weir: schema: refused.json: 2 keywords are not supported'
}
check "all that is refused is told, and is a 2" refused
json one.json '{"$dynamicRef":"#a"}'
one() { status 2 "$WEIR" schema --check one.json && says 'weir: schema: one.json: 1 keyword is not supported'; }
check "also where it is one" one
usage() { status 2 "$WEIR" schema && status 2 "$WEIR" schema --check gone.json && status 2 "$WEIR" schema --check - && status 0 "$WEIR" schema --help; }
check "no schema is a 2" usage

printf 'a,b\n1,2\n' >two.csv
loads_not() { # NAME SCHEMA MESSAGE
    json "$1" "$2"
    rm -f out.csv
    status 2 "$WEIR" validate two.csv -o out.csv -s "$1" && says "weir: validate: $1: schema: $3" && gone out.csv
}
check "a schema that goes in a circle is refused" loads_not circle.json '{"allOf":[{"$ref":"#"}]}' '$ref, allOf and the like go in a circle'
check "a remote reference is refused" loads_not remote.json '{"properties":{"a":{"$ref":"https://example.com/x"}}}' '/properties/a/$ref: a remote $ref'
check "a pattern that is none is refused" loads_not pattern.json '{"properties":{"a":{"pattern":"(?i)a"}}}' '/properties/a/pattern: not a regular expression'
check "a schema for no row is refused" loads_not string.json '{"type":"string"}' 'it describes a row'
python3 -c 'print("{\"items\":" * 200 + "{}" + "}" * 200)' >deep.json
deep() { status 2 "$WEIR" validate two.csv -o out.csv -s deep.json && says 'nested deeper than 128 levels'; }
check "a schema that nests too deep is refused" deep

# The data is at fault, and no row takes more than its steps.
bounded() { # NAME SCHEMA CSV MESSAGE
    json "$1.json" "$2"
    status 1 timeout 120 "$WEIR" validate "$3" -o "$1.out" -s "$1.json" || return 1
    grep -qF -- "$4" "$1.out" || { echo "not told: $4"; cut -c 1-300 "$1.out"; return 1; }
}
python3 - <<'PY'
with open("explode.csv", "w") as f:
    f.write("a\n" + ("a" * 40 + "!\n") * 20)
with open("nested.csv", "w") as f:
    f.write('a\n"' + '{""c"":' * 120 + "1" + "}" * 120 + '"\n')
with open("cells.csv", "w") as f:
    f.write("a\n" + '"' + "[" * 129 + "]" * 129 + '"\n')
PY
check "a pattern that explodes ends" bounded explode '{"properties":{"a":{"pattern":"^(a|aa|a*)*$"}}}' explode.csv \
    'takes too many steps to match with the pattern'
check "and in a branch it is no yes" bounded branch '{"properties":{"a":{"not":{"pattern":"^(a|aa|a*)*$"}}}}' explode.csv \
    'takes too many steps to check'
check "references that double end" bounded double \
    '{"properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":["object","number"],"allOf":[{"properties":{"c":{"$ref":"#/$defs/n"}}},{"properties":{"c":{"$ref":"#/$defs/n"}}}]}}}' \
    nested.csv 'takes too many steps to check'
check "cells that nest too deep are told" bounded cells '{"properties":{"a":{"type":"array"}}}' cells.csv 'nested deeper than 128 levels'
finish
