#!/bin/bash
# Does the bootstrap work under Lambda's own emulator (aws-lambda-rie), which comes inside the Python package aws-sam-cli?
# Invocations, errors, a time-out, init errors, an SQS event from end to end, and its managed-instances mode.
source "$(dirname "$0")/lib.sh"

# One download serves all builds; RIE names a program that is there already.
rie=${RIE:-$ROOT/build/integ-cache/aws-lambda-rie}
get_rie() {
    [ -x "$rie" ] && return 0
    command -v pip >/dev/null && command -v unzip >/dev/null || return 1
    local member=samcli/local/rapid/aws-lambda-rie-x86_64
    [ "$(uname -m)" != aarch64 ] || member=samcli/local/rapid/aws-lambda-rie-arm64
    timeout -k 5 120 pip download -q --no-deps --no-input --timeout 20 --retries 1 -d wheel aws-sam-cli >pip.log 2>&1 || return 1
    unzip -q -o -j wheel/*.whl "$member" -d . || return 1
    mkdir -p "$(dirname "$rie")"
    chmod +x "$(basename "$member")"
    mv "$(basename "$member")" "$rie"
    rm -rf wheel
}
if ! get_rie; then
    skip "the real emulator" "skipped: no aws-sam-cli"
    finish
fi


RUN=("$rie")
# emulator NAME VARIABLE=VALUE...: start it; its log is NAME.log
emulator() {
    local name=$1 url
    shift
    PORT=$(free_port)
    env AWS_LAMBDA_FUNCTION_NAME=f AWS_LAMBDA_FUNCTION_TIMEOUT="${TIMEOUT:-300}" AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=s "$@" \
        "${RUN[@]}" --runtime-interface-emulator-address "127.0.0.1:$PORT" --runtime-api-address "127.0.0.1:$(free_port)" \
        "$BUILD/bootstrap" >"$name.log" 2>&1 </dev/null &
    EMULATOR=$!
    url=http://127.0.0.1:$PORT/
    until_true 20 curl -s -o /dev/null "$url" || { not_ok "the emulator does not start"; tail -n 5 "$name.log"; finish; }
}
emulator_end() {
    kill "$EMULATOR" 2>/dev/null
    wait "$EMULATOR" 2>/dev/null
}
send() { curl -sS -m 600 -X POST "http://127.0.0.1:$PORT/2015-03-31/functions/function/invocations" --data-binary "$1"; }
answers() { same "$(send "$1")" "$2"; } # answers EVENT RESPONSE
# fails EVENT TYPE: a function error of this type
fails() {
    local got
    got=$(send "$1")
    same "$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["errorType"])' "$got")" "$2" || fail "$got"
}

# A tenth of the time is for telling it, two seconds at most: with 20 s it has all of them. Meanwhile the others run.
(
    trap end_jobs EXIT
    TIMEOUT=20 emulator short _HANDLER=hello
    fails '{"sleep_ms":60000}' Function.DeadlineExceeded && answers '{"name":"y"}' '{"message":"hello y"}'
) >short.out 2>&1 &
short=$!
told() { same "$1" 0 || { cat short.out; return 1; }; }

emulator plain _HANDLER=hello
check "an invocation" answers '{"name":"x"}' '{"message":"hello x"}'
check "another, with text beyond ASCII" answers '{"name":"é€😀"}' '{"message":"hello é€😀"}'
check "a function error has its type" fails '{"error":"Function.NoSuchOrder"}' Function.NoSuchOrder
check "an event that is no JSON is a function error" fails 'nonsense' Function.BadData
check "a response that is too large is a function error" fails '{"bytes":7000000}' Function.ResponseSizeTooLarge
emulator_end

# A function that does not answer at all: stopped while it runs, it cannot.
hang() {
    local child got
    child=$(pgrep -P "$EMULATOR" | head -n 1)
    kill -STOP "$child" || return 1
    got=$(send '{"name":"x"}') # which ends it, too
    case $got in *"Task timed out after 10.00 seconds"*) ;; *) fail "$got" ;; esac
}
TIMEOUT=10 emulator hanging _HANDLER=hello
check "a function that will hang answers before" answers '{"name":"y"}' '{"message":"hello y"}'
check "a function that hangs is timed out by the platform" hang
check "and started again for the next invocation" answers '{"name":"z"}' '{"message":"hello z"}'
emulator_end

emulator unknown _HANDLER=nope
check "an unknown handler is an init error" fails '{}' Function.BadConfiguration
emulator_end
emulator setting _HANDLER=validate WEIR_OUTPUT_KEY='{nope}'
check "a bad setting is an init error" fails '{}' Function.BadConfiguration
emulator_end
emulator schema _HANDLER=validate WEIR_SCHEMA="$T/nowhere.json"
check "a schema that is not there is an init error" fails '{}' Function.BadConfiguration
emulator_end

# ---- an SQS event, from end to end ----

data emulator 200KB --shape seed --invalid 2% --seed 11
mkdir -p store/in/uploads
cp "$DATA/emulator.csv" store/in/uploads/a.csv
cp "$DATA/emulator.csv" store/in/uploads/b.csv
emulator sqs _HANDLER=validate AWS_ENDPOINT_URL_S3="file://$T/store"
python3 "$INTEG/event.py" m1=s3://in/uploads/a.csv m2=s3://in/uploads/nowhere.csv m3=s3://in/uploads/b.csv >sqs.json 2>event.err ||
    { not_ok "the event: $(cat event.err)"; finish; }
check "of three messages of an SQS event the one without an object comes back" answers @sqs.json '{"batchItemFailures":[{"itemIdentifier":"m2"}]}'
output() { gzip -dc "store/in/validations/$1.csv.gz" | cut -d , -f 1 >"$1.ids" && [ "$(wc -l <"$1.ids")" -eq "$(wc -l <"$DATA/emulator.csv")" ]; }
check "and the other two have their outputs" eval 'output a && output b'
emulator_end
wait $short
check "a deadline that comes is told before the platform's time-out, and the next invocation is answered" told $?

# ---- managed instances ----

# In this mode it takes the bootstrap from Lambda's own folder only: it gets a /var of its own, with a /var/task.
mkdir -p var/task
cp "$rie" var/rie
cp "$BUILD/bootstrap" "$BUILD/events.schema.json" var/task/
apart=(unshare -m)
[ "$(id -u)" -eq 0 ] || apart=(unshare -Urm)
if ! "${apart[@]}" mount --bind var /var 2>/dev/null; then
    skip "managed instances" "skipped: no right to make a mount namespace"
    finish
fi
RUN=("${apart[@]}" sh -c 'mount --bind var /var && exec /var/rie "$@"' sh)
emulator managed _HANDLER=hello AWS_LAMBDA_MAX_CONCURRENCY=4
check "managed instances: an invocation" answers '{"name":"x"}' '{"message":"hello x"}'
at_once() {
    local i
    local pids=()
    for i in 1 2 3 4; do
        send "{\"name\":\"$i\",\"sleep_ms\":200}" >"at-once.$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    for i in 1 2 3 4; do same "$(cat "at-once.$i")" "{\"message\":\"hello $i\"}" || return 1; done
}
check "managed instances: four at once" at_once
check "managed instances: an error" fails '{"error":"Function.NoSuchOrder"}' Function.NoSuchOrder
emulator_end
finish
