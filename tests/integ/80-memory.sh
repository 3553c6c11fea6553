#!/bin/bash
# When an allocation fails, any of them: is it one clear error, and is nothing half-written?
# Each run has another allocation fail, all of them in turn. A file to a file needs neither libcurl nor OpenSSL set up, so they
# are few. In one thread: libuv ends the process when there is no memory for its threads.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

if [ "$ASAN" = 1 ]; then skip "failing allocations" "a sanitized build"; finish; fi
cc=${CC:-gcc}
check "the allocator that fails compiles" "$cc" -O1 -fPIC -shared -o failmalloc.so "$ROOT/tests/preload/failmalloc.c"
data memory 60kB --shape var --invalid 5% --seed 81
in=$DATA/memory.csv truth=$DATA/memory.truth

# run N: 0 when the outcome of a run of `cmd`, whose Nth allocation fails, is a good one
run() {
    local rc
    rm -rf o
    mkdir o
    FAILMALLOC_AT=$1 LD_PRELOAD=$PWD/failmalloc.so timeout 60 "$WEIR" "${cmd[@]}" -o o/out >out 2>err
    rc=$?
    case $rc in
    0 | 1) cmp -s o/out want && return ;; # a library did without, or the summary
    3) [ "$(wc -l <err)" -eq 1 ] && grep -q "^weir: ${cmd[0]}: ." err && [ -z "$(ls -A o)" ] && return ;;
    134) # libuv ends the process when it cannot register its fork handler; nothing has begun by then
        [ ! -s err ] && [ -z "$(ls -A o)" ] && [ "$aborts" -eq 0 ] && { aborts=1; return; } ;;
    esac
    echo "allocation $1: exit $rc, left: $(ls -A o), $(head -n 2 err)"
    return 1
}

# all WHAT COMMAND...: each of its allocations
all() {
    local what=$1 total n
    shift
    cmd=("$@") bad=0 runs=0 aborts=0
    "$WEIR" "${cmd[@]}" -o want >/dev/null
    total=$(FAILMALLOC_FD=3 LD_PRELOAD=$PWD/failmalloc.so "$WEIR" "${cmd[@]}" -o all 3>&1 >/dev/null)
    check "$what: allocations were counted: $total" test "$total" -gt 40
    for ((n = 1; n <= total; n++)); do
        runs=$((runs + 1))
        run "$n" || bad=$((bad + 1))
    done
    check "$what: $runs runs, each with one allocation failing: a clear error or the whole output" test "$bad" -eq 0
}

"$WEIR" validate "$in" -o want.csv -s "$SCHEMA" >/dev/null
check "the output without a failure is right" check_output "$in" want.csv --truth "$truth"
all validate validate "$in" --threads 1 -s "$SCHEMA"
all "with keys" validate "$in" --threads 1 -s "$SCHEMA" --unique eventId --unique eventName,location
all schema schema "$in" -q
finish
