#!/bin/bash
# Does the archive handler put a program's output, or objects, into an archive on S3, tell what is in it, and on any failure
# answer with an error and leave nothing? On a folder as the store and on a real server.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"
EVENTS=$ROOT/events
mkdir -p store/weir-demo/uploads store/weir-demo/logs task
printf 'a,b\n1,2\n' >store/weir-demo/uploads/events.csv
for i in 01 02 03; do seq 1 "$i"000 >"store/weir-demo/logs/2026-11-$i"; done
echo no >store/weir-demo/logs/2026-10-01
cat >task/report <<'S'
#!/bin/sh
echo "$REPORT_TITLE $2 $(wc -l)"
seq 1 "$2"
S
printf '#!/bin/sh\nhead -c 20000000 /dev/urandom\necho "cannot go on" >&2\nexit 3\n' >task/fails
printf '#!/bin/sh\nenv\n' >task/env
printf '#!/bin/sh\ncat\n' >task/cat
printf '#!/bin/sh\ntr "\\0" "\\n" <"/proc/$PPID/environ"\nhead -c 9 "/proc/$PPID/maps"\necho done\n' >task/spies
printf '#!/bin/sh\nhead -c 20000000 /dev/urandom\nexec sleep 300\n' >task/hangs
chmod +x task/*
PROGRAMS='{"report":"report","fails":"fails","cat":"cat","hangs":"hangs","spies":"spies","env":"env","env-keys":{"path":"env","credentials":true}}'

# run_event NAME EVENT-JSON [WEIR-INVOKE-ARGS...]: NAME.json and NAME.log; weir's status
run_event() {
    local name=$1 memory=(--memory 128)
    printf '%s' "$2" >"$name.event"
    shift 2
    [ "$ASAN" -eq 0 ] || memory=(--memory 10240)
    timeout -k 10 120 "$WEIR" invoke "$name.event" --handler archive "${memory[@]}" --env "LAMBDA_TASK_ROOT=$T/task" \
        --env "WEIR_PROGRAMS=$PROGRAMS" "$@" >"$name.json" 2>"$name.log" </dev/null
}
field() { python3 -c 'import json, sys; v = json.load(open(sys.argv[1]))
for k in sys.argv[2:]: v = v[int(k)] if isinstance(v, list) else v[k]
print(v)' "$@"; }
names() { python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(*z.namelist())' "$1"; }
content() { python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$1" "$2"; }

# ---- on a folder: the events of events/ as they are ----

export AWS_ENDPOINT_URL_S3=file://$T/store
program() {
    run_event program "$(cat "$EVENTS/archive-program.json")" || { tail -n 5 program.log; cat program.json; return 1; }
    local zip=store/weir-demo/archives/report.zip
    same "$(names "$zip")" report.txt && content "$zip" report.txt | cmp - <(echo "nightly 1000 2"; seq 1 1000) &&
        same "$(field program.json exit)" 0 && same "$(field program.json bytes)" "$(stat -c %s "$zip")" &&
        same "$(field program.json entries 0 name)" report.txt && same "$(field program.json bucket)/$(field program.json key)" weir-demo/archives/report.zip &&
        same "$(field program.json entries 0 crc32)" "$(content "$zip" report.txt | python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(sys.stdin.buffer.read()))')"
}
check "a program's output with arguments, environment and stdin" program
objects() {
    run_event objects "$(cat "$EVENTS/archive-objects.json")" || { tail -n 5 objects.log; cat objects.json; return 1; }
    same "$(names store/weir-demo/archives/day.zip)" "uploads/events.csv again/events.csv 2026-11-01 2026-11-02 2026-11-03" &&
        content store/weir-demo/archives/day.zip 2026-11-03 | cmp - <(seq 1 3000) && same "$(field objects.json entries 4 bytes)" "$(seq 1 3000 | wc -c)"
}
check "objects by key and by prefix" objects
plain_bytes() { unzip -l store/weir-demo/archives/day.zip | awk 'END { print $1 }'; }
check "what it did is in the log and in its metrics" bash -c 'grep -q "^INFO .* archive s3://weir-demo/archives/day.zip {\"entries\":5," "$1" &&
    python3 "$INTEG/log_check.py" "$1" entries=5 bytes="$2" bytes_out="$3" retries=0' _ objects.log "$(plain_bytes)" "$(stat -c %s store/weir-demo/archives/day.zip)"
gzipped() { run_event gz '{"program":"report","args":["",  "5"],"bucket":"weir-demo","key":"r.gz","format":"gzip"}' && gzip -dc store/weir-demo/r.gz | tail -n 1 | cmp - <(echo 5); }
check "format gzip" gzipped
plain() { run_event none '{"program":"report","args":["","5"],"bucket":"weir-demo","key":"r.txt","format":"none"}' && tail -n 1 store/weir-demo/r.txt | cmp - <(echo 5); }
check "format none" plain
from_object() { run_event so '{"program":"cat","bucket":"weir-demo","key":"c","format":"none","stdin":{"key":"logs/2026-11-02"}}' && cmp store/weir-demo/c store/weir-demo/logs/2026-11-02; }
check "stdin from an object" from_object
secrets() {
    run_event e1 '{"program":"env","bucket":"weir-demo","key":"e1","format":"none"}' --env AWS_SECRET_ACCESS_KEY=sss &&
        run_event e2 '{"program":"env-keys","bucket":"weir-demo","key":"e2","format":"none"}' --env AWS_SECRET_ACCESS_KEY=sss || return 1
    grep -q '^PATH=' store/weir-demo/e1 && ! grep -q SECRET store/weir-demo/e1 && ! grep -q RUNTIME_API store/weir-demo/e1 && grep -q SECRET store/weir-demo/e2
}
check "credentials only for whom the configuration gives them" secrets
# As root it could read all there is, so this is done by somebody else, as on Lambda.
spied() {
    mkdir -p spied/weir-demo && chmod 777 spied/weir-demo && echo '{"program":"spies","bucket":"weir-demo","key":"s","format":"none"}' >spied.event
    "$@" env "AWS_ENDPOINT_URL_S3=file://$T/spied" "$WEIR" invoke spied.event --handler archive --memory 0 --env "LAMBDA_TASK_ROOT=$T/task" \
        --env "WEIR_PROGRAMS=$PROGRAMS" --env AWS_SECRET_ACCESS_KEY=sss >spied.json 2>spied.log </dev/null || { cat spied.json; return 1; }
    same "$(cat spied/weir-demo/s)" "done"
}
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if "${as[@]}" test -x "$BUILD/bootstrap" 2>/dev/null && "${as[@]}" test -x "$T/task/spies"; then
    check "a program reads neither the environment nor the memory of what started it" spied "${as[@]}"
else
    skip "a program reads neither the environment nor the memory of what started it" "no other user can be one here"
fi

# refused NAME TEXT EVENT: a function error whose body has the text, and no object
refused() {
    local name=$1 text=$2
    refused_run() {
        run_event bad "$1"
        same $? 1 && { grep -q -- "$text" bad.json || fail "$(cat bad.json)"; } && gone store/weir-demo/bad && same "$(find store -name '.weir-*')" ""
    }
    check "$name" refused_run "$3"
}
refused "a program that is not configured" "is not one of WEIR_PROGRAMS" '{"program":"/bin/sh","bucket":"weir-demo","key":"bad"}'
refused "a variable that loads code" "LD_PRELOAD" '{"program":"cat","bucket":"weir-demo","key":"bad","env":{"LD_PRELOAD":"x"}}'
refused "an entry that leads out" "an entry's name" '{"program":"cat","entry":"../x","bucket":"weir-demo","key":"bad"}'
refused "neither program nor entries" "either program or entries" '{"bucket":"weir-demo","key":"bad"}'
refused "no bucket" "bucket" '{"program":"cat","key":"bad"}'
refused "arguments that are no strings" "/args/1: must be a string" '{"program":"cat","args":["a",1],"bucket":"weir-demo","key":"bad"}'
refused "a flag that is no truth" "/require_output: must be true or false" '{"program":"cat","require_output":"yes","bucket":"weir-demo","key":"bad"}'
refused "no objects below the prefix" "no objects" '{"entries":[{"prefix":"none/"}],"bucket":"weir-demo","key":"bad"}'
# Long keys, and the prefix again and again: 66 MB of names, which nobody counts as objects.
long=$(printf 'k%.0s' {1..240})
long=$long/$long/$long/$long
mkdir -p "store/weir-demo/$long" && (cd "store/weir-demo/$long" && seq -f 'an-object-%05g' 1000 | xargs touch)
refused "objects whose names are too much memory" "names of more than 67108864 bytes" \
    "{\"entries\":[$(printf "{\"prefix\":\"$long/\"},%.0s" {1..70})\"x\"],\"bucket\":\"weir-demo\",\"key\":\"bad\"}"
rm -rf "store/weir-demo/${long%%/*}"
refused "an object that is not there" "404 NoSuchKey" '{"entries":["none"],"bucket":"weir-demo","key":"bad"}'
refused "a program that fails: its status and last words" "fails: exit status 3: cannot go on" '{"program":"fails","bucket":"weir-demo","key":"bad"}'
refused "its stdin is not there" "404 NoSuchKey" '{"program":"cat","stdin":{"key":"none"},"bucket":"weir-demo","key":"bad"}'

init_error() {
    ! PROGRAMS=$1 run_event init '{}' || return 1
    { grep -q -- "$2" init.log init.json || { cat init.log; return 1; }; }
}
check "a program outside of the task root is an init error" init_error '{"sh":"/bin/sh"}' "neither below the task root"
check "so is one that is not there" init_error '{"x":"none"}' "no such program"
ln -s /bin/ls task/link
check "and a link that leads out" init_error '{"x":"link"}' "neither below the task root"
check "and what is no JSON" init_error '{' "WEIR_PROGRAMS"

# ---- on a server ----

unset AWS_ENDPOINT_URL_S3
need_rgw
B=$(bucket archive-h)
# The deadline, with the most time to undo that there can be, two seconds; meanwhile the others run.
L=$(bucket archive-late)
(run_event late "{\"program\":\"hangs\",\"bucket\":\"$L\",\"key\":\"no.zip\"}" --timeout 20) &
late=$!
for i in 1 2 3; do s3 put "$B" "in/$i.txt" "store/weir-demo/logs/2026-11-0$i" >/dev/null; done
server() { run_event server "{\"bucket\":\"$B\",\"key\":\"all.zip\",\"entries\":{\"prefix\":\"in/\"}}" && s3 get "$B" all.zip all.zip && same "$(names all.zip)" "1.txt 2.txt 3.txt" && content all.zip 3.txt | cmp - <(seq 1 3000); }
check "objects below a prefix on a server" server
no_bucket() { run_event nb "{\"bucket\":\"$B\",\"key\":\"no.zip\",\"entries\":{\"bucket\":\"no-such-$B\",\"prefix\":\"in/\"}}"; same $? 1 && grep -q NoSuchBucket nb.json; }
check "a bucket that is not there" no_bucket
failing() {
    run_event failing "{\"program\":\"fails\",\"bucket\":\"$B\",\"key\":\"no.zip\"}"
    same $? 1 && grep -q "exit status 3" failing.json && grep -q "stderr: cannot go on" failing.log && no_object "$B" no.zip && no_uploads "$B"
}
check "a program that fails leaves no object and no upload" failing
ended() {
    tail -n 5 late.log
    cat late.json
    same "$1" 1 && grep -q '"hangs: .*deadline.*DeadlineExceeded' late.json && no_object "$L" no.zip && no_uploads "$L"
}
wait $late
check "nor does one that the deadline ends" ended $?
finish
