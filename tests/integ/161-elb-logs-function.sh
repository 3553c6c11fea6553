#!/bin/bash
# The function elb_logs, as the bootstrap runs it: events in, lines at the receiver, batchItemFailures out. What it cannot confirm
# it reports; what it stops before the deadline it goes on with.
source "$(dirname "$0")/lib.sh"
export AWS_ENDPOINT_URL_S3=file://$T/store

base=AWSLogs/123456789012/elasticloadbalancing/eu-central-1/2026/01/15
alb=$base/123456789012_elasticloadbalancing_eu-central-1_app.front.50dc6c495c0c9188_20260115T0935Z_192.0.2.7_4f3k2j1h.log.gz
classic=$base/123456789012_elasticloadbalancing_eu-central-1_old-front_20260115T0935Z_192.0.2.8_1a2b3c4d.log
mkdir -p "store/weir-demo/$base"
python3 "$SUPPORT/elb_lines.py" 10000 >many.log
python3 "$SUPPORT/elb_lines.py" 10 2 >ten.log
gzip -c many.log >"store/weir-demo/$alb"
cp ten.log "store/weir-demo/$classic"
echo "Enable AccessLog for ELB: old-front at 2026-01-15T09:00:00.000Z" >store/weir-demo/AWSLogs/123456789012/ELBAccessLogTestFile
cp ten.log "store/weir-demo/$base/conn_log_x.log"

# call NAME EVENT PORT ARGS...
call() {
    local name=$1 event=$2 port=$3 memory=(--memory 128)
    shift 3
    [ "$ASAN" -eq 0 ] || memory=(--memory 10240)
    timeout -k 10 120 "$WEIR" invoke "$event" --handler elb_logs "${memory[@]}" --env "WEIR_TO=tcp://127.0.0.1:$port" "$@" \
        >"$name.json" 2>"$name.log" </dev/null
}
m1=00000000-0000-4000-8000-000000000001

# A receiver that is not there is tried until the deadline. The others run beside it, so that one that is long enough for a machine
# that stands still costs nothing.
nobody=$base/nobody.log
cp ten.log "store/weir-demo/$nobody"
python3 "$INTEG/event.py" "a=s3://weir-demo/$nobody" "b=s3://weir-demo/missing.log" >refused.event
call refused refused.event 1 --timeout 20 &
late=$!
refused() {
    expect_failures refused "a b" && grep -q '10 lines not confirmed: ' refused.log && grep -q 'connection refused' refused.log &&
        gone "store/weir-demo/weir-state/$nobody.json"
}

# A batch of a gzipped ALB log, a plain one, and the test file
batch() {
    sink batch
    call batch "$ROOT/events/elb_logs-sqs-batch.json" "$PORT" || return 1
    expect_failures batch "" || return 1
    same "$(wc -l <batch/lines)" 10010 || return 1
    grep -q 'ELBAccessLogTestFile: skipped' batch.log || fail "the test file is not skipped" || return 1
    grep -q '"lines":10000,"parsed":10000,"rejected":0,"blank":0,"sent":10000,"confirmed":10000' batch.log || fail "no summary" || return 1
    grep -q '"_aws":.*"confirmed":10000' batch.log || fail "no metrics" || return 1
    [ "$ASAN" = 1 ] || [ "$(report batch 'Max Memory Used')" -le 16 ] || fail "$(grep REPORT batch.log)"
}
# By name; and of the names of libc's look-up the bootstrap needs none (a sanitizer's runtime does).
named() {
    sink named
    call named "$ROOT/events/elb_logs-s3-direct.json" "$PORT" --env "WEIR_TO=tcp://localhost:$PORT" || return 1
    same "$(wc -l <named/lines)" "$(wc -l <many.log)" || return 1
    [ "$ASAN" = 1 ] || same "$(nm -D --undefined-only "$BUILD/bootstrap" | grep -cE ' (getaddrinfo|gethostby)')" 0
}
direct() {
    sink direct
    call direct "$ROOT/events/elb_logs-s3-direct.json" "$PORT" || return 1
    same "$(cat direct.json)" '{"batchItemFailures":[]}' && python3 "$INTEG/elb_check.py" many.log direct/lines
}
skipped() {
    python3 "$INTEG/event.py" "a=s3://weir-demo/$base/conn_log_x.log" "b=s3://weir-demo/$base/health_check_log_y.log.gz" \
        "c=s3://weir-demo/weir-state/x.json" "d=test" >skip.event
    call skip skip.event 1 && expect_failures skip "" && same "$(grep -c 'skipped: no access log' skip.log)" 3
}
not_skipped() {
    sink unskip
    python3 "$INTEG/event.py" "a=s3://weir-demo/$base/conn_log_x.log" >unskip.event
    call unskip unskip.event "$PORT" --env WEIR_SKIP=nothing && expect_failures unskip "" && same "$(wc -l <unskip/lines)" 10
}
arrived() { python3 "$INTEG/elb_check.py" many.log "$1/lines" repeats; } # arrived SINK: every line, once or more
# goes_on NAME EVENT ID SINK OFFSET...: invocations of three seconds until the message is done, as the queue would send it again; OFFSET
# prints the state's. What is said to be done stays it. How far one comes is the machine's affair, and on a busy one it may come too late
# to tell: all of it, even, so that nothing is left of the state.
goes_on() {
    local name=$1 event=$2 id=$3 sink=$4 i last=0 most=0 now over
    shift 4
    for ((i = 1; i <= 100; i++)); do
        over=0
        call "$name" "$event" "$PORT" --timeout 3
        if grep -q 'Status: timeout' "$name.log"; then
            over=1
        else
            [ -n "$(failures "$name")" ] || break
            expect_failures "$name" "$id" && grep -Eq 'stopped before the deadline at byte|not confirmed' "$name.log" || return 1
        fi
        now=$("$@")
        now=${now:-0}
        if [ "$now" -lt "$last" ]; then
            [ "$over $now" = "1 0" ] || fail "invocation $i went back from $last to $now" || return 1
            until_true 30 arrived "$sink" || fail "invocation $i left no state, and not every line has arrived" || return 1
        fi
        last=$now
        [ "$now" -le "$most" ] || most=$now
    done
    [ "$i" -gt 1 ] || fail "it was done at once: nothing was tested" || return 1
    [ "$most" -gt 0 ] || fail "it never said how far it had come" || return 1
    expect_failures "$name" "" && grep -q '"parsed":[0-9]*' "$name.log" || return 1
    now=$("$@")
    [ "$now" != 0 ] || return 0
    # The last one may have had no time left to take it back, and says so: then it is as it was.
    grep -q 'the state cannot be written' "$name.log" || same "$now" 0 || return 1
    [ "${now:-0}" -ge "$last" ] || fail "the state went back from $last to $now at the end"
}
offset() { sed -n 's/.*"offset":\([0-9]*\).*/\1/p' "store/weir-demo/weir-state/$alb.json" 2>/dev/null; }
in_folder() {
    sink slow --bad slow:4000000 --forever
    goes_on goes "$ROOT/events/elb_logs-sqs-s3.json" "$m1" slow offset && arrived slow
}
# State of another object is none
other_etag() {
    printf '{"bucket":"weir-demo","key":"%s","etag":"other","offset":100000}\n' "$classic" >"store/weir-demo/weir-state/$classic.json"
    sink etag
    python3 "$INTEG/event.py" "a=s3://weir-demo/$classic@e1" >etag.event
    call etag etag.event "$PORT" && expect_failures etag "" && same "$(wc -l <etag/lines)" 10
}
broken_state() {
    echo "{\"offset\":" >"store/weir-demo/weir-state/$classic.json"
    sink broken
    call broken etag.event "$PORT" && expect_failures broken "" && same "$(wc -l <broken/lines)" 10
}
# One that is none of ours: longer than any that we write, as JSON and as an object
huge_state() {
    printf '{"bucket":"weir-demo","key":"%s","etag":"e1","offset":100000,"x":"%20000s"}\n' "$classic" x >"store/weir-demo/weir-state/$classic.json"
    sink huge
    call huge etag.event "$PORT" && expect_failures huge "" && same "$(wc -l <huge/lines)" 10
}
settings() {
    local bad want
    for bad in WEIR_TO= WEIR_TO=http://x:1 WEIR_STATE_BUCKET=a/b WEIR_CONNECTIONS=0 WEIR_CONNECTIONS=x WEIR_FIELDS=x WEIR_STATE_KEY=x WEIR_TLS_CA=/missing.pem "WEIR_SKIP=a,$(printf %0256d 0)"; do
        ! call bad etag.event 1 --env "$bad" || fail "$bad is taken" || return 1
        case $bad in WEIR_TLS_CA=*) want=WEIR_TO ;; *) want=${bad%%=*} ;; esac # tcp:// has no CA
        grep -q "BadConfiguration: $want: " bad.log || { cat bad.log; return 1; }
    done
}
# Where nobody confirms there is nothing to wait for: what is written has arrived.
to_stdout() { call std etag.event 1 --env WEIR_TO=- && expect_failures std "" && same "$(grep -c '"dataset":"aws.elb"' std.log)" 10 && grep -q '"lines":10,.*"sent":10,.*"connections_created":0,' std.log; }
check "a batch: gzip, plain, and a test file" batch
check "a direct event" direct
check "a receiver that has a name, looked up as in a static bootstrap" named
check "what is no access log is skipped" skipped
check "unless a setting says otherwise" not_skipped
check "a log that takes several invocations" in_folder
check "the state of another object counts for nothing" other_etag
check "a broken state counts for nothing" broken_state
check "a state that is larger than ours are counts for nothing" huge_state
check "lines go to stdout, which is the log's" to_stdout
check "bad settings are init errors" settings
wait $late
check "a receiver that is not there fails the message" refused

# ---- on S3 ----

need_rgw
B=$(bucket elb) || { not_ok "no bucket"; finish; }
on_s3() {
    sink s3
    s3 put "$B" "$classic" ten.log >/dev/null && s3 put "$B" "$alb" "store/weir-demo/$alb" >/dev/null || return 1
    python3 "$INTEG/event.py" "a=s3://$B/$classic" "b=s3://$B/$alb" >s3.event
    call s3 s3.event "$PORT" && expect_failures s3 "" && same "$(wc -l <s3/lines)" 10010 && no_object "$B" weir-state/
}
on_s3_goes_on() {
    sink s3slow --bad slow:4000000 --forever
    python3 "$INTEG/event.py" "b=s3://$B/$alb" >s3slow.event
    goes_on s3slow s3slow.event b s3slow offset_on_s3 && arrived s3slow
}
offset_on_s3() { s3 get "$B" "weir-state/$alb.json" state.json 2>/dev/null && sed -n 's/.*"offset":\([0-9]*\).*/\1/p' state.json; }
ids() { grep -o '"id":"[^"]*"' "$1" | sort; }
same_ids() {
    "$WEIR" elb-logs "s3://$B/$classic" "s3://$B/$alb" --to - >again 2>err || { cat err; return 1; }
    cmp <(ids again) <(ids s3/lines) && python3 "$INTEG/event.py" "a=s3://$B/$classic@$(md5sum <ten.log | cut -c 1-32)" >tied.event || return 1
    sink tied
    call tied tied.event "$PORT" && expect_failures tied "" && [ -s tied/lines ] && same "$(ids tied/lines | comm -23 - <(ids s3/lines) | wc -l)" 0
}
# Another object has the key by now: it has an event of its own.
replaced() {
    python3 "$INTEG/event.py" "a=s3://$B/$classic@0123456789abcdef0123456789abcdef" >replaced.event
    call replaced replaced.event 1 && expect_failures replaced "" && grep -q 'skipped: replaced since the event' replaced.log
}
# The state cannot be taken back: that costs duplicates, and is said.
kept_state() {
    printf '{"bucket":"%s","key":"%s","etag":"%s","offset":%d}\n' "$B" "$classic" "$(md5sum <ten.log | cut -c 1-32)" "$(head -n 1 ten.log | wc -c)" >kept.json
    s3 put "$B" "weir-state/$classic.json" kept.json >/dev/null || return 1
    sink kept
    proxy state "method=PUT;status=403"
    call kept_call tied.event "$PORT"
    expect_failures kept_call "" && same "$(wc -l <kept/lines)" 9 && grep -q 'the state cannot be written, so that' kept_call.log &&
        saw PUT weir-state
}
check "on S3" on_s3
check "what was replaced since the event is skipped" replaced
check "the command gives the ids of the function, with the ETag of the event or without" same_ids
check "a state that cannot be written is said, and is no failure" kept_state
check "on S3: gone on with" on_s3_goes_on
finish
