#!/bin/bash
# Does the hello handler answer its events under weir invoke as docs/HANDLERS.md promises, at every exit status?
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

hello() { # hello EVENT-FILE ARGS...: the response in ./out, the log in ./err
    local event=$1
    shift
    timeout -k 10 60 "$WEIR" invoke "$event" --handler hello "$@" >out 2>err </dev/null
}

says() { # says STATUS 'RESPONSE' EVENT-FILE ARGS...
    local want=$1 response=$2 got
    shift 2
    hello "$@"
    got=$?
    [ "$got" -eq "$want" ] || { cat out err; fail "exit $got, expected $want"; } || return 1
    same "$(cat out)" "$response"
}

check "events/hello.json is greeted" says 0 '{"message":"hello x"}' "$ROOT/events/hello.json"
check "the greeting is a setting" says 0 '{"message":"hej x"}' "$ROOT/events/hello.json" --env WEIR_HELLO_GREETING=hej
check "events/hello-sleep.json sleeps, then greets" says 0 '{"message":"hello x"}' "$ROOT/events/hello-sleep.json"
check "events/hello-bytes.json gets its bytes" says 0 "{\"data\":\"$(printf 'x%.0s' {1..1000})\"}" "$ROOT/events/hello-bytes.json"
check "events/hello-error.json is a function error of its type" says 1 \
    '{"errorMessage":"hello: the event asks for this error","errorType":"Function.Custom","stackTrace":[]}' "$ROOT/events/hello-error.json"
# With the most time to tell it that there can be, two seconds; meanwhile the others run.
printf '{"sleep_ms":60000}' >sleep.json
timeout -k 10 120 "$WEIR" invoke sleep.json --handler hello --timeout 20 >sleep.out 2>sleep.err </dev/null &
sleeper=$!
for n in 4 64; do
    check "$n workers: the event is for one, the others wait" says 0 '{"message":"hello x"}' "$ROOT/events/hello-sleep.json" \
        --env AWS_LAMBDA_MAX_CONCURRENCY=$n
    check "$n workers: and nobody complains" bash -c '! grep -E "ERROR|WARN|Status" err'
done
beyond() {
    cat sleep.err
    same "$1" 1 && same "$(cat sleep.out)" '{"errorMessage":"hello: the deadline came first","errorType":"Function.DeadlineExceeded","stackTrace":[]}'
}
check "more workers than there can be are wrong usage" says 2 '' "$ROOT/events/hello.json" --env AWS_LAMBDA_MAX_CONCURRENCY=65
check "an init error names its setting" bash -c '
    "$WEIR" invoke "$1" --handler hello --env WEIR_HELLO_GREETING="$(printf "%0100d" 0)" >out 2>err && exit 1
    grep -q "WEIR_HELLO_GREETING: longer than 64 bytes" out err' _ "$ROOT/events/hello.json"
check "a setting of the runtime's own is one, too" says 1 \
    '{"errorMessage":"WEIR_UNDO_MS: must be a whole number from 1 to 600000","errorType":"Function.BadConfiguration","stackTrace":[]}' \
    "$ROOT/events/hello.json" --env WEIR_UNDO_MS=soon
blocked() {
    timeout -k 10 60 env --block-signal=CHLD "$WEIR" invoke "$ROOT/events/hello.json" --handler hello >out 2>err </dev/null &&
        same "$(cat out)" '{"message":"hello x"}'
}
check "SIGCHLD was blocked by who started us: the function's end is seen all the same" blocked
wait "$sleeper"
check "a sleep beyond the deadline is told before Lambda's timeout" beyond $?
finish
