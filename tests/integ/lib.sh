# shellcheck shell=bash
# What the numbered scripts share; each begins with:  source "$(dirname "$0")/lib.sh"
#
# A script runs alone (BUILD=build tests/integ/20-radosgw.sh) or under run.sh, which starts one S3 server for all of them
# (RGW_DIR). It works in a folder of its own, prints `ok - name` or `not ok - name` for each case and ends with `finish`.
# Nothing waits by the clock: `until_true` polls a condition, with a bound. What a case has started, and has not ended, ends with it.

set -u
shopt -s nullglob
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
INTEG=$ROOT/tests/integ
SUPPORT=$ROOT/tests/support
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
WEIR=$BUILD/weir
SCHEMA=$BUILD/events.schema.json
SCRIPT=$(basename "$0" .sh)
T=$BUILD/integ/$SCRIPT
DATA=$BUILD/integ/data
FULL=${WEIR_FULL:-0}
FAILED=0
export INTEG SUPPORT WEIR SCHEMA T DATA FULL

# A sanitizer reserves terabytes and slows everything down: its builds get small inputs and no limit on memory.
if nm -a "$WEIR" 2>/dev/null | grep -q __asan_init; then ASAN=1; else ASAN=0; fi
export ASAN
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

[ -x "$WEIR" ] || { echo "not ok - $SCRIPT: no $WEIR: ./build.sh build"; exit 1; }
rm -rf "$T"
mkdir -p "$T" "$DATA"
cd "$T" || exit 1

# The caller's own AWS settings must not reach a test.
for v in $(compgen -e | grep -E '^(AWS_|WEIR_)' || true); do
    case $v in WEIR_FULL | WEIR_SCREENSHOT) ;; *) unset "$v" ;; esac
done
# Nor may a proxy: every server here is this machine's.
export no_proxy='*' NO_PROXY='*'
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null

OWN_RGW=
# end_jobs: all that this shell has started and that runs still; who does not end is killed. The kernel knows who they are: a number that
# was kept may be another program's by now.
end_jobs() {
    local pids=() tries=0
    while :; do
        if [ -e "/proc/$BASHPID/task/$BASHPID/children" ]; then
            read -r -a pids <"/proc/$BASHPID/task/$BASHPID/children"
        else
            mapfile -t pids < <(pgrep -P "$BASHPID")
        fi
        [ ${#pids[@]} -gt 0 ] || break
        tries=$((tries + 1))
        [ $tries -ne 1 ] || kill "${pids[@]}" 2>/dev/null
        [ $tries -ne 500 ] || kill -s KILL "${pids[@]}" 2>/dev/null
        sleep 0.02
    done
}
cleanup() {
    end_jobs
    [ -z "$OWN_RGW" ] || "$SUPPORT/radosgw.sh" stop "$OWN_RGW"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ok() { echo "ok - $SCRIPT: $*"; }
skip() { echo "ok - $SCRIPT: $1 # skip $2"; }
not_ok() {
    echo "not ok - $SCRIPT: $*"
    FAILED=$((FAILED + 1))
}

# check NAME COMMAND...: one case; its output is shown when it fails
check() {
    local name=$1 out
    shift
    if out=$(trap end_jobs EXIT; "$@" 2>&1); then
        ok "$name"
    else
        not_ok "$name"
        printf '%s\n' "$out" | tail -n 20 | sed 's/^/#   /'
    fi
}

# step NAME COMMAND...: check, in this shell: what it starts and sets stays
step() {
    local name=$1
    shift
    if "$@" >step.out 2>&1; then
        ok "$name"
    else
        not_ok "$name"
        tail -n 20 step.out | sed 's/^/#   /'
    fi
}

finish() { [ $FAILED -eq 0 ]; exit $?; }

# until_true SECONDS COMMAND...: polls; 1 when the bound is passed. SECONDS are those of a machine that has nothing else to do; a busy
# one has ten times as many.
until_true() {
    local end=$((SECONDS + 10 * $1))
    shift
    command -v "$1" >/dev/null || { fail "$1: no such command"; return; } # else false for ever
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt "$end" ] || return 1
        sleep 0.02
    done
}

# free_port: one for a server that cannot choose one
free_port() { python3 "$SUPPORT/ports.py"; }

same() { [ "$1" = "$2" ] || { printf 'got:      %s\nexpected: %s\n' "$1" "$2"; return 1; }; }
fail() { echo "$*"; return 1; }
gone() { # gone FILE...: none of them is there
    local f
    for f in "$@"; do [ ! -e "$f" ] || fail "$f is there" || return 1; done
}
# only FOLDER NAME...: the folder has exactly these files, at any depth
only() {
    local dir=$1
    shift
    [ -d "$dir" ] || fail "$dir is not there" || return 1
    same "$(cd "$dir" && find . -type f | sed 's|^\./||' | sort | paste -sd ' ')" "$(printf '%s\n' "$@" | sort | paste -sd ' ')"
}

# data NAME SIZE ARGS...: $DATA/NAME.csv and NAME.truth, made once per build, by the script that comes first
data() {
    local name=$1 size=$2 lock
    shift 2
    exec {lock}>"$DATA/$name.lock"
    flock "$lock"
    make_data "$name" "$size" "$@"
    exec {lock}>&-
}
make_data() {
    local name=$1 size=$2
    shift 2
    [ -e "$DATA/$name.csv" ] && return 0
    if ! "$WEIR" generate -o "$DATA/$name.tmp" --size "$size" --truth "$DATA/$name.truth" "$@" >"$DATA/$name.log" 2>&1; then
        not_ok "generate $name: $(tail -n 3 "$DATA/$name.log")"
        finish
    fi
    mv "$DATA/$name.tmp" "$DATA/$name.csv"
}

# documented DOC MARK TABLE: one case: the lines of DOC between `<!-- MARK -->` and `<!-- end of MARK -->` are those of the file TABLE. With
# UPDATE=1 they become so.
documented() {
    if [ "${UPDATE:-0}" = 1 ]; then
        awk -v begin="<!-- $2 -->" -v end="<!-- end of $2 -->" 'FNR == NR { table = table $0 "\n"; next }
            $0 == end { inside = 0 }
            !inside { print }
            $0 == begin { printf "%s", table; inside = 1 }' "$3" "$1" >doc.new && cp doc.new "$1"
    fi
    check "$(basename "$1") has the table of $2" diff <(sed -n "/^<!-- $2 -->\$/,/^<!-- end of $2 -->\$/p" "$1" | sed '1d;$d') "$3"
}

# status EXPECTED COMMAND...: runs it with stdout in ./out and stderr in ./err
status() {
    local want=$1 got
    shift
    "$@" >out 2>err </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "exit $got, expected $want: $*"; head -n 20 err; return 1; }
}

# invoke NAME EVENT-ARGS... [-- WEIR-INVOKE-ARGS...]: NAME.event, NAME.json (the response), NAME.log; weir's own exit status
invoke() {
    local name=$1 spec=() memory=(--memory 128)
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do spec+=("$1"); shift; done
    [ $# -eq 0 ] || shift
    [ $ASAN -eq 0 ] || memory=(--memory 10240)
    python3 "$INTEG/event.py" "${spec[@]}" >"$name.event"
    timeout -k 10 600 "$WEIR" invoke "$name.event" --handler validate "${memory[@]}" "$@" >"$name.json" 2>"$name.log" </dev/null
}

# failures NAME: the message ids in a response, in one line; status 1 where there is no response
failures() {
    python3 -c 'import json, sys; print(*[f["itemIdentifier"] for f in json.load(open(sys.argv[1]))["batchItemFailures"]])' "$1.json"
}

# expect_failures NAME "ID...": and when it is otherwise, the log. No response is not one without failures.
expect_failures() {
    local got
    if ! got=$(failures "$1") || ! same "$got" "$2"; then tail -n 15 "$1.log"; return 1; fi
}

check_output() { python3 "$INTEG/check_output.py" "$@"; }

# report NAME FIELD: a number of the REPORT line, e.g. "Max Memory Used"
report() { sed -n "s/^REPORT .*$2: \([0-9.]*\) .*/\1/p" "$1.log"; }

# sink NAME ARGS...: a scripted receiver; its port is in $PORT, what it read in NAME/lines
sink() {
    local name=$1
    shift
    rm -rf "$name"
    mkdir "$name"
    python3 "$SUPPORT/line_sink.py" "$name" "$@" >"$name/err" 2>&1 &
    until_true 20 test -s "$name/port" || { not_ok "the receiver $name does not start"; cat "$name/err"; finish; }
    # shellcheck disable=SC2034 # for who calls it
    PORT=$(cat "$name/port")
}

# ---- S3 ----

s3() { python3 "$INTEG/s3.py" "$@"; }

need_rgw() {
    if [ -z "${RGW_DIR:-}" ]; then
        RGW_DIR=$T/rgw
        OWN_RGW=$RGW_DIR
        "$SUPPORT/radosgw.sh" start "$RGW_DIR" || { not_ok "radosgw does not start"; finish; }
    fi
    export RGW_DIR
    # shellcheck source=/dev/null
    source "$RGW_DIR/env"
    RGW_URL=$AWS_ENDPOINT_URL_S3
    RGW_LOG=$RGW_DIR/log/rgw.err
    export RGW_LOG
}

# bucket NAME: a new bucket, its name made of the script's and the process id; printed
bucket() {
    local name
    name=$(echo "weir-$1-$SCRIPT-$$" | tr '[:upper:]_' '[:lower:]-')
    s3 mb "$name" && echo "$name"
}

# no_object BUCKET PREFIX; no_uploads BUCKET. Of a bucket that cannot be listed nothing is known.
no_object() {
    local there
    there=$(s3 ls "$1" "$2") || return 1
    [ -z "$there" ] || fail "there is output: $there"
}
no_uploads() {
    local open
    open=$(s3 uploads "$1") && same "$open" ""
}

# proxy NAME RULE...: a fault proxy before the server, on $PROXY_PORT where that is set; weir then talks to it, s3 to the server itself.
# proxy_end: back again.
proxy() {
    local name=$1 rules=()
    shift
    while [ $# -gt 0 ]; do rules+=(--rule "$1"); shift; done
    rm -rf "proxy-$name"
    mkdir "proxy-$name"
    python3 "$SUPPORT/fault_proxy.py" --upstream "${RGW_URL#http://}" --dir "proxy-$name" --port "${PROXY_PORT:-0}" "${rules[@]}" 2>"proxy-$name/err" &
    PROXY_PID=$!
    until_true 20 test -s "proxy-$name/port" || { not_ok "the proxy does not start"; cat "proxy-$name/err"; finish; }
    PROXY_LOG=proxy-$name/requests.log
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat "proxy-$name/port")
}
proxy_end() {
    kill "$PROXY_PID" 2>/dev/null
    wait "$PROXY_PID" 2>/dev/null
    export AWS_ENDPOINT_URL_S3=$RGW_URL
}
# saw METHOD TEXT: such a request went through the proxy
saw() { grep "\"method\": \"$1\"" "$PROXY_LOG" | grep -q -- "$2" || { echo "no $1 with $2 in:"; tail -n 20 "$PROXY_LOG"; return 1; }; }
