#!/bin/bash
# weir local, end to end with curl: forms, uploads, dropped files, the queue, the dead-letter queue; and whatever is
# killed, nothing is lost and nothing is taken for done that is not.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

size=150MB
[ $ASAN -eq 0 ] || size=12MB
data local "$size" --shape seed --invalid 1% --seed 7
BIG=$DATA/local.csv
memory=(--memory 128)
[ $ASAN -eq 0 ] || memory=(--memory 0)

# local_up NAME ARGS...: a service in ./NAME.d; its log is NAME.log, LOCAL_PID and URL are set
local_up() {
    local name=$1
    shift
    : >"$name.log"
    "$WEIR" local --root "$T/$name.d" --listen 127.0.0.1:0 "${memory[@]}" --visibility-s 0.5 "$@" 2>"$name.log" </dev/null &
    LOCAL_PID=$!
    ROOT_DIR=$T/$name.d
    IN=$ROOT_DIR/weir/uploads
    OUT=$ROOT_DIR/weir/validations
    LOG=$T/$name.log
    if ! until_true 30 grep -q 'http://127' "$name.log"; then
        not_ok "weir local does not start: $(head -n 3 "$name.log")"
        finish
    fi
    URL=$(sed -n 's|.*\(http://127.0.0.1:[0-9]*\)/.*|\1|p' "$name.log" | head -n 1)
}
local_down() { # local_down [SIGNAL]: its exit status
    kill "-${1:-TERM}" "$LOCAL_PID" 2>/dev/null
    wait "$LOCAL_PID" 2>/dev/null
}
get() { curl -sS --max-time 60 "$URL$1"; }
post() { curl -sS --max-time 60 -X POST "$URL$1"; }
form() { curl -sS --max-time 60 -X POST "$URL/batch/generate-presigned-url" -o "$1"; }
upload() { python3 "$INTEG/form.py" upload "$@"; }
# field EXPRESSION: of the status, as Python sees it in s
field() { get /status.json | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
is() { [ "$(field "$1")" = "$2" ]; }
# validated KEY: counted and in the list
validated() { is "[v['state'] for v in s['validated'] if v['key'] == '$1']" "['counted']"; }
await() { until_true "$@" || { echo "not within $1 s: ${*:2}"; tail -n 15 "$LOG"; get /status.json; return 1; }; }
idle() { is "(s['queue']['ready'], s['queue']['delayed'], s['queue']['inFlight'])" "(0, 0, 0)"; }

# ---- the whole way ----

whole_way() {
    form form.json &&
        same "$(python3 -c "import json; f = json.load(open('form.json')); print(f['message'], sorted(f['data']))")" \
            "presigned POST URL generated ['fields', 'url']" &&
        same "$(upload form.json "$BIG")" 204 || return 1
    key=$(python3 -c "import json; print(json.load(open('form.json'))['data']['fields']['key'])")
    cmp "$BIG" "$ROOT_DIR/weir/$key" && await 120 validated "$key" || return 1
    stem=${key#uploads/}
    check_output "$BIG" "$OUT/$stem.gz" --truth "${BIG%.csv}.truth"
}
counts_are_right() {
    local rows invalid
    rows=$(field "s['validated'][0]['rows']")
    invalid=$(field "s['validated'][0]['invalid']")
    same "$invalid" "$(wc -l <"${BIG%.csv}.truth")" && same "$rows" "$(($(field "s['validated'][0]['valid']") + invalid))" &&
        same "$(field "[e['row'] for e in s['validated'][0]['errors']]")" "$(head -n 5 "${BIG%.csv}.truth" | python3 -c 'import sys; print([int(x) for x in sys.stdin])')"
}
memory_is_constant() {
    local kib
    kib=$(awk '/VmHWM/ { print $2 }' "/proc/$LOCAL_PID/status")
    [ "$kib" -lt 40000 ] || fail "weir local took $kib KiB"
}
download() { # the list's files, and no others
    curl -sS --max-time 60 -o got.gz "$URL/weir/validations/$stem.gz" && cmp got.gz "$OUT/$stem.gz" || return 1
    local p
    for p in /weir/uploads/x /weir/../.weir/key /weir/validations/../../.weir/key /weir/%2e%2e/.weir/key /etc/passwd; do
        same "$(curl -sS --path-as-is --max-time 60 -o /dev/null -w '%{http_code}' "$URL$p")" 404 || return 1
    done
}

local_up a
step "a form by curl, $size through it, and the validated object is there" whole_way
step "the page's counts and first errors are those of the file" counts_are_right
[ $ASAN -ne 0 ] || step "weir local takes under 40 MB for it" memory_is_constant
step "a validated file can be fetched, and nothing else" download

dropped() {
    mkdir -p "$IN/a b"
    printf 'id\n1\n' >"$IN/a b/+%&.csv" && await 30 validated 'uploads/a b/+%&.csv' && [ -s "$OUT/a b/+%&.csv.gz" ]
}
step "a file that is dropped under uploads/ is validated, whatever its name" dropped

once() {
    local n
    n=$(grep -c 'again.csv: begun' "$LOG")
    same "$n" 0 && printf 'id\n1\n' >"$IN/again.csv" && await 30 validated uploads/again.csv || return 1
    # From where it does not look: what stands there for a moment is a file like others.
    printf 'id\n1\n2\n' >"$ROOT_DIR/again.csv.new" && mv "$ROOT_DIR/again.csv.new" "$IN/again.csv" || return 1
    await 30 is "[v['rows'] for v in s['validated'] if v['key'] == 'uploads/again.csv']" "[2]" || return 1
    same "$(grep -c 'again.csv: begun' "$LOG")" 2
}
step "a file is announced once, and again when it is another one" once

in_progress() {
    exec 9>"$IN/slow.csv"
    printf 'id\n1\n' >&9
    printf 'id\n1\n' >"$IN/quick.csv"
    await 30 validated uploads/quick.csv || return 1
    ! grep -q 'slow.csv' "$LOG" || fail "announced while somebody writes it" || return 1
    printf '2\n3\n' >&9
    exec 9>&-
    await 30 is "[v['rows'] for v in s['validated'] if v['key'] == 'uploads/slow.csv']" "[3]" &&
        same "$(grep -c 'slow.csv: begun' "$LOG")" 1
}
step "a file that is still being written waits until it is closed" in_progress

# ---- the dead-letter queue ----

poisoned() {
    printf 'id\n"never closed\n' >"$IN/poison.csv"
    await 60 is "s['queue']['dead']" 1 || return 1
    same "$(get /dlq | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(len(d), d[0]["receiveCount"], json.loads(d[0]["body"])["Records"][0]["s3"]["object"]["key"], sorted(d[0]), d[0]["error"])')" \
        "1 3 uploads/poison.csv ['body', 'error', 'messageId', 'receiveCount'] failed: Function.BadData: csv: the quote that opens in line 2 is never closed" && same "$(grep -c 'poison.csv: begun' "$LOG")" 3
}
redrive() {
    local id
    id=$(get /dlq | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["messageId"])')
    same "$(curl -sS -o /dev/null -w '%{http_code}' -X POST "$URL/dlq/redrive?messageId=nothing")" 404 || return 1
    printf 'id\n1\n' >"$IN/poison.csv" # mended; this is a version of its own, too
    same "$(post "/dlq/redrive?messageId=$id")" '{"redriven":1}' && await 60 validated uploads/poison.csv &&
        await 30 idle && same "$(get /dlq)" '[]' && same "$(post /dlq/redrive)" '{"redriven":0}'
}
step "a poisoned file is in the dead-letter queue after 3 receives" poisoned
step "a redrive sends it back" redrive

# ---- what must not be ----

small=small.csv # one row
printf 'id\n1\n' >"$small"
no_hidden() { [ -z "$(find "$ROOT_DIR/weir" -name '.weir-*')" ]; }
refused() { # refused EXPECTED-STATUS CODE FORM CHANGES...
    local want=$1 code=$2 f=$3 before
    shift 3
    before=$(find "$IN" -type f | wc -l) # not of all: what came before may be in work still
    same "$(upload "$f" "$small" "$@")" "$want" && { grep -q "<Code>$code</Code>" upload.body || fail "$(cat upload.body)"; } &&
        same "$(find "$IN" -type f | wc -l)" "$before" && until_true 30 no_hidden
}
altered() {
    form form.json || return 1
    local f
    for f in key Content-Type bucket Policy X-Amz-Signature X-Amz-Algorithm X-Amz-Credential X-Amz-Date; do
        same "$(upload form.json "$small" "set:$f=other")" "$(python3 -c "print(400 if '$f' in ('X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date') else 403)")" || { echo "$f"; return 1; }
        upload form.json "$small" "drop:$f" >status || return 1
        # A bucket that is not named is that of the URL.
        case $f:$(cat status) in bucket:204 | *:4??) ;; *) fail "without $f: $(cat status)"; return 1 ;; esac
    done
    refused 403 AccessDenied form.json add:acl=public-read && refused 400 InvalidArgument form.json add:key=uploads/x.csv
}
signed() {
    local sign=(python3 "$INTEG/form.py" sign "$ROOT_DIR" "$URL/weir")
    "${sign[@]}" expires=-1 >f && refused 403 AccessDenied f || return 1
    grep -q 'Policy expired' upload.body || fail "$(cat upload.body)" || return 1
    "${sign[@]}" max=4 >f && refused 400 EntityTooLarge f || return 1
    "${sign[@]}" min=400 >f && refused 400 EntityTooSmall f || return 1
    python3 "$INTEG/form.py" sign "$ROOT_DIR" "$URL/other" >f && same "$(upload f "$small")" 404 || return 1
    "${sign[@]}" status=201 key=uploads/s201.csv >f && same "$(upload f "$small")" 201 && grep -q '<Key>uploads/s201.csv</Key>' upload.body || return 1
    "${sign[@]}" status=200 key=uploads/s200.csv >f && same "$(upload f "$small")" 200 || return 1
    # shellcheck disable=SC2016
    "${sign[@]}" 'key=uploads/${filename}' >f && same "$(upload f "$small" 'filename:..\x\named.csv')" 204 && [ -e "$IN/named.csv" ]
}
escapes() {
    local sign=(python3 "$INTEG/form.py" sign "$ROOT_DIR" "$URL/weir") k
    for k in ../escape.csv uploads/../../escape.csv /escape.csv uploads//../escape.csv ../.weir/queue; do
        "${sign[@]}" "key=$k" >f && same "$(upload f "$small")" 204 || return 1
    done
    [ -z "$(find "$T" -name escape.csv -not -path "$ROOT_DIR/weir/*")" ] || fail "$(find "$T" -name escape.csv)"
}
step "each altered field of a form is refused with a 4xx" altered
step "expired, too large, too small, another bucket: refused; 200, 201, \${filename} as S3 does" signed
step "no key leads out of the bucket's folder" escapes

cut_off() {
    form form.json && python3 "$INTEG/form.py" cut form.json "$BIG" 5000000 || return 1
    until_true 20 no_hidden || { find "$ROOT_DIR" -name '.weir-*'; return 1; }
    [ ! -e "$ROOT_DIR/weir/$(python3 -c "import json; print(json.load(open('form.json'))['data']['fields']['key'])")" ]
}
step "an upload that is cut off leaves nothing" cut_off

in_pieces() {
    form form.json && same "$(python3 "$INTEG/form.py" pieces form.json "$small")" 204 || return 1
    cmp "$small" "$ROOT_DIR/weir/$(python3 -c "import json; print(json.load(open('form.json'))['data']['fields']['key'])")"
}
step "a form is the same in whatever pieces it comes" in_pieces

code() { curl -sS --max-time 60 -o /dev/null -w '%{http_code}' "$@"; }
strangers() {
    same "$(code -H 'Host: evil.example' "$URL/status.json")" 403 && same "$(code -H 'Host: localhost:1' "$URL/status.json")" 200 &&
        same "$(code -X POST -H 'Origin: http://evil.example' "$URL/dlq/redrive")" 403 && same "$(code -X POST -H 'Origin: null' "$URL/dlq/redrive")" 403 &&
        same "$(code -X POST -H 'Sec-Fetch-Site: cross-site' "$URL/dlq/redrive")" 403 && same "$(code -X POST -H "Origin: $URL" "$URL/dlq/redrive")" 200 &&
        same "$(code "$URL/nothing")" 404 && same "$(code -X DELETE "$URL/dlq")" 405 && same "$(code -X POST "$URL/weir")" 400 &&
        same "$(code -I "$URL/")" 200
}
step "the pages of others cannot drive it; what is not there is a 404" strangers
malformed() { # what is no form, or one that S3 would not take, is said as S3 says it
    local got
    answers() { # answers CODE CURL-ARGS...
        got=$(curl -sS --max-time 60 -o body -w '%{http_code}' -X POST "${@:2}" "$URL/weir")
        same "$got" 400 && { grep -q "<Code>$1</Code>" body || fail "$(cat body)"; }
    }
    head -c 20480 /dev/zero | tr '\0' a >long
    printf 'a\0b' >nul
    answers InvalidArgument -H 'Content-Type: multipart/form-data; boundary=xyz' --data-binary 'no part of anything' &&
        answers MalformedPOSTRequest -H 'Content-Type: multipart/form-data; boundary=xyz' --data-binary $'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1' &&
        answers InvalidArgument -F a=b && answers MaxPostPreDataLengthExceeded -F 'a=<long' -F 'b=<long' -F 'c=<long' -F "file=@$small" &&
        answers InvalidArgument -F 'a=<nul' -F "file=@$small" && until_true 30 no_hidden # what came before may be in work still
}
step "what is no form is a 400, with the name that S3 gives it" malformed

# The deployed handler's own answers and settings.
forms() {
    printf '{}\0' >nul
    head -c 65537 /dev/zero | tr '\0' ' ' >long
    same "$(code -X POST --data-binary @nul "$URL/batch/generate-presigned-url")" 400 && same "$(code -X POST --data-binary @long "$URL/batch/generate-presigned-url")" 413 &&
        head -c 65536 long >full && same "$(code -X POST --data-binary @full "$URL/batch/generate-presigned-url")" 201 || return 1
    same "$(code -X POST -d '[]' "$URL/batch/generate-presigned-url")" 400 && same "$(code -X POST -d '{"any":1}' "$URL/batch/generate-presigned-url")" 201 &&
        same "$(code "$URL/batch/generate-presigned-url")" 405 || return 1
    curl -sS -X POST -H 'Host: localhost:1234' "$URL/batch/generate-presigned-url" -o f &&
        same "$(python3 -c "import json; print(json.load(open('f'))['data']['url'])")" http://localhost:1234/weir
}
step "forms are the presign handler's, and go to where they were asked for" forms

second() { status 2 timeout 300 "$WEIR" local --root "$ROOT_DIR" --listen 127.0.0.1:0 && grep -q 'another weir local runs there' err; }
step "a second one in the same folder is told off" second

stops() { local_down TERM; same $? 143; }
await 30 idle >/dev/null
step "SIGTERM ends it with 143" stops
local_up a
restarted() { # what comes then is done after all that was found before it
    printf 'id\n1\n' >"$IN/fresh.csv" && await 30 validated uploads/fresh.csv && same "$(grep -c ': begun' "$LOG")" 1
}
step "after a restart nothing is announced again" restarted
stops_int() { local_down INT; same $? 130; }
step "SIGINT ends it with 130" stops_int

# ---- kills ----

bootstrap_of() { pgrep -P "$LOCAL_PID"; }
# It has begun to write its output, and stands still.
in_mid_file() { grep -q '^State:.T' "/proc/$1/status" && [ -n "$(find "$ROOT_DIR/weir" -maxdepth 1 -name '.weir-*' -size +0)" ]; }
killed_bootstrap() {
    local pid
    data local-kill 24MB --shape var --invalid 1% --seed 7 # its output comes all along: seed's is a block or two
    await 30 is "s['function']['state']" idle && pid=$(bootstrap_of) || return 1
    cp "$DATA/local-kill.csv" "$ROOT_DIR/kill.csv" && : >stop && mv "$ROOT_DIR/kill.csv" "$IN/kill.csv" || return 1
    until_true 60 in_mid_file "$pid" || fail "it was not seen in mid-file" || return 1
    kill -9 "$pid" || return 1
    await 60 grep -q 'killed by signal 9' "$LOG" && await 120 validated uploads/kill.csv || return 1
    same "$(grep -c "kill.csv: begun" "$LOG")" 2 && same "$(field "s['queue']['dead']")" 0 &&
        check_output "$DATA/local-kill.csv" "$OUT/kill.csv.gz" --truth "$DATA/local-kill.truth"
}
check "what stops in the middle of its output compiles" "${CC:-gcc}" -O1 -fPIC -shared -o stop_write.so "$ROOT/tests/preload/stop_write.c"
# ASan wants to be the first library; this one hands on to it. That is gcc's, which is a library: a bootstrap that has a write of its own
# in it, as one linked statically has or one with clang's ASan, would never come here.
local_up b --env LD_PRELOAD="$T/stop_write.so" --env STOP_WRITE="$T/stop" --env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
step "a kill -9 of the bootstrap in mid-file is delivered again and ends right" killed_bootstrap
local_down KILL

# gate ARGS...: a service in c.d whose bootstrap waits for files in ./gate
gate() {
    rm -rf gate
    mkdir gate
    local_up c --bootstrap "$INTEG/gate_bootstrap.py" --env "WEIR_GATE=$T/gate" --memory 0 "$@"
    await 30 test -s gate/started
}
# With the real one everything that is left is done, once more and no more.
recovers() { # recovers KEY RECEIVES-BEFORE
    local_up c
    await 60 validated "uploads/$1" && await 30 idle && same "$(field "s['queue']['dead']")" 0 || return 1
    if [ "$2" -gt 0 ]; then grep -q "$1: begun, for the" "$LOG" || fail "its receives were not counted"; fi
    local rc=$?
    local_down TERM
    return "$rc"
}
queued() {
    gate && printf 'id\n1\n' >"$IN/q1.csv" && await 30 is "s['queue']['ready']" 1 || return 1
    local_down KILL
    recovers q1.csv 0
}
in_flight() {
    gate && touch gate/ask && printf 'id\n1\n' >"$IN/q2.csv" && await 30 test -s gate/event || return 1
    local_down KILL
    until_true 10 gone "/proc/$(cat gate/started)" || fail "the bootstrap outlives weir local" || return 1
    recovers q2.csv 1
}
done_not_deleted() {
    gate && touch gate/ask && printf 'id\n1\n' >"$IN/q3.csv" && await 30 test -s gate/event || return 1
    mkdir -p "$OUT" && printf 'half' >"$OUT/q3.csv.gz" # what it has written, and not yet said
    local_down KILL
    recovers q3.csv 1 && same "$(zcat "$OUT/q3.csv.gz" | head -n 1)" "id,valid,errors"
}
while_down() {
    printf 'id\n1\n' >"$IN/q4.csv"
    : >"$ROOT_DIR/weir/.weir-left-by-a-kill"
    printf '01234567 {"half' >>"$ROOT_DIR/.weir/queue"
    recovers q4.csv 0 && gone "$ROOT_DIR/weir/.weir-left-by-a-kill" && grep -q 'last record had not been written whole; it is dropped' "$LOG"
}
step "kill -9 of weir local: a message that waits is not lost" queued
step "kill -9 of weir local: a message in flight comes again, its receive counted, and the function ends with it" in_flight
step "kill -9 of weir local: one that was done and not deleted is done again, in full" done_not_deleted
step "a file that came while it was down is found; what a kill left half-written is removed" while_down

# ---- answers, batches, rebuilt bootstraps ----

bad_answer() { # an answer that cannot be read fails the batch, an empty list is success
    gate && printf '{"batchItemFailures":[{"itemIdentifier":"other"}]}' >gate/response && touch gate/ask gate/answer
    printf 'id\n1\n' >"$IN/r1.csv"
    await 60 is "s['queue']['dead']" 1 || return 1
    same "$(python3 -c "
import json
r = json.load(open('gate/event'))['Records'][0]
print(r['attributes']['ApproximateReceiveCount'], r['eventSource'], json.loads(r['body'])['Records'][0]['eventName'])")" "3 aws:sqs ObjectCreated:Put" || return 1
    printf '{"batchItemFailures":[]}' >gate/response
    post /dlq/redrive >/dev/null && await 30 is "s['queue']['dead']" 0 && await 30 idle
}
step "an answer that names no message of the batch fails it all; an empty list is success" bad_answer
local_down TERM
failing() { # what failed so often is dead, and can be sent back to a function that works
    printf 'id\n1\n' >"$IN/$1"
    await 60 is "s['queue']['dead']" 1 && same "$(grep -c "$2" "$LOG")" 3 || return 1
    touch gate/ask gate/answer
    rm -f gate/error
    post /dlq/redrive >/dev/null && await 60 is "s['queue']['dead']" 0 && await 30 idle
}
returns_error() { gate && echo '{"errorType":"E","errorMessage":"no"}' >gate/error && touch gate/ask gate/answer && failing f1.csv 'the function returned an error'; }
step "a function that says that it failed is asked again" returns_error
local_down TERM
too_long() { gate --timeout 1 && touch gate/ask && failing f2.csv 'Task timed out after 1.00 seconds' && [ "$(field "s['function']['starts']")" -ge 4 ]; }
step "one that takes too long is ended, and started again" too_long
local_down TERM

batch() {
    local i
    for i in 1 2 3 4; do printf 'id\n1\n' >"d/weir/uploads/$i.csv"; done
    printf 'id\n"' >d/weir/uploads/3.csv
    mv d e.d
    local_up e --batch 10
    await 60 is "s['queue']['dead']" 1 && await 30 idle || return 1
    for i in 1 2 4; do validated "uploads/$i.csv" && same "$(grep -c "/$i.csv: begun" "$LOG")" 1 || return 1; done
    gone "$OUT/3.csv.gz" && same "$(grep -c ' START\|^INFO.*/1.csv to' "$LOG")" 1
}
mkdir -p d/weir/uploads
step "in a batch the poisoned message fails alone" batch
local_down TERM

rebuilt() {
    cp "$BUILD/bootstrap" boot && cp "$BUILD/events.schema.json" .
    local_up w --bootstrap "$T/boot" --watch
    await 30 is "s['function']['state']" idle && cp "$BUILD/bootstrap" boot.new && mv boot.new boot || return 1
    await 30 is "s['function']['starts']" 2 && printf 'id\n1\n' >"$IN/a.csv" && await 30 validated uploads/a.csv || return 1
    # From a machine whose clock is ahead, or before ours went back
    cp "$BUILD/bootstrap" boot.new && touch -d '1 hour' boot.new && mv boot.new boot && await 30 is "s['function']['starts']" 3
}
step "--watch: a bootstrap that is rebuilt is started again" rebuilt
local_down TERM

settings() {
    local_up s --env WEIR_UPLOAD_MAX_BYTES=3 --env WEIR_UPLOAD_EXPIRES_S=60
    form form.json && refused 400 EntityTooLarge form.json && printf 'id' >two.csv && same "$(upload form.json two.csv)" 204
}
step "--env reaches the forms" settings
local_down TERM

receives() {
    local_up r --receives 2
    printf 'id\n1,"never closed\n' >"$IN/bad.csv"
    until_true 30 grep -q 'bad.csv: failed 2 times: to the dead-letter queue$' "$LOG" &&
        same "$(get /dlq | python3 -c 'import json, sys; print(*[m["receiveCount"] for m in json.load(sys.stdin)])')" 2
}
step "--receives: so often, and then it is dead" receives
local_down TERM

several() {
    local_up n --env AWS_LAMBDA_MAX_CONCURRENCY=4
    printf 'id\n1\n' >"$IN/a.csv" && await 30 validated uploads/a.csv && printf 'id\n1\n' >"$IN/b.csv" && await 30 validated uploads/b.csv &&
        same "$(field "s['function']['starts']")" 1 && ! grep ERROR "$LOG"
}
step "a function with several workers gets its batches" several
local_down TERM

wrong_use() {
    status 2 "$WEIR" local && status 2 "$WEIR" local --root x --listen nonsense && status 2 "$WEIR" local --root x --bootstrap nothing &&
        status 2 "$WEIR" local --root x --bucket ../y && status 2 "$WEIR" local --root x --env NONSENSE && status 2 "$WEIR" local --root "$small/x" && status 2 "$WEIR" local --root x --listen 192.0.2.1:1 &&
        grep -q '^weir: local: --listen 192.0.2.1:1: ' err && status 2 timeout 60 "$WEIR" local --root x --listen 127.0.0.1:0 --handler nonsense &&
        same "$(tail -n 1 err | cut -c 1-75)" "weir: local: the function cannot start: _HANDLER is unknown: nonsense; the " && status 0 "$WEIR" local --help
}
step "wrong usage is a 2 with one line" wrong_use
others() { # a folder for secrets that somebody else has laid there, and would read or lead elsewhere
    mkdir -p linked open elsewhere && ln -s "$T/elsewhere" linked/.weir && mkdir -m 0777 open/.weir || return 1
    local root
    for root in linked open; do
        status 2 "$WEIR" local --root "$root" --listen 127.0.0.1:0 && grep -q "/.weir: must be a folder of your own" err || return 1
    done
    only elsewhere && only open/.weir
}
step "a .weir of somebody else's is refused" others

sanitized() { ! grep -lE 'ERROR: (Address|Leak|Undefined)|runtime error:' "$T"/*.log; }
step "no sanitizer has found anything" sanitized
finish
