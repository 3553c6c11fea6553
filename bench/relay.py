#!/usr/bin/env python3
"""relay.py FOLDER OUT.svg: what bench/relay.sh has measured: tables, a plot of how far clients are behind the source, and the
bounds; 1 when one of them is passed. Standard library only."""
import json
import math
import os
import sys

FOLDER, OUT = sys.argv[1:3]
RATES = {500000: "500 kB/s", 5000000: "5 MB/s"}
SERVERS = {"weir": "weir relay", "icecast": "Icecast"}
# Columns of the samples, and how they are drawn.
LINES = [("weir", 2, "#1b6ca8", ""), ("weir", 5, "#1b6ca8", "5 3"), ("icecast", 2, "#c0392b", ""), ("icecast", 5, "#c0392b", "5 3")]


def load(name):
    path = os.path.join(FOLDER, name)
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f) if name.endswith(".json") else [[float(x) for x in line.split()] for line in f]


def table(rows):
    print("|  | CPU ms per MB sent | fast: p50, p99 ms behind | gaps | slow: at most ms old | slow: cut off | source waited, ms | RSS MB |")
    print("|---|---|---|---|---|---|---|---|")
    for label, r in rows:
        slow = f"{r['slow_max_ms']:.0f} | {r['slow_gone']} of {r['slow']}" if r["slow"] else "- | -"
        print(f"| {label} | {r['cpu_ms_per_mb']:.2f} | {r['fast_p50_ms']:.1f}, {r['fast_p99_ms']:.1f} | {r['fast_gaps']:.0f} | {slow} | "
              f"{r['source_blocked_ms']:.0f} | {r['rss_mb']:.1f} |")
    print()


# ---- the plot ----


def panel(svg, left, rate, wide, high):
    """One rate: age over time, both axes from the samples; the age is logarithmic, from 1 ms to 100 s."""
    top, low, pad = 50, 50, 52
    x0, x1, y0, y1 = left + pad, left + wide - 12, high - low, top
    data = {s: load(f"rate-{rate}.{s}.samples") for s in SERVERS}
    end = max(rows[-1][0] for rows in data.values() if rows)

    def x(t):
        return x0 + (x1 - x0) * t / end

    def y(ms):
        return y0 - (y0 - y1) * min(max(math.log10(max(ms, 1)), 0), 5) / 5

    for power, name in enumerate(("1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s")):
        svg.append(f'<path d="M{x0} {y(10 ** power):.1f}H{x1}" stroke="#ddd"/>'
                   f'<text x="{x0 - 6}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{name}</text>')
    svg.append(f'<path d="M{x0} {y(2000):.1f}H{x1}" stroke="#888" stroke-dasharray="2 3"/><text x="{x1}" y="{y(2000) - 4:.1f}" fill="#888" text-anchor="end">2 s</text>')
    for i in range(5):
        svg.append(f'<text x="{x(end * i / 4):.1f}" y="{y0 + 18}" text-anchor="middle">{end * i / 4:.0f} s</text>')
    for server, column, color, dash in LINES:
        points = [(r[0], r[column]) for r in data[server] or [] if r[column] > 0]
        if points:
            path = " ".join(f"{x(t):.1f},{y(ms):.1f}" for t, ms in points)
            svg.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6" stroke-dasharray="{dash}"/>')
        gone = next((r for r in data[server] or [] if r[7] > 0), None)
        if gone and column == 5:
            svg.append(f'<path d="M{x(gone[0]):.1f} {y0}v-14" stroke="{color}" stroke-width="2"/><text x="{x(gone[0]) + 4:.1f}" y="{y0 - 4}" fill="{color}">the first one is cut off</text>')
    cpu = {s: (load(f"rate-{rate}.{s}.json") or {}).get("cpu_ms_per_mb") for s in SERVERS}
    text = ", ".join(f"{SERVERS[s]} {v:.2f}" for s, v in cpu.items() if v)
    svg.append(f'<text x="{x0}" y="20" font-weight="bold">{RATES[rate]}</text><text x="{x0}" y="38">CPU ms per MB sent: {text}</text>')


def plot():
    wide, high = 960, 400
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12">',
           f'<rect width="{wide}" height="{high}" fill="white"/>']
    for i, rate in enumerate(RATES):
        panel(svg, i * wide / 2, rate, wide / 2, high)
    at = 60
    for server, column, color, dash in LINES:
        svg.append(f'<path d="M{at} {high - 12}h26" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'
                   f'<text x="{at + 32}" y="{high - 8}">{SERVERS[server]}: {"fast clients, p50" if column == 2 else "slow clients, the oldest"}</text>')
        at += 225
    return "\n".join([*svg, "</svg>\n"])


# ---- the whole ----

passed = True


def bound(good, text):
    global passed
    passed &= good
    print(("ok: " if good else "OVER: ") + text)


runs = {(rate, s): load(f"rate-{rate}.{s}.json") for rate in RATES for s in SERVERS}
many, seldom = load("many.weir.json"), load("seldom.weir.json")
for rate in RATES:
    print(f"{RATES[rate]}, 200 fast and 20 slow clients, {runs[rate, 'weir']['seconds']} s\n")
    table([(SERVERS[s], runs[rate, s]) for s in SERVERS if runs[rate, s]])
each_kib = (many["rss_mb"] - many["rss_alone_mb"]) * 1e6 / 1024 / many["fast"]
print(f"{many['fast']} clients of {many['rate'] // 1000} kB/s, {many['seconds']} s\n")
table([("weir relay", many)])
with open(OUT, "w") as f:
    f.write(plot())
turns = {s: [r for r in (load(f"turn-{n}.{s}.json") for n in range(1, 5)) if r] for s in SERVERS}
if turns["icecast"]:
    each = {s: sum(r["cpu_s"] for r in rs) * 1000 / sum(r["mb_sent"] for r in rs) for s, rs in turns.items()}
    bound(each["weir"] <= 0.25 * each["icecast"], f"500 kB/s, {len(turns['weir'])} short runs of each in turn: CPU per MB sent "
          f"{each['weir']:.2f} ms and {each['icecast']:.2f} ms, {each['weir'] / each['icecast']:.3f} of Icecast's (bound 0.25)")
for rate in RATES:
    ours, theirs = runs[rate, "weir"], runs[rate, "icecast"]
    if theirs:
        ratio = ours["cpu_ms_per_mb"] / theirs["cpu_ms_per_mb"]
        if rate == 500000:
            print(f"    {RATES[rate]}: in the long runs, one after the other, it was {ratio:.3f}")
        else:
            bound(ratio <= 0.25, f"{RATES[rate]}: CPU per MB sent {ratio:.3f} of Icecast's (bound 0.25)")
    bound(ours["fast_p99_ms"] <= 20, f"{RATES[rate]}: fast clients' p99 {ours['fast_p99_ms']:.1f} ms behind the source (bound 20)")
    bound(ours["fast_gaps"] == 0 and ours["broken"] == 0, f"{RATES[rate]}: {ours['fast_gaps']:.0f} gaps at fast clients, {ours['broken']} broken packets")
    bound(ours["slow_gone"] + ours["fast_gone"] == 0, f"{RATES[rate]}: {ours['slow_gone']} slow clients cut off")
    bound(ours["slow_max_ms"] <= 2000, f"{RATES[rate]}: data at slow clients at most {ours['slow_max_ms']:.0f} ms old (bound 2000)")
    bound(ours["source_blocked_ms"] == 0, f"{RATES[rate]}: the source waited {ours['source_blocked_ms']:.0f} ms")
got = seldom["slow_mb"] * 1e6 / seldom["slow"] / seldom["rate"] / seldom["seconds"]
bound(got >= 0.95, f"clients that read every 600 ms get {100 * got:.1f} % (bound 95)")
bound(many["fast_gaps"] == 0, f"{many['fast']} clients: {many['fast_gaps']:.0f} gaps; {many['cpu_s'] / many['seconds']:.2f} of a core")
bound(each_kib <= 8, f"{many['fast']} clients: {each_kib:.2f} KiB of memory each, their share of the ring too, the kernel's buffers not (bound 8)")
print(f"\n{OUT}")
sys.exit(0 if passed else 1)
