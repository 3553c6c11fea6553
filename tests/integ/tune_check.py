#!/usr/bin/env python3
"""Is a result of power tuning one? tune_check.py RESULT.json SIZES STRATEGY BASE [CHART.svg]: the URL's bytes are decoded and compared with the
stats, costs are whole milliseconds times the base price, and the size that is named is the best one."""
import base64
import json
import struct
import sys
import xml.etree.ElementTree

path, sizes, strategy, base = sys.argv[1:5]
sizes = [int(s) for s in sizes.split(",")]
base = float(base)
with open(path) as f:
    text = f.read()
assert text.endswith("}\n") and text.count("\n") == 1
result = json.loads(text)
assert set(result) == {"power", "cost", "duration", "stateMachine", "stats"}, result
stats = result["stats"]
assert [s["value"] for s in stats] == sizes, stats
for s in stats:
    # What is billed, rounded up, is a whole number of milliseconds.
    ms = s["averagePrice"] / (base * s["value"] / 128)
    assert abs(ms - round(ms)) < 1e-6 and round(ms) >= s["averageDuration"] > 0, (s, ms)
    assert s["totalCost"] >= s["averagePrice"] * 0.99, s

head, url = result["stateMachine"]["visualization"].split("#")
assert head == "https://lambda-power-tuning.show/"
mb, ms, usd = (base64.b64decode(part, validate=True) for part in url.split(";"))
n = len(sizes)
assert list(struct.unpack(f"<{n}h", mb)) == sizes
for got, s in zip(struct.unpack(f"<{n}f", ms), stats):
    assert abs(got - s["averageDuration"]) <= 1e-6 * got, (got, s)
for got, s in zip(struct.unpack(f"<{n}f", usd), stats):
    assert abs(got - s["averagePrice"]) <= 1e-6 * got, (got, s)

cost_max = max(s["averagePrice"] for s in stats)
ms_max = max(s["averageDuration"] for s in stats)
value = {
    "cost": lambda s: s["averagePrice"],
    "speed": lambda s: s["averageDuration"],
    "balanced": lambda s: 0.5 * s["averagePrice"] / cost_max + 0.5 * s["averageDuration"] / ms_max,
}[strategy]
best = min(stats, key=value)
assert (result["power"], result["cost"], result["duration"]) == (best["value"], best["averagePrice"], best["averageDuration"]), result
assert abs(result["stateMachine"]["lambdaCost"] - sum(s["totalCost"] for s in stats)) < 1e-15

if len(sys.argv) > 5:
    root = xml.etree.ElementTree.parse(sys.argv[5]).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root.findall("{*}circle")) == n and len(root.findall("{*}polyline")) == 2
