#!/bin/bash
# Runs unit test programs and sums their cases up: tests/run-unit.sh PROGRAM...
# WRAP="valgrind ..." runs each under a tool; UNIT_TIMEOUT_S bounds each; UNIT_JOBS run at once. The output of one that
# fails is shown.
set -u

# The caller's own settings must not reach a test.
for v in $(compgen -e | grep -E '^(AWS_|WEIR_)'); do
    case $v in WEIR_BUILD) ;; *) unset "$v" ;; esac
done

passed=0 failed=0 skipped=0 bad=()
read -r -a wrap <<<"${WRAP:-}"
count() { sed -n "s/^\[ *$2 *\] \([0-9]*\) test(s).*/\1/p" "$1" | head -n 1; }

run() {
    timeout -k 10 "${UNIT_TIMEOUT_S:-900}" "${wrap[@]}" "$1" >"$1.log" 2>&1 </dev/null
    echo $? >"$1.rc"
}
# Some at a time; told in order afterwards.
for prog in "$@"; do
    while [ "$(jobs -pr | wc -l)" -ge "${UNIT_JOBS:-1}" ]; do wait -n; done
    run "$prog" &
done
wait

for prog in "$@"; do
    log=$prog.log
    rc=$(cat "$prog.rc")
    p=$(count "$log" PASSED) f=$(count "$log" FAILED) s=$(count "$log" SKIPPED)
    # A program that dies prints no totals, nor does one that has run no test: that is one failure.
    if [ "$rc" -eq 0 ] && [ -z "$p" ]; then rc=no-tests; fi
    if [ "$rc" != 0 ] && [ "${f:-0}" -eq 0 ]; then f=1; fi
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
    if [ "$rc" = 0 ]; then
        echo "ok - $(basename "$prog") (${p:-0})"
    else
        bad+=("$(basename "$prog")")
        echo "not ok - $(basename "$prog"): status $rc, log $log"
        if [ "$(wc -l <"$log")" -gt 200 ]; then
            grep -aE '^\[ *(ERROR|FAILED) *\]|error|Error|ERROR' "$log" | head -n 60
            tail -n 60 "$log"
        else
            grep -avE '^\[ *(RUN|OK) *\]' "$log"
        fi
    fi
done
echo "unit: $passed passed, $failed failed, $skipped skipped${bad[*]:+ (in: ${bad[*]})}"
[ $# -gt 0 ] && [ $failed -eq 0 ] && [ ${#bad[@]} -eq 0 ]
