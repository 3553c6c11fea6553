#!/bin/bash
# Does every kind of event reach its objects, does every failure reach the queue, and is the log what CloudWatch can read?
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"
store=$T/store
id=00000000-0000-4000-8000-00000000000
memory=(--memory 128)
[ "$ASAN" -eq 0 ] || memory=(--memory 10240)

# event NAME ARGS...: events/validate-NAME.json on a fresh store with all of its objects; NAME.json, NAME.log
event() {
    local name=$1 key
    shift
    rm -rf "$store"
    mkdir -p "$store/weir-demo/uploads"
    for key in events more 'a b+' sns 'c+d %20' last; do printf 'eventId\nx\n' >"$store/weir-demo/uploads/$key.csv"; done
    AWS_ENDPOINT_URL_S3=file://$store timeout -k 10 60 "$WEIR" invoke "$ROOT/events/validate-$name.json" --handler validate "${memory[@]}" "$@" \
        >"$name.json" 2>"$name.log" </dev/null
}

# Two seconds to report them, the most that there can be; meanwhile the others run.
mkdir late
(cd late && exec python3 "$INTEG/late_batch.py" "$WEIR" >out 2>&1) &
late=$!
late_is() { same "$1" 0 || { cat late/out; return 1; }; }

outputs() { (cd "$store/weir-demo" && find . -path './validations/*' -type f | sed 's|^\./validations/||' | sort | paste -sd ,); }

# case EVENT "FAILED-NUMBERS" "OUTPUTS"
case_of() {
    event "$1" || { cat "$1.json" "$1.log"; return 1; }
    local got
    got=$(failures "$1") || { cat "$1.json" "$1.log"; return 1; }
    if ! same "${got//$id/}" "$2" || ! same "$(outputs)" "$3"; then cat "$1.log"; return 1; fi
}

check "a notification" case_of sqs-s3 "" events.csv.gz
check "a notification without a queue" case_of s3-direct "" events.csv.gz
check "a batch with a message that is no JSON" case_of sqs-batch 2 events.csv.gz
check "S3's test event" case_of sqs-testevent "" ""
check "EventBridge" case_of eventbridge "" events.csv.gz
check "EventBridge through a queue" case_of sqs-eventbridge "" events.csv.gz
check "SNS through a queue" case_of sqs-sns "" events.csv.gz
check "SNS without a queue" case_of sns-direct "" events.csv.gz
check "a FIFO queue stops at its first failure" case_of sqs-fifo "2 3" events.csv.gz
check "a batch of all kinds" case_of sqs-mixed "2 7 8" "a b+.csv.gz,c+d %20.csv.gz,events.csv.gz,last.csv.gz,sns.csv.gz"

check "its metrics are the Embedded Metric Format, one document for each object" python3 "$INTEG/log_check.py" sqs-mixed.log rows=5 invalid=5 bytes=50
check "no payload is in its log" bash -c '! grep -q "this is no JSON" sqs-mixed.log'
event sqs-mixed --env AWS_LAMBDA_LOG_FORMAT=JSON
check "AWS_LAMBDA_LOG_FORMAT=JSON: every line is an object" python3 "$INTEG/log_check.py" sqs-mixed.log --json rows=5
check "a message's failure has its type" grep -q '"errorType":"Function.BadData","errorMessage":"event: body: ' sqs-mixed.log
event sqs-mixed --env AWS_LAMBDA_LOG_LEVEL=ERROR
check "AWS_LAMBDA_LOG_LEVEL=ERROR: errors and metrics alone" bash -c '! grep -qE "^(INFO|WARN|DEBUG)" "$1.log" && grep -q "^ERROR" "$1.log" &&
    python3 "$INTEG/log_check.py" "$1.log" rows=5' _ sqs-mixed

# The telemetry socket, as Managed Instances have it.
python3 - >listener.pid <<'PY' &
import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("telemetry.sock")
s.listen(1)
print(os.getpid(), flush=True)
c, _ = s.accept()
with open("telemetry.log", "wb") as out:
    while data := c.recv(65536):
        out.write(data)
os.rename("telemetry.log", "telemetry.done")
PY
until_true 20 test -S telemetry.sock && until_true 20 test -s listener.pid
event sqs-mixed --env "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET=$T/telemetry.sock" --env AWS_LAMBDA_LOG_FORMAT=JSON
check "the telemetry socket gets the function's lines" until_true 20 test -s telemetry.done
check "as JSON, every one" python3 "$INTEG/log_check.py" telemetry.done --json rows=5
check "and stderr gets none" bash -c '! grep -vE "^(START|END|REPORT) " sqs-mixed.log'

event sqs-s3 --env 'WEIR_OUTPUT_KEY=uploads/{stem}.csv.gz'
rc=$?
check "an output that would trigger the function again is an init error" bash -c '[ "$1" -eq 1 ] &&
    grep -q "\"errorType\":\"Function.BadConfiguration\"" sqs-s3.json && grep -q "begins with WEIR_INPUT_PREFIX" sqs-s3.json' _ $rc
check "and nothing was written" only "$store/weir-demo/uploads" events.csv more.csv 'a b+.csv' sns.csv 'c+d %20.csv' last.csv
event sqs-s3 --env 'WEIR_OUTPUT_KEY=uploads/{stem}.csv.gz' --env WEIR_OUTPUT_BUCKET=weir-demo
check "with the bucket named, too, it fails its message" bash -c '[ "$(grep -c "$1" sqs-s3.json)" = 1 ] && grep -q Function.BadConfiguration sqs-s3.log' _ "${id}1"

wait $late
check "at the deadline the rest of a batch is reported" late_is $?
finish
