#!/bin/bash
# Runs each fuzzer for a while: tests/run-fuzz.sh FOLDER SECONDS NAME...; FUZZ_JOBS at once (as many as there are processors).
# What reads what anybody sends (CSV, JSON, schemas, formats) has SECONDS, the others a sixth of that.
# A corpus beside the source (tests/fuzz/NAME/) is the start; new finds stay in FOLDER. FUZZ_SEED (1) is where chance begins: the tests of
# a change are to say something of the change. Whoever looks for what nobody has found yet says 0: another one each time.
set -u
dir=$1 seconds=$2
shift 2
long="csv tape schema format"
jobs=${FUZZ_JOBS:-$(nproc 2>/dev/null || echo 2)}

trap 'kill $(jobs -p) 2>/dev/null; exit 143' TERM
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT

run() { # run NAME: its status in NAME.rc
    local name=$1 seeds=() time=$(((seconds + 5) / 6)) child
    case " $long " in *" $name "*) time=$seconds ;; esac
    mkdir -p "$dir/corpus-$name"
    [ ! -d "tests/fuzz/$name" ] || seeds=("tests/fuzz/$name")
    "$dir/fuzz_$name" -max_total_time="$time" -seed="${FUZZ_SEED:-1}" -timeout=100 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$dir/$name-" "$dir/corpus-$name" "${seeds[@]}" >"$dir/$name.log" 2>&1 </dev/null &
    child=$!
    trap 'kill $child 2>/dev/null' TERM
    wait $child
    echo $? >"$dir/$name.rc"
}

start=$SECONDS
# The long ones first, so that none of them is left alone at the end.
for name in $long "$@"; do
    case " $* " in *" $name "*) ;; *) continue ;; esac
    case " ${begun:-} " in *" $name "*) continue ;; esac
    begun="${begun:-} $name"
    while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do wait -n; done
    run "$name" &
done
wait

failed=0
for name in "$@"; do
    if [ "$(cat "$dir/$name.rc")" = 0 ]; then
        echo "ok - fuzz_$name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$name.log") runs)"
    else
        failed=1
        echo "not ok - fuzz_$name: log $dir/$name.log"
        tail -n 40 "$dir/$name.log"
    fi
done
echo "# $# fuzzers, $((SECONDS - start)) s"
exit $failed
