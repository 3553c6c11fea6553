#!/bin/bash
# `weir cp` of 1 GB from and to S3 beside curl fetching the same object, in turn, from the same server. CPU and peak memory are
# the kernel's figures (bench/measure.c). The bounds: CPU at most curl's plus 0.5 s, peak memory at most 36 MB; 1 when one is
# passed. Then a quarter of it by one, two and four connections (WEIR_S3_READ_CONNECTIONS), from the server, and from one that
# gives each connection 40 MB/s. BENCH_RUNS=5, BENCH_SIZE=1GB.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
dir=$build/bench-cp
runs=$(runs_or 5)
bytes=$(bytes_or 1GB)
command -v radosgw >/dev/null || { echo "cp: skipped: no radosgw"; exit 0; }

mkdir -p "$dir"
made weir bench/measure
"$root/tests/support/radosgw.sh" stop "$dir/rgw"
rm -rf "$dir/rgw" "$dir"/*.json "$dir/port"
proxy=
trap '[ -z "$proxy" ] || kill "$proxy"; "$root/tests/support/radosgw.sh" stop "$dir/rgw"; rm -f "$dir/in" "$dir/out"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$root/tests/support/radosgw.sh" start "$dir/rgw"
# shellcheck source=/dev/null
source "$dir/rgw/env"
export AWS_EC2_METADATA_DISABLED=true no_proxy='*'
head -c "$bytes" /dev/urandom >"$dir/in"
python3 "$root/tests/integ/s3.py" mb bench-cp
"$build/weir" cp "$dir/in" s3://bench-cp/in
url=$(python3 "$root/tests/integ/s3.py" url bench-cp in)

measured() { # measured NAME N COMMAND...
    local out=$dir/$1.$2.json
    shift 2
    "$build/bench/measure" "$out" "$@"
}
for n in $(seq "$runs"); do
    measured curl-file "$n" curl -sSf -o "$dir/out" "$url"
    rm "$dir/out"
    measured get-file "$n" "$build/weir" cp s3://bench-cp/in "$dir/out"
    cmp "$dir/in" "$dir/out"
    rm "$dir/out"
    measured curl-null "$n" curl -sSf -o /dev/null "$url"
    measured get-null "$n" "$build/weir" cp s3://bench-cp/in - >/dev/null
    measured put "$n" "$build/weir" cp "$dir/in" s3://bench-cp/put
    measured sha256 "$n" openssl dgst -sha256 "$dir/in" >/dev/null
done

head -c "$((bytes / 4))" "$dir/in" | "$build/weir" cp - s3://bench-cp/quarter
python3 "$root/bench/throttle.py" "${AWS_ENDPOINT_URL_S3#http://}" 40 >"$dir/port" &
proxy=$!
until [ -s "$dir/port" ]; do sleep 0.05; done
for n in $(seq "$runs"); do
    for c in 1 2 4; do
        export WEIR_S3_READ_CONNECTIONS=$c
        measured "near-$c" "$n" "$build/weir" cp s3://bench-cp/quarter - >/dev/null
        AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat "$dir/port") measured "far-$c" "$n" "$build/weir" cp s3://bench-cp/quarter - >/dev/null
    done
done
kill "$proxy"
proxy=

python3 - "$dir" "$runs" "$bytes" <<'PY'
import json, statistics, sys
folder, runs, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = {"curl-file": "curl: object to file", "get-file": "weir cp: object to file", "curl-null": "curl: object to /dev/null",
         "get-null": "weir cp: object to /dev/null", "put": "weir cp: file to object", "sha256": "openssl dgst -sha256 of the file"}
by = {f"{where}-{c}": f"{c} connection{'s' if c > 1 else ''}, {text}"
      for where, text in (("near", "from the server"), ("far", "40 MB/s each")) for c in (1, 2, 4)}
m = {}
for what, rows in (f"{size / 1e6:.0f} MB", names), (f"{size / 4e6:.0f} MB to /dev/null", by):
    print(f"{what}, median of {runs} runs in turn\n")
    print("|  | user s | system s | CPU s | wall s | peak MB |\n|---|---|---|---|---|---|")
    for name, label in rows.items():
        got = [json.load(open(f"{folder}/{name}.{n}.json")) for n in range(1, runs + 1)]
        m[name] = {k: statistics.median(g[k] for g in got) for k in got[0]}
        print(f"| {label} | " + " | ".join(f"{m[name][k]:.2f}" for k in ("user_s", "sys_s", "cpu_s", "wall_s")) + f" | {m[name]['rss_mb']:.1f} |")
    print()
passed = 0
for name, peer in (("get-file", "curl-file"), ("get-null", "curl-null"), ("put", "curl-file")):
    more, rss = m[name]["cpu_s"] - m[peer]["cpu_s"], m[name]["rss_mb"]
    good = more <= 0.5 and rss <= 36
    passed += good
    print(f"{'ok' if good else 'OVER'}: {names[name]}: CPU {more:+.2f} s to {names[peer]} (bound +0.50), peak {rss:.1f} MB (bound 36)")
sys.exit(0 if passed == 3 else 1)
PY
