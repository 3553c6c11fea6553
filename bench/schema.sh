#!/bin/bash
# CPU of validation alone, whole process: 50 MB of JSON lines, the rows of `var` as objects, by weir and by Blaze (npm
# @sourcemeta/jsonschema, --fast) in turn. BENCH_RUNS=5, BENCH_SIZE=50MB. Fails when weir is not the one with the least.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
runs=$(runs_or 5)
size=$(bytes_or 50MB)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export build dir
made weir bench/measure tests/schema_driver
"$build/weir" generate -q -o "$dir/var.csv" --size "$((size * 5 / 4))" --shape var --invalid 0% --seed 1
python3 - "$dir" "$size" <<'PY'
import csv, json, sys
folder, size = sys.argv[1], int(sys.argv[2])
csv.field_size_limit(10**9)
written = 0
with open(f"{folder}/var.csv", newline="", encoding="utf-8") as f, open(f"{folder}/var.jsonl", "w", encoding="utf-8") as out:
    for row in csv.DictReader(f):
        line = json.dumps({k: json.loads(v) if v[:1] in "{[" else v for k, v in row.items() if v}, ensure_ascii=False, separators=(",", ":"))
        written += out.write(line + "\n")
        if written >= size:
            break
PY
SCHEMA=$root/handlers/validate/events.schema.json
export SCHEMA
names=("weir")
if command -v node >/dev/null && command -v npm >/dev/null &&
    timeout 120 npm install --prefix "$dir" --no-audit --no-fund --silent @sourcemeta/jsonschema@16.11.0 >"$dir/npm.log" 2>&1; then
    names+=("Blaze")
    # Its own program, without the script around it.
    BLAZE=$(find "$dir/node_modules/@sourcemeta/jsonschema" -name "jsonschema-linux-$(uname -m | sed 's/aarch64/arm64/')" -type f | head -n 1)
    export BLAZE
else
    echo "Blaze: skipped: no npm, or no registry"
fi
one() {
    case $1 in
    weir) "$build/tests/schema_driver" --time "$SCHEMA" "$dir/var.jsonl" ;;
    Blaze) "$BLAZE" validate "$SCHEMA" "$dir/var.jsonl" --fast ;;
    esac
}
export -f one
for ((run = 1; run <= runs; run++)); do
    for n in "${names[@]}"; do
        "$build/bench/measure" "$dir/$n.$run.json" bash -c 'one "$1"' _ "$n" >"$dir/$n.out" 2>&1
    done
done
tail -n 1 "$dir"/*.out
python3 - "$dir" "$runs" "${names[@]}" <<'PY'
import json, statistics, sys
folder, runs, *names = sys.argv[1:]
print("|  | user s | system s | CPU s | peak MB |\n|---|---|---|---|---|")
cpu = {}
for n in names:
    r = [json.load(open(f"{folder}/{n}.{i}.json")) for i in range(1, int(runs) + 1)]
    m = {k: statistics.median(x[k] for x in r) for k in r[0]}
    cpu[n] = m["cpu_s"]
    print(f'| {n} | {m["user_s"]:.2f} | {m["sys_s"]:.2f} | {m["cpu_s"]:.2f} | {m["rss_mb"]:.1f} |')
sys.exit(min(cpu, key=cpu.get) != "weir")
PY
