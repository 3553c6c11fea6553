#!/bin/bash
# The benchmarks' program: a bad setting is told at once, by its name; a checkout's path may have a space; who stops it finds nothing left.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

if [ "$ASAN" = 1 ]; then skip "bench" "a sanitized build"; finish; fi
top="$T/a b;c"
mkdir -p "$top/build/bench"
cp -r "$ROOT/bench" "$top/"
cp -r "$ROOT/handlers" "$top/"
ln -s "$WEIR" "$top/build/weir"
check "what measures compiles" "${CC:-gcc}" -O1 -o "$top/build/bench/measure" "$ROOT/bench/measure.c"
python=$(python3 -c "import sys; print(sys.executable)")
for v in $(compgen -e | grep '^BENCH_' || true); do unset "$v"; done
least=(env -u BUILD BENCH_PEERS=weir BENCH_PARTS=files BENCH_SHAPES=narrow BENCH_SIZE=1KB BENCH_RUNS=1)
bench() { "${least[@]}" "$@" "$python" "$top/bench/run.py"; }

# refused NAME VALUE: one line with the name and the value; nothing was begun
refused() {
    local said
    ! said=$(bench "$1=$2" 2>&1) || fail "$1=$2 is taken" || return 1
    [ "$(wc -l <<<"$said")" = 1 ] && [[ $said == "bench: $1: "*"${2##*,}"* ]] && gone "$top/build/bench/in.csv" && return 0
    fail "$said"
}
for bad in RUNS=foo RUNS= RUNS=0 RUNS=-3 RUNS=1.5 SMALL_RUNS=foo SMALL_RUNS=0 SIZE=foo SIZE= SIZE=0 SIZE=-1 SIZE=1QB LINEAR=foo LINEAR= \
    LINEAR=1MB,0 SHAPES=foo SHAPES= SHAPES=var,foo PEERS=foo PEERS= PARTS=foo PARTS=; do
    check "BENCH_$bad is refused" refused "BENCH_${bad%%=*}" "${bad#*=}"
done

runs() { bench "$@" >out 2>&1 || { cat out; return 1; }; }
small() { runs && grep -q '0 of [0-9]* invalid' out && python3 -m json.tool "$top/build/bench/results.json" >/dev/null; }
check "a small run, where the path has a space and a semicolon" small
check "sizes too small to tell a cost" runs BENCH_PARTS=linear BENCH_LINEAR=1KB

mkdir bin # a PATH without Node
ln -s "$(command -v bash)" bin/
no_node() { runs PATH="$PWD/bin" BENCH_PEERS=weir,node && { grep -qx 'node: skipped: no node' out || { cat out; return 1; }; }; }
check "Node that is not there is skipped" no_node

stopped() {
    local pid status
    "${least[@]}" BENCH_RUNS=9999 "$python" "$top/bench/run.py" >out 2>&1 &
    pid=$!
    until_true 20 grep -q '^  2 ' out || { cat out; return 1; }
    kill -s "$1" "$pid"
    wait "$pid"
    status=$?
    same "$status" "$2" && gone "$top/build/bench/in.csv" && ! grep -q Traceback out
}
check "SIGTERM ends it with nothing left" stopped TERM 143
check "and so does SIGHUP" stopped HUP 129

group() { find /sys/fs/cgroup -maxdepth 2 -name "weir-bench-$1" 2>/dev/null; }
in_group() { [ -n "$(group "$1")" ] && [ -n "$(cat "$(group "$1")/cgroup.procs")" ]; }
stopped_small() {
    local pid status
    "${least[@]}" BENCH_PARTS=small BENCH_SIZE=100MB BENCH_SMALL_RUNS=9999 "$python" "$top/bench/run.py" >out 2>&1 &
    pid=$!
    until_true 20 in_group "$pid" || { cat out; return 1; }
    kill -s TERM "$pid"
    wait "$pid"
    status=$?
    same "$status" 143 && same "$(group "$pid")" "" && gone "$top/build/bench/in.csv" && ! grep -q Traceback out
}
small_skipped() { runs BENCH_PARTS=small && grep -qx 'small: skipped: no right to make a control group with a quota' out; }
if small_skipped; then
    skip "SIGTERM in the part small" "no right to make a control group"
else
    check "SIGTERM in the part small leaves no control group, and nobody in it" stopped_small
fi

# ---- the scripts ----

ln -s "$ROOT/tests" "$top/tests"
mkdir shims # what makes and fetches is not what is looked at
for name in make npm; do printf '#!/bin/sh\n[ %s = make ]\n' $name >shims/$name; done
chmod +x shims/*
alone() { env -u BUILD PATH="$PWD/shims:$PATH" "$@" >out 2>&1; }
refuses() {
    if ! alone "BENCH_$2" "$top/bench/$1.sh" && [ "$(wc -l <out)" = 1 ] && grep -q "^bench: BENCH_${2%%=*}: ${2#*=}" out; then return; fi
    fail "$(head -n 5 out)"
}
for bad in RUNS= RUNS=0 SIZE= SIZE=0 SIZE=1QB; do check "bench/zip.sh: BENCH_$bad is refused" refuses zip $bad; done
for part in cp elb schema tune zip; do
    for bad in RUNS=foo SIZE=foo; do check "bench/$part.sh: BENCH_$bad is refused" refuses $part $bad; done
done
# Which of them is the fastest says nothing at such a size: its status is not looked at.
settings_reach_zip() {
    mv "$top/build" "$T/elsewhere"
    alone BUILD="$T/elsewhere" BENCH_SIZE=64KiB BENCH_RUNS=2 bash -x "$top/bench/zip.sh"
    mv "$T/elsewhere" "$top/build"
    if grep -q '^| weir zip |' out && grep -q "elsewhere/bench/measure .*/weir zip.2.json" out && ! grep -q 'weir zip.3.json' out && grep -q "log_text.py'* 65536$" out; then return; fi
    fail "$(tail -n 20 out)"
}
check "bench/zip.sh: BUILD, BENCH_SIZE and BENCH_RUNS reach it" settings_reach_zip

rm -rf "$top/build"
unbuilt() { ! "${least[@]}" "$python" "$top/bench/run.py" >out 2>&1 && same "$(cat out)" "bench: no $top/build/weir: ./build.sh bench makes it"; }
check "what was never built is told" unbuilt
finish
