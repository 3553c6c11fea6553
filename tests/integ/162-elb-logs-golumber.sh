#!/bin/bash
# `weir elb-logs` to a Lumberjack server that is not ours: Elastic's go-lumber. Needs Go and, the first time, the module proxy.
source "$(dirname "$0")/lib.sh"

if ! command -v go >/dev/null; then
    skip "Lumberjack to go-lumber" "no go"
    finish
fi
cp "$SUPPORT"/golumber/* .
if ! GOFLAGS=-mod=readonly timeout 180 go build -o golumber . >go.log 2>&1; then
    skip "Lumberjack to go-lumber" "it cannot be built: $(tail -n 1 go.log)"
    finish
fi
python3 "$SUPPORT/elb_lines.py" 10000 >many.log

# through NAME ARGS...: all lines, each once, to a new server
through() {
    local name=$1
    shift
    mkdir "$name"
    ./golumber "$name" >"$name/err" 2>&1 &
    until_true 20 test -s "$name/port" || { cat "$name/err"; return 1; }
    status 0 "$WEIR" elb-logs many.log --to "lumberjack://127.0.0.1:$(cat "$name/port")" --timeout 60 "$@" &&
        python3 "$INTEG/elb_check.py" many.log "$name/lines"
}
check "Lumberjack to go-lumber: 10,000 lines" through plain
check "Lumberjack to go-lumber: compressed" through small --compress 3
check "Lumberjack to go-lumber: four connections" through four --connections 4
finish
