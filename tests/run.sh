#!/bin/bash
# All tests, or the steps named: tests/run.sh [STEP...]. One line per step, the output of what fails, and a count at the end.
# Logs: build/test/STEP.log. Run through ./build.sh test, which installs what is missing; before it does, it asks --check STEP...,
# which runs nothing.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

jobs=$(nproc 2>/dev/null || echo 2)
logs=build/test
asan=("SANITIZE=address,undefined" BUILD=build-asan)
make=(make --no-print-directory -j"$jobs")
# Leaks count, and a finding of either ends the program with a status of its own.
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# What libraries keep to the end of the process is not a leak.
valgrind=(valgrind -q --error-exitcode=99 --leak-check=full "--show-leak-kinds=definite,indirect,possible"
    "--errors-for-leak-kinds=definite,indirect" "--suppressions=$PWD/tests/support/valgrind.supp" --child-silent-after-fork=yes --trace-children=no)

# The workers of a concurrent function and their logs, the threads that deflate and check blocks, and those that look up names.
threaded="runtime_sim core_log stream_blocks codec_zip net_tcp net_threads validate_threads validate_unique"

steps=(build headers deps style format unit clang unit-asan unit-tsan valgrind fuzz integ integ-asan)
named=(coverage mutate) # only when they are asked for by name; WEIR_FULL=1 asks for mutate
run_step() {
    case $1 in
    build) "${make[@]}" all unit ;;
    headers) "${make[@]}" check-headers ;;
    deps) tests/check-deps.sh ;;
    style) tests/check-style.sh ;;
    format) "${make[@]}" check-format ;;
    unit) UNIT_JOBS=$jobs "${make[@]}" check-unit ;;
    clang) "${make[@]}" CC=clang BUILD=build-clang all unit ;;
    unit-asan) UNIT_JOBS=$jobs "${make[@]}" "${asan[@]}" check-unit ;;
    unit-tsan) "${make[@]}" SANITIZE=thread BUILD=build-tsan check-unit UNIT="$threaded" ;;
    valgrind) UNIT_TIMEOUT_S=1800 UNIT_JOBS=$jobs "${make[@]}" check-unit WRAP="${valgrind[*]}" ;;
    fuzz) "${make[@]}" fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-60}" ;;
    integ) INTEG_JOBS=$jobs tests/integ/run.sh build ;;
    integ-asan) "${make[@]}" "${asan[@]}" all && INTEG_JOBS=$jobs tests/integ/run.sh build-asan ;;
    coverage) "${make[@]}" coverage ;;
    mutate) "${make[@]}" mutate ;;
    *) return 2 ;;
    esac
}

names="steps: ${steps[*]}; and, by name only: ${named[*]}"
case ${1:-} in help | --help | -h) echo "$names"; exit 0 ;; esac
check=0
[ "${1:-}" != --check ] || { check=1; shift; }
wanted=("$@")
[ $# -gt 0 ] || wanted=("${steps[@]}")
[ $# -gt 0 ] || [ "${WEIR_FULL:-0}" != 1 ] || wanted+=(mutate)
for s in "${wanted[@]}"; do
    case " ${steps[*]} ${named[*]} " in
    *" $s "*) ;;
    *) echo "$s: no such step; $names" >&2; exit 2 ;;
    esac
done
[ $check -eq 0 ] || exit 0

mkdir -p "$logs"
passed=0 failed=0 skipped=0 bad=()
for s in "${wanted[@]}"; do
    log=$logs/$s.log
    start=$SECONDS
    run_step "$s" >"$log" 2>&1 </dev/null
    rc=$?
    # Cases where a step counts them, else the step is one.
    if counts=$(sed -n 's/^unit: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped.*/\1 \2 \3/p' "$log") && [ -n "$counts" ]; then
        read -r p f k <<<"$counts"
    else
        k=$(grep -c '^ok - .*# skip' "$log")
        p=$(($(grep -c '^ok - ' "$log") - k))
        f=$(grep -c '^not ok - ' "$log")
        if [ $((p + f + k)) -eq 0 ]; then
            if grep -q ': skipped: ' "$log"; then k=1; elif [ $rc -eq 0 ]; then p=1; fi
        fi
    fi
    [ $rc -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + k))
    if [ "$f" -eq 0 ]; then word=ok; else word=FAILED bad+=("$s"); fi
    printf '%-10s %-6s %4d passed %3d failed %3d skipped %5d s\n' "$s" "$word" "$p" "$f" "$k" $((SECONDS - start))
    if [ "$f" -gt 0 ]; then
        if grep -q '^not ok' "$log"; then grep -A 25 '^not ok' "$log" | grep -v '^ok - ' | head -n 150; else grep -vE '^  (CC|AR|LD)  ' "$log" | tail -n 40; fi | sed 's/^/    /'
        echo "    (log: $log)"
    else
        grep -E ': skipped: |# skip' "$log" | sed 's/^/    /'
    fi
done
[ ${#bad[@]} -eq 0 ] || echo "failed: ${bad[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
