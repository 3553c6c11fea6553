#!/bin/bash
# The main job beside the Node reference: the same object, the same S3 server, in turn; CPU and peak memory by the same means
# (bench/measure.py). BENCH_RUNS=3, BENCH_SIZE=157MB. Leaves build/bench/results.json. Run through ./build.sh bench.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
dir=$build/bench
runs=${BENCH_RUNS:-3}
size=${BENCH_SIZE:-157MB}
bkt=weir-bench
s3=(python3 "$root/tests/integ/s3.py")

mkdir -p "$dir"
"$root/tests/support/radosgw.sh" stop "$dir/rgw"
rm -rf "$dir/rgw" "$dir"/*.json "$dir"/node.skipped
trap '"$root/tests/support/radosgw.sh" stop "$dir/rgw"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the peer ----

peer=$dir/peers/node
# shellcheck source=node_ready.sh
source "$root/bench/node_ready.sh"
if node_ready "$dir"; then node=1; else node=0 && echo "Node reference: skipped: $(cat "$dir/node.skipped")"; fi

# ---- the object ----

echo "bench: generating $size and starting an S3 server"
# No invalid rows: one ragged row, and the reference gives the file up.
"$build/weir" generate -o "$dir/var.csv" --size "$size" --shape var --invalid 0% --seed 1 >/dev/null
"$root/tests/support/radosgw.sh" start "$dir/rgw"
# shellcheck source=/dev/null
source "$dir/rgw/env"
"${s3[@]}" mb $bkt
"${s3[@]}" put $bkt uploads/var.csv "$dir/var.csv" >/dev/null
python3 "$root/tests/integ/event.py" "m1=s3://$bkt/uploads/var.csv" >"$dir/event"

# measured NAME N COMMAND...
measured() {
    local name=$1 n=$2 rc=0
    shift 2
    python3 "$root/bench/measure.py" "$dir/$name.$n.json" "$@" >"$dir/$name.out" 2>"$dir/$name.err" </dev/null || rc=$?
    if [ $rc -ne 0 ]; then
        tail -n 10 "$dir/$name.err" >&2
        echo "bench: $name failed with $rc" >&2
        exit 1
    fi
    echo "  run $n: $name: $(cat "$dir/$name.$n.json")"
}
out_bytes() { "${s3[@]}" head $bkt "$1" | cut -d ' ' -f 1; }

for n in $(seq "$runs"); do
    measured function "$n" "$build/weir" invoke "$dir/event" --handler validate --memory 128
    grep -q '"batchItemFailures": *\[\]' "$dir/function.out" || { cat "$dir/function.out" "$dir/function.err" >&2; exit 1; }
    measured command "$n" "$build/weir" validate "s3://$bkt/uploads/var.csv" -o "s3://$bkt/command/var.csv.gz" -s "$build/events.schema.json"
    [ $node -eq 0 ] || measured node "$n" node "$peer/reference.mjs" $bkt uploads/var.csv node/var.csv.gz "$build/events.schema.json"
done
out_bytes validations/var.csv.gz >"$dir/function.bytes"
out_bytes command/var.csv.gz >"$dir/command.bytes"
[ $node -eq 0 ] || out_bytes node/var.csv.gz >"$dir/node.bytes"
grep '^REPORT' "$dir/function.err" || true
echo
python3 "$root/bench/summary.py" "$dir" "$runs" "$(stat -c %s "$dir/var.csv")"
rm -f "$dir/var.csv"

echo
echo "the start, and an invocation that does nothing:"
BUILD=$build "$root/bench/start.sh" --runs 15
