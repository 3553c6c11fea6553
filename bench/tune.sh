#!/bin/bash
# weir tune of the function and of the Node reference, in turn, S3 to S3, for the shapes seed and var: tables and charts for
# docs/TUNING.md. BENCH_SIZE=150MB BENCH_RUNS=5 TUNE_MEMORY=128,... Leaves build/bench/tune-SHAPE.{txt,svg}.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
dir=$build/bench/tune
bkt=weir-tune
runs=$(runs_or 5)
size=$(bytes_or 150MB)
command -v radosgw >/dev/null || { echo "tune: skipped: no radosgw"; exit 0; }
s3=(python3 "$root/tests/integ/s3.py")

mkdir -p "$dir"
# shellcheck source=node_ready.sh
source "$root/bench/node_ready.sh"
"$root/tests/support/radosgw.sh" stop "$dir/rgw"
rm -rf "$dir/rgw"
trap '"$root/tests/support/radosgw.sh" stop "$dir/rgw"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

compare=()
if node_ready "$build/bench"; then
    printf '#!/bin/sh\nexec node %s/reference.mjs\n' "$build/bench/peers/node" >"$dir/node-reference"
    chmod +x "$dir/node-reference"
    compare=(--compare "$dir/node-reference")
else
    echo "Node reference: skipped: $(cat "$build/bench/node.skipped")"
fi
"$root/tests/support/radosgw.sh" start "$dir/rgw"
# shellcheck source=/dev/null
source "$dir/rgw/env"
"${s3[@]}" mb $bkt
for shape in seed var; do
    "$build/weir" generate -o "$dir/$shape.csv" --size "$size" --shape $shape --invalid 0% --seed 1 >/dev/null
    "${s3[@]}" put $bkt "uploads/$shape.csv" "$dir/$shape.csv" >/dev/null
    python3 "$root/tests/integ/event.py" "m1=s3://$bkt/uploads/$shape.csv" >"$dir/event"
    echo "== $shape"
    "$build/weir" tune "$dir/event" --memory "${TUNE_MEMORY:-128,256,512,1024,2048}" --num "$runs" \
        --size "$(stat -c %s "$dir/$shape.csv")" --env WEIR_SCHEMA="$build/events.schema.json" "${compare[@]}" \
        --svg "$build/bench/tune-$shape.svg" | tee "$build/bench/tune-$shape.txt"
    rm -f "$dir/$shape.csv"
done
