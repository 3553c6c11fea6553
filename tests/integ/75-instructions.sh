#!/bin/bash
# Does the main job take more instructions than it did? Counted under callgrind over a small file of each shape, and compared with
# tests/golden/instructions.txt: more than 3 % above it is a failure. Only weir's own code counts, and its vectors are the ones
# that every machine has, so the figures depend on the compiler alone; they are those of Debian 12's gcc.
#
#   tests/integ/75-instructions.sh --renew      writes the file: after a change that is worth it, and says so in its commit
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

golden=$ROOT/tests/golden/instructions.txt
compiler=$("${CC:-gcc}" -dumpfullversion 2>/dev/null)
if [ "$ASAN" = 1 ]; then skip "instructions" "a sanitized build"; finish; fi
command -v valgrind >/dev/null || { skip "instructions" "no valgrind"; finish; }
[ "$(uname -m)" = x86_64 ] || { skip "instructions" "the figures are x86-64's"; finish; }
strings -a "$WEIR" 2>/dev/null | grep -q "GCC: .* $compiler" || { skip "instructions" "not built by gcc"; finish; }

# count SHAPE INVALID SCHEMA: leaves SHAPE-INVALID.n, the sum and the costliest functions
count() {
    local name=$1-$2
    "$WEIR" generate -o "$name.csv" --size 1MB --shape "$1" --invalid "$2%" --seed 75 >/dev/null || return 1
    env WEIR_CSV_KERNEL=sse2 valgrind --tool=callgrind --compress-strings=no --callgrind-out-file="$name.prof" \
        "$WEIR" validate "$name.csv" --threads 1 -o "$name.csv.gz" -s "$3" >"$name.log" 2>&1
    [ $? -le 1 ] || { tail -n 5 "$name.log"; return 1; }
    python3 "$INTEG/instructions.py" "$name.prof" "$WEIR" 12 >"$name.n"
}

# within NAME: not more than 3 % above what is written down
within() {
    local now was
    now=$(head -n 1 "$1.n") was=$(awk -v name="$1" '$1 == name { print $2 }' "$golden")
    [ -n "$was" ] || { echo "$1 is not in tests/golden/instructions.txt: --renew"; return 1; }
    [ $((now * 100)) -le $((was * 103)) ] && return 0
    echo "$1: $now instructions, $((now * 1000 / was - 1000)) per mille more than $was"
    echo "a change made it costlier, or the compiler is another one (the figures: gcc $(sed -n 's/^# gcc //p' "$golden"), here: $compiler)"
    sed 1d "$1.n"
    return 1
}

cases="seed:0 var:0 narrow:0 var:20"
[ "${1:-}" != --renew ] || exec 3>"$golden"
[ "${1:-}" != --renew ] || printf '# Instructions of a run over 1 MB; tests/integ/75-instructions.sh --renew\n# gcc %s\n' "$compiler" >&3
for c in $cases; do
    shape=${c%:*} invalid=${c#*:} schema=$SCHEMA
    [ "$shape" != narrow ] || schema=$ROOT/bench/narrow.schema.json
    check "$shape with $invalid % invalid rows is counted" count "$shape" "$invalid" "$schema"
    if [ "${1:-}" = --renew ]; then
        echo "$shape-$invalid $(head -n 1 "$shape-$invalid.n")" >&3
    else
        check "its instructions are not more than they were: $(head -n 1 "$shape-$invalid.n")" within "$shape-$invalid"
    fi
done
finish
