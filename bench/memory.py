#!/usr/bin/env python3
"""memory.py OUT.svg [BYTES]: resident memory over time of a program that prints BYTES (1.5 GB) of text and whose output is compressed
into a file: by `weir archive`, by Node with pipe(), and by Node with write() alone, whose answer nobody looks at. Plots the three, and
prints their peaks. Standard library only."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

OUT, BYTES = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_500_000_000
TEXT = '10.0.0.1 - - [2026-11-25T12:00:00Z] "GET /api/v1/orders/4711 HTTP/1.1" 200 5120'
SOURCE = ["sh", "-c", f"yes '{TEXT}' | head -c {BYTES}"]
folder = tempfile.mkdtemp()
runs = [("weir archive", "#1b6ca8", ["build/weir", "archive", "-q", "-o", f"{folder}/weir.zip", "--", *SOURCE]),
        ("Node, pipe()", "#2e8b57", ["node", "bench/peers/zip/stream.js", "pipe", f"{folder}/pipe.gz", *SOURCE]),
        ("Node, write() alone", "#c0392b", ["node", "bench/peers/zip/stream.js", "push", f"{folder}/push.gz", *SOURCE])]


def rss_mb(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS")), None)
    except OSError:
        return None


def sample(command):
    begun, points = time.monotonic(), []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        mb = rss_mb(process.pid)
        if mb is not None:
            points.append((time.monotonic() - begun, mb))
        time.sleep(0.02)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]}: status {process.returncode}")
    return points


def plot(series):
    wide, high, left, low, top = 720, 360, 70, 50, 30
    end = max(p[-1][0] for _, _, p in series)
    peak = max(mb for _, _, p in series for _, mb in p)

    def x(t):
        return left + (wide - left - 20) * t / end

    def y(mb):
        return high - low - (high - low - top) * mb / peak

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12">',
           f'<rect width="{wide}" height="{high}" fill="white"/>']
    for i in range(5):
        mb = peak * i / 4
        svg.append(f'<path d="M{left} {y(mb):.1f}H{wide - 20}" stroke="#ddd"/><text x="{left - 8}" y="{y(mb) + 4:.1f}" text-anchor="end">{mb:.0f} MB</text>')
        svg.append(f'<text x="{x(end * i / 4):.1f}" y="{high - low + 18}" text-anchor="middle">{end * i / 4:.0f} s</text>')
    for i, (name, color, points) in enumerate(series):
        path = " ".join(f"{x(t):.1f},{y(mb):.1f}" for t, mb in points)
        svg.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        svg.append(f'<text x="{left + 10 + i * 200}" y="18" fill="{color}">{name}: {max(mb for _, mb in points):.0f} MB</text>')
    return "\n".join([*svg, f'<text x="{wide / 2}" y="{high - 8}" text-anchor="middle">resident memory, {BYTES / 1e9:g} GB through a compressor into a file</text>', "</svg>\n"])


try:
    if not shutil.which("node"):
        raise SystemExit("memory.py: skipped: no node")
    series = [(name, color, sample(command)) for name, color, command in runs]
    with open(OUT, "w") as f:
        f.write(plot(series))
    for name, _, points in series:
        print(f"{name}: {max(mb for _, mb in points):.1f} MB at the peak, {points[-1][0]:.1f} s")
finally:
    shutil.rmtree(folder)
