#!/bin/bash
# Is what a program prints published when it has ended well, all of it, and never otherwise; and is nothing left of it then: no
# object, no open upload, no file, no process? WEIR_FULL=1 runs the early exit 10,000 times.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw
B=$(bucket archive)

archive() { timeout -k 10 120 "$WEIR" archive -q "$@"; }
entry() { python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); sys.stdout.buffer.write(z.read(z.namelist()[0]))' "$1"; }

# ---- what ends well ----

well() {
    archive -o a.zip --entry my.data -- seq 1 100000 >out && entry a.zip | cmp - <(seq 1 100000) &&
        same "$(python3 -c 'import zipfile; print(*zipfile.ZipFile("a.zip").namelist())')" my.data && grep -q '"bytes_in":588895' out
}
check "a program's stdout becomes an entry" well
object() { archive -o "s3://$B/a.zip" --entry e -- seq 1 100000 >/dev/null && s3 get "$B" a.zip b.zip && entry b.zip | cmp - <(seq 1 100000); }
check "of an object, too" object
default_name() { archive -o name.zip -- echo x >/dev/null && same "$(python3 -c 'import zipfile; print(*zipfile.ZipFile("name.zip").namelist())')" name; }
check "an entry is named like the archive" default_name
formats() { archive -o f.gz -- seq 1 1000 >/dev/null && gzip -dc f.gz | cmp - <(seq 1 1000) && archive -o f --format none -- seq 1 1000 >/dev/null && cmp f <(seq 1 1000); }
check "gzip, and nothing around it" formats
feeds() { seq 1 300000 | archive -o - --format none -- sort -n 2>/dev/null | cmp - <(seq 1 300000); }
check "stdin goes to the program" feeds
# shellcheck disable=SC2016
arguments() { archive -o - --format none -- printf '%s|' 'a b' '$(id)' '*' ';exit' 2>/dev/null | cmp - <(printf 'a b|$(id)|*|;exit|'); }
check "arguments are data: there is no shell" arguments
secrets() {
    archive -o - --format none -- env >its-env 2>/dev/null && grep -q '^PATH=' its-env && ! grep -q SECRET its-env &&
        archive -o - --format none --credentials -- env 2>/dev/null | grep -q AWS_SECRET_ACCESS_KEY
}
check "credentials go on only when asked for" secrets
cat >twoMB.sh <<'S'
head -c 100000000 /dev/zero >&2
echo done
S
check "100 MB on stderr are read, and are no harm" status 0 archive -o s.zip -- sh twoMB.sh

# ---- the race: 129,068 bytes and an exit at once, while the processors are busy ----

seq 1 100000 | head -c 129068 >want
RUNS=60
[ "$ASAN" -eq 0 ] || RUNS=10
[ "$FULL" != 1 ] || RUNS=10000
race() {
    local load=() i rc=0
    for i in 1 2 3 4; do
        sh -c 'while :; do :; done' &
        load+=($!)
    done
    for ((i = 0; i < RUNS; i++)); do
        "$WEIR" archive -q -o - --format none -- cat want 2>race.err | cmp -s - want || { echo "run $i: $(cat race.err)"; rc=1; break; }
    done
    kill "${load[@]}"
    return "$rc"
}
check "a program that prints 129,068 bytes and exits, $RUNS times: all bytes, every time" race

# ---- the matrix: what fails, and that nothing is left ----

echo old >old
cp old kept.zip
left() {
    cmp -s kept.zip old || fail "kept.zip is another one"; cmp -s kept.zip old && same "$(find . -name '.weir-*')" "" && no_object "$B" x.zip && no_uploads "$B" &&
        same "$(pgrep -f "weir-left-$$" | paste -sd ' ')" ""
}
# fails NAME EXIT MESSAGE ARGS...: to a file and to an object
fails() {
    local name=$1 want=$2 message=$3
    shift 3
    fails_to() { status "$want" archive -o "$@" && same "$(wc -l <err)" 1 && { grep -q -- "^weir: archive: $message" err || fail "$(cat err)"; } && left; }
    check "$name, to a file" fails_to kept.zip "$@"
    check "$name, to an object" fails_to "s3://$B/x.zip" "$@"
}
BIG='head -c 20000000 /dev/urandom' # beyond one part: an upload is open when it fails
fails "exit 1" 3 "sh: exit status 1: sorry$" -- sh -c "$BIG; echo sorry >&2; exit 1"
fails "SIGKILL" 3 "sh: killed by signal 9 (Killed)$" -- sh -c "$BIG; kill -9 \$\$"
fails "no output where some is required" 3 "true: exit status 0, but no output" --require-output -- true
fails "stdout closed, then exit 3" 3 "sh: exit status 3" -- sh -c "$BIG; exec >&-; exit 3"
fails "a grandchild that holds stdout" 3 "bash: it exited, but a process it left behind" -- bash -c "$BIG; exec -a weir-left-$$ sleep 300 & exit 0"
fails "one that has left its session" 3 "bash: it exited, but a process it left behind" -- bash -c "$BIG; setsid bash -c 'exec -a weir-left-$$ sleep 300' & sleep 0.2; exit 0"
fails "the deadline" 3 "bash: ended after 1 s (--timeout)" --timeout 1 -- bash -c "$BIG; exec -a weir-left-$$ sleep 300"
fails "the deadline, SIGTERM ignored" 3 "bash: ended after 1 s (--timeout)" --timeout 1 -- bash -c "trap '' TERM; $BIG; exec -a weir-left-$$ sleep 300"
fails "a program that is not there" 2 "no-such-program: no such program" -- no-such-program
fails "a path that is not there" 2 "./none: cannot be started: no such file" -- ./none
fails "a name that leads out" 2 "zip: ../x: an entry's name" --entry ../x -- true
check "no PROGRAM is a 2" status 2 "$WEIR" archive -o x.zip
check "no OUT is a 2" status 2 "$WEIR" archive -- true

s3_fails() {
    status 3 archive -o "s3://$B/x.zip" -- bash -c "exec -a weir-left-$$ cat /dev/urandom" && same "$(wc -l <err)" 1 && left
}
proxy part-500 "method=PUT;query=partNumber=2;status=500"
check "S3 fails in mid-stream: the program is ended, the upload aborted" s3_fails
proxy_end
signalled() {
    local pid rc
    "$WEIR" archive -q -o "s3://$B/x.zip" -- bash -c "$BIG; exec -a weir-left-$$ sleep 300" 2>err &
    pid=$!
    open_upload() { [ -n "$(s3 uploads "$B")" ]; }
    until_true 60 open_upload || { kill -KILL "$pid"; echo "no upload was begun: $(cat err)"; return 1; }
    kill -TERM "$pid"
    wait "$pid"
    rc=$?
    same "$rc" 143 && left
}
check "SIGTERM: 143, the program is ended, the upload aborted" signalled

# A shell's exec makes its jobs children of weir's: what reads our stdout, as in > >(gzip >FILE), is one of them.
others() {
    # shellcheck disable=SC2016
    bash -c 'sleep 300 & echo $! >others.pid; exec "$0" archive -q -o o.zip -- true' "$WEIR" >/dev/null || return 1
    kill -TERM "$(cat others.pid)"
}
check "a process that weir did not start lives on" others
finish
