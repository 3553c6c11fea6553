#!/usr/bin/env python3
"""summary.py FOLDER RUNS BYTES: the medians of FOLDER/NAME.N.json as a table, and FOLDER/results.json."""
import json
import os
import platform
import re
import statistics
import sys

folder, runs, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
LABELS = {"function": "weir: the function (weir invoke)", "command": "weir: weir validate", "node": "Node reference"}


def cpu_model():
    try:
        return re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()).group(1)
    except (OSError, AttributeError):
        return platform.machine()


def load(name):
    files = [os.path.join(folder, f"{name}.{n}.json") for n in range(1, runs + 1)]
    return [json.load(open(f)) for f in files if os.path.exists(f)]


def read(name):
    path = os.path.join(folder, name)
    return open(path).read().strip() if os.path.exists(path) else None


result = {"input_bytes": size, "runs": runs, "machine": {"cpu": cpu_model(), "cores": os.cpu_count(), "node": read("node.version")},
          "tools": {}}
for name in LABELS:
    got = load(name)
    if not got:
        continue
    median = {k: round(statistics.median(g[k] for g in got), 3) for k in got[0]}
    out = read(f"{name}.bytes")
    result["tools"][name] = {"median": median, "runs": got, "output_bytes": int(out) if out else None}

print(f"{size / 1e6:.0f} MB var file, S3 to S3, median of {runs} runs in turn, {result['machine']['cpu']}, {os.cpu_count()} cores\n")
print(f"{'':34} {'user s':>8} {'system s':>9} {'CPU s':>8} {'wall s':>8} {'peak MB':>8} {'output':>8}")
for name, t in result["tools"].items():
    m = t["median"]
    share = f"{100 * t['output_bytes'] / size:.1f} %" if t["output_bytes"] else "-"
    print(f"{LABELS[name]:34} {m['user_s']:8.2f} {m['sys_s']:9.2f} {m['cpu_s']:8.2f} {m['wall_s']:8.2f} {m['rss_mb']:8.1f} {share:>8}")
print()
tools = result["tools"]
if "node" in tools:
    for name in ("function", "command"):
        if name in tools:
            ratio = tools[name]["median"]["cpu_s"] / tools["node"]["median"]["cpu_s"]
            result.setdefault("cpu_ratio_to_node", {})[name] = round(ratio, 4)
            print(f"CPU of {LABELS[name]}: {ratio:.3f} of the reference's ({1 / ratio:.1f} times less)")
else:
    print("Node reference: skipped: " + (read("node.skipped") or "no node"))
    result["node_skipped"] = read("node.skipped") or "no node"
with open(os.path.join(folder, "results.json"), "w") as f:
    json.dump(result, f, indent=2)
    f.write("\n")
print(f"\n{folder}/results.json")
