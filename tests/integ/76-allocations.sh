#!/bin/bash
# Does checking rows allocate memory? Twice the rows have to be as many allocations, whatever the rows are like, but for three: a
# buffer may double once more for a row, or a block, that is larger than those before. Where rows are
# invalid, each block has a few for what is counted by name. In one thread: handing a block to another takes one, too.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

if [ "$ASAN" = 1 ]; then skip "allocations" "a sanitized build"; finish; fi
check "the allocator that counts compiles" "${CC:-gcc}" -O1 -fPIC -shared -o failmalloc.so "$ROOT/tests/preload/failmalloc.c"

# count IN SCHEMA: the allocations of a run
count() {
    FAILMALLOC_FD=3 LD_PRELOAD=$PWD/failmalloc.so "$WEIR" validate "$1" --threads 1 -o "$1.out.csv.gz" -s "$2" 3>&1 >/dev/null 2>err
}

# steady SHAPE INVALID SCHEMA MORE: 24 MB may take MORE allocations than 12 MB, which have half as many rows
steady() {
    local shape=$1 invalid=$2 schema=$3 more=$4 n
    for mb in 12 24; do
        "$WEIR" generate -o "$mb.csv" --size "${mb}MB" --shape "$shape" --invalid "$invalid" --seed 76 >/dev/null || return 1
        n[mb]=$(count "$mb.csv" "$schema")
    done
    echo "$shape, $invalid invalid: ${n[12]} allocations for $(wc -l <12.csv) lines, ${n[24]} for $(wc -l <24.csv)"
    [ "${n[12]}" -gt 40 ] && [ $((n[24] - n[12])) -le "$more" ]
}

narrow=$ROOT/bench/narrow.schema.json
check "rows of JSON cells allocate nothing" steady var 0% "$SCHEMA" 3
check "nor do rows that are all alike" steady seed 0% "$SCHEMA" 3
check "nor do short rows" steady narrow 0% "$narrow" 3
check "invalid rows allocate nothing each" steady var 20% "$SCHEMA" 500
check "short ones neither" steady narrow 20% "$narrow" 500
finish
