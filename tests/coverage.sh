#!/bin/bash
# What the tests walk of lib/, handlers/, bootstrap/ and cli/: tests/coverage.sh [NN...]
# A build of its own (build-cov), the unit tests, and these integration scripts (without an argument the quick ones).
# Leaves build-cov/unwalked.txt, the lines that nothing walks, and pages in build-cov/html; prints a table per module.
# A process that ends by a signal or by _exit writes no counts: what only such a one walks looks unwalked.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

command -v lcov >/dev/null || { echo "coverage: skipped: no lcov"; exit 0; }
quick="10 40 41 42 50 60 100 101 110 112 125 140 143 150 152 153 160 161 170 171 172 180 181 184 192 193 194 195 197 198 199 200"
jobs=$(nproc 2>/dev/null || echo 2)
[ $# -gt 0 ] || read -r -a quick_ones <<<"$quick"
[ $# -gt 0 ] || set -- "${quick_ones[@]}"
out=build-cov
unset MAKEFLAGS MFLAGS MAKELEVEL # a make of its own
failed=0

# Counts of an earlier run, or of sources that were others, are none of this one's.
mkdir -p "$out"
find "$out" -name '*.gcda' -delete
make --no-print-directory -j"$jobs" COVERAGE=1 all unit >"$out/build.log" 2>&1 || { tail -n 30 "$out/build.log"; exit 1; }
UNIT_JOBS=$jobs UNIT_TIMEOUT_S=600 make --no-print-directory COVERAGE=1 check-unit >"$out/unit.log" 2>&1 || failed=1
grep -E '^(not ok|unit: )' "$out/unit.log"
# Some scripts run a program as somebody without rights, who would say on stderr of each file of counts that it cannot be opened.
"$out/weir" --version >/dev/null
"$out/bootstrap" >/dev/null 2>&1 # it says that nobody runs it
chmod -R a+rwX "$out/obj"
INTEG_JOBS=$jobs tests/integ/run.sh "$out" "$@" >"$out/integ.log" 2>&1 || failed=1
grep '^not ok' "$out/integ.log"
echo "integ: $(grep -c '^ok - ' "$out/integ.log") passed in $# scripts"

lcov=(lcov --quiet --rc lcov_branch_coverage=1 --rc geninfo_auto_base=1)
if ! "${lcov[@]}" --capture --directory "$out/obj" --base-directory . --output-file "$out/all.info" 2>"$out/lcov.log" ||
    ! "${lcov[@]}" --extract "$out/all.info" "$PWD/lib/*" "$PWD/handlers/*" "$PWD/bootstrap/*" "$PWD/cli/*" \
        --output-file "$out/coverage.info" 2>>"$out/lcov.log"; then
    tail -n 20 "$out/lcov.log"
    exit 1
fi
sed -i "s|^SF:$PWD/|SF:|" "$out/coverage.info"
rm -rf "$out/html"
genhtml --quiet --branch-coverage --output-directory "$out/html" "$out/coverage.info" >"$out/genhtml.log" 2>&1 || tail -n 5 "$out/genhtml.log"

# file:line: the source, for each line that no test came to
awk -F '[:,]' '/^SF:/ { file = $2; n = 0; while ((getline text < file) > 0) source[++n] = text; close(file) }
    /^DA:/ && $3 == 0 { print file ":" $2 ":" source[$2] }' "$out/coverage.info" >"$out/unwalked.txt"
# A module is a folder, as in tests/check-deps.sh.
awk -F '[:,]' '/^SF:/ { n = split($2, part, "/"); module = part[1]; if (n > 2) module = part[1] "/" part[2] }
    /^LF:/ { lines[module] += $2; lines["all"] += $2 }
    /^LH:/ { walked[module] += $2; walked["all"] += $2 }
    /^BRF:/ { branches[module] += $2; branches["all"] += $2 }
    /^BRH:/ { taken[module] += $2; taken["all"] += $2 }
    END {
        for (m in lines) {
            share = branches[m] ? 100 * taken[m] / branches[m] : 100
            printf "%d | %s | %d | %.1f %% | %d | %.1f %% |\n", m == "all", m, lines[m], 100 * walked[m] / lines[m], branches[m], share
        }
    }' "$out/coverage.info" | sort >"$out/table.txt"
echo "| module | lines | walked | branches | taken |"
echo "|---|---|---|---|---|"
sed 's/^[01] //' "$out/table.txt"
echo "coverage: $out/unwalked.txt, $out/html/index.html"
exit $failed
