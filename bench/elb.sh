#!/bin/bash
# Access logs to JSON on one core, beside the usual Node script with a regular expression: the same file to /dev/null, in turn, CPU
# by the same means (bench/measure.c). BENCH_RUNS=5, BENCH_SIZE=134MB. Fails when weir is less than 5 times as fast, or has
# more than 16 MB.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
dir=$build/bench/elb
runs=$(runs_or 5)
lines=$((($(bytes_or 134MB) + 669) / 670)) # they are about so long
mkdir -p "$dir"
made weir bench/measure
rm -f "$dir"/*.json
python3 "$root/tests/support/elb_lines.py" "$lines" >"$dir/alb.log"
node=1
command -v node >/dev/null || { node=0; echo "Node reference: skipped: no node"; }
for n in $(seq "$runs"); do
    "$build/bench/measure" "$dir/weir.$n.json" taskset -c 0 "$build/weir" elb-logs "$dir/alb.log" --to - >/dev/null 2>"$dir/weir.err"
    [ $node -eq 0 ] || "$build/bench/measure" "$dir/node.$n.json" node "$root/bench/peers/node/elb.mjs" "$dir/alb.log" >/dev/null 2>"$dir/node.err"
done
grep -q "\"parsed\":$lines,\"rejected\":0" "$dir/weir.err"
[ $node -eq 0 ] || grep -q "\"parsed\":$lines,\"rejected\":0" "$dir/node.err"
python3 - "$dir" "$lines" "$(stat -c %s "$dir/alb.log")" <<'TEXT'
import glob, json, statistics, sys
folder, lines, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def runs(name): return [json.load(open(f)) for f in sorted(glob.glob(f"{folder}/{name}.*.json"))]
print(f"{lines} lines, {size / 1e6:.0f} MB")
print("|  | CPU s, median | best | lines per CPU second, median | best | peak MB |\n|---|---|---|---|---|---|")
cpu = {}
for name in "weir", "node":
    got = runs(name)
    if got:
        cpu[name] = median = statistics.median(r["cpu_s"] for r in got)
        best = min(r["cpu_s"] for r in got)
        print(f"| {name} | {median:.2f} | {best:.2f} | {lines / median:,.0f} | {lines / best:,.0f} | {max(r['rss_mb'] for r in got)} |")
if "node" in cpu:
    print(f"weir: {cpu['node'] / cpu['weir']:.1f} times as fast")
    assert cpu["node"] >= 5 * cpu["weir"], "less than 5 times as fast as the Node script"
assert max(r["rss_mb"] for r in runs("weir")) <= 16, "more than 16 MB"
TEXT
rm -f "$dir/alb.log"
