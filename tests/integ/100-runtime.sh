#!/bin/bash
# Does the built bootstrap hold out, and does it get along with every kind of server that calls itself a Runtime API?
source "$(dirname "$0")/lib.sh"

driver=$INTEG/runtime_api.py
invocations=10000
[ "$ASAN" = 0 ] || invocations=1000

runtime() { timeout -k 10 300 python3 "$driver" "$1" "$BUILD/bootstrap" "${@:2}"; }
# Its figures are shown, also when all is well.
figures() {
    local out
    out=$(runtime "$@") || { echo "$out"; return 1; }
    echo "# $out" >>figures
}

check "$invocations invocations in a row: no growth of memory or of descriptors" figures endurance "$invocations"
check "HTTP/1.0 and 1.1, chunked or not, kept open or not: all are taken" figures servers
check "SIGTERM ends a running invocation within 500 ms, without an answer" figures sigterm
cat figures
finish
