#!/bin/bash
# Any allocation of the runtime may fail, from the start of the process to the end of an invocation: the invocation is answered,
# or the process ends with a reason; it never crashes, and never hangs. (libuv ends the process itself where it cannot keep
# its table of descriptors: that is an abort with a name.)
source "$(dirname "$0")/lib.sh"

if [ "$ASAN" = 1 ]; then
    skip "allocations that fail" "skipped: the sanitizer has the allocator"
    finish
fi
cc=$(command -v gcc || command -v clang)
check "the allocator that fails compiles" "$cc" -O1 -fPIC -shared -o failmalloc.so "$ROOT/tests/preload/failmalloc.c"
echo '{"name":"x"}' >event.json

# run AT: one invocation of hello in which allocation AT fails
run() {
    timeout -k 5 60 "$WEIR" invoke event.json --handler hello --memory 0 --timeout 20 \
        --env LD_PRELOAD="$PWD/failmalloc.so" --env FAILMALLOC_AT="$1" >out 2>err </dev/null
}
each() {
    local at rc answered=0
    for at in $(seq 1 "$1"); do
        run "$at"
        rc=$?
        case $rc in
        0) answered=$((answered + 1)) ;;
        1) grep -q errorType out || { echo "allocation $at: no error"; cat out err; return 1; } ;;
        3)
            # 6: libuv
            ! grep -q "killed by signal" err || grep -q "killed by signal 6" err || { echo "allocation $at"; cat err; return 1; }
            ;;
        *) echo "allocation $at: status $rc"; cat err; return 1 ;;
        esac
    done
    [ "$answered" -gt 0 ] || fail "none was answered" || return 1
    echo "# of $1 allocations that failed, $answered cost nothing, or were not made" >>figures
}
check "each of the first 40 allocations may fail: the whole life of one invocation has fewer" each 40
cat figures 2>/dev/null
finish
