#!/bin/bash
# CPU of a ZIP of 1 GB of log text: weir zip, pigz -K -1 and archiver at level 1 (npm), in turn, all to a file.
# BENCH_RUNS=3, BENCH_SIZE=1GB. Fails when weir is not the one with the least.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
runs=$(runs_or 3)
size=$(bytes_or 1GB)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
made weir bench/measure
python3 "$root/tests/integ/log_text.py" "$size" >"$dir/log.txt"
names=("weir zip" "weir zip --threads 1")
have_archiver() { command -v node >/dev/null && command -v npm >/dev/null && timeout 120 npm install --ignore-scripts --prefix "$dir" --no-audit --no-fund --silent archiver@7 >"$dir/npm.log" 2>&1; }
if command -v pigz >/dev/null; then names+=("pigz -K -1"); else echo "pigz: skipped: no pigz"; fi
if have_archiver; then names+=("archiver, level 1"); else echo "archiver: skipped: no npm, or no registry"; fi

one() {
    case $1 in
    "weir zip") "$build/weir" zip -q -o "$dir/out.zip" "$dir/log.txt" ;;
    "weir zip --threads 1") "$build/weir" zip -q --threads 1 -o "$dir/out.zip" "$dir/log.txt" ;;
    "pigz -K -1") pigz -K -1 -c "$dir/log.txt" >"$dir/out.zip" ;;
    "archiver, level 1") ARCHIVER=$dir/node_modules/archiver node "$root/bench/peers/zip/archive.js" "$dir/out.zip" "$dir/log.txt" ;;
    esac
}
export -f one
export root build dir
for ((run = 1; run <= runs; run++)); do
    for n in "${names[@]}"; do
        rm -f "$dir/out.zip"
        "$build/bench/measure" "$dir/$n.$run.json" bash -c 'one "$1"' _ "$n" >/dev/null
        stat -c %s "$dir/out.zip" >"$dir/$n.size"
    done
done
python3 - "$dir" "$runs" "$size" "${names[@]}" <<'PY'
import json, statistics, sys
folder, runs, size, *names = sys.argv[1:]
print("|  | user s | system s | CPU s | wall s | peak MB | size |\n|---|---|---|---|---|---|---|")
cpu = {}
for n in names:
    r = [json.load(open(f"{folder}/{n}.{i}.json")) for i in range(1, int(runs) + 1)]
    m = {k: statistics.median(x[k] for x in r) for k in r[0]}
    cpu[n] = m["cpu_s"]
    share = int(open(f"{folder}/{n}.size").read()) / int(size)
    print(f'| {n} | {m["user_s"]:.2f} | {m["sys_s"]:.2f} | {m["cpu_s"]:.2f} | {m["wall_s"]:.2f} | {m["rss_mb"]:.1f} | {share:.1%} |')
sys.exit(min(cpu, key=cpu.get) not in ("weir zip", "weir zip --threads 1"))
PY
