#!/bin/bash
# Runs each fuzzer for a short while: tests/run-fuzz.sh FOLDER SECONDS NAME...
# A corpus beside the source (tests/fuzz/NAME/) is the start; new finds stay in FOLDER.
set -u
dir=$1 seconds=$2
shift 2
failed=0
for name in "$@"; do
    corpus=$dir/corpus-$name
    mkdir -p "$corpus"
    seeds=()
    [ -d "tests/fuzz/$name" ] && seeds=("tests/fuzz/$name")
    if "$dir/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$dir/$name-" "$corpus" "${seeds[@]}" >"$dir/$name.log" 2>&1 </dev/null; then
        echo "ok - fuzz_$name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$name.log") runs)"
    else
        failed=1
        echo "not ok - fuzz_$name: log $dir/$name.log"
        tail -n 40 "$dir/$name.log"
    fi
done
exit $failed
