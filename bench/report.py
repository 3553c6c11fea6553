"""What bench/run.py found, as JSON, as tables in markdown (docs/BENCH.md takes them as they are), and as a plot."""
import json
import math
import os
import platform
import re
from xml.sax.saxutils import escape

TITLES = {"seed": "seed", "var": "var", "narrow": "narrow", "invalid": "var, 20 % of the rows invalid"}
COLORS = {"weir": "#1b6ca8", "rust": "#b7410e", "go": "#00a29c", "node": "#2e8b57", "node-reference": "#7a9a3a"}


def machine():
    try:
        cpu = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read())[1]
    except (OSError, TypeError):
        cpu = platform.machine()
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform(), "load": round(os.getloadavg()[0], 2)}


def rows_of(peers, size, base):
    """A table's lines; base: whose CPU the others are multiples of."""
    lines = ["|  | CPU s | times | user s | system s | wall s | peak MB | output | verdicts |", "|---|---|---|---|---|---|---|---|---|"]
    for name, p in peers.items():
        m, out, verdict = p["median"], p.get("output_bytes"), p.get("verdict") or {}
        times = f"{m['cpu_s'] / peers[base]['median']['cpu_s']:.2f}" if base in peers else "-"
        share = f"{100 * out / size:.1f} %" if out else "-"
        said = f"{verdict['invalid']:,} of {verdict['rows']:,} invalid" if "invalid" in verdict else p.get("note") or "-"
        lines.append(f"| {p['label']} | {m['cpu_s']:.2f} | {times} | {m['user_s']:.2f} | {m['sys_s']:.2f} | {m['wall_s']:.2f} | "
                     f"{m['rss_mb']:.1f} | {share} | {said} |")
    return lines


def ratios(result):
    """CPU of each peer as a multiple of weir's, a line a peer, a column a shape."""
    files = {k: v for k, v in result.get("files", {}).items() if "weir" in v["peers"]}
    if not files:
        return []
    labels = {}
    for shape in files.values():
        labels.update({n: p["label"] for n, p in shape["peers"].items() if n != "weir"})
    lines = ["CPU of each, as a multiple of weir's, file to file:", "", "|  | " + " | ".join(TITLES[s] for s in files) + " |",
             "|---" * (len(files) + 1) + "|"]
    for name, label in labels.items():
        cells = [f"{s['peers'][name]['median']['cpu_s'] / s['peers']['weir']['median']['cpu_s']:.2f}" if name in s["peers"] else "-"
                 for s in files.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    sizes = [f"{s['output_bytes'] / r['output_bytes']:.3f}" if (r := files[f]["peers"].get("rust")) else "-"
             for f, s in ((f, files[f]["peers"]["weir"]) for f in files)]
    lines.append("| *weir's output, of Rust's* | " + " | ".join(sizes) + " |")
    return lines + [""]


def more(result):
    lines = []
    if "s3" in result:
        s3, var = result["s3"], result.get("files", {}).get("var", {}).get("peers", {})
        lines += ["S3 to S3 over loopback HTTP, var:", "", *rows_of(s3["peers"], s3["input_bytes"], "weir"), ""]
        if "weir" in var and "weir" in s3["peers"]:
            lines += [f"weir, S3 to S3 less file to file: {s3['peers']['weir']['median']['cpu_s'] - var['weir']['median']['cpu_s']:.2f} s CPU.", ""]
    if "threads" in result:
        t = result["threads"]
        lines += ["Two threads beside one, var, to a file in memory:", "", *rows_of(t["peers"], t["input_bytes"], "weir"), "",
                  f"Throughput of two threads: {t['throughput_ratio']:.2f} of one's.", ""]
    if "linear" in result:
        lines += ["CPU per byte by size, var, less the start:", "", "| input | CPU s | ns a byte |", "|---|---|---|"]
        lines += [f"| {s['input_bytes'] / 1e6:,.0f} MB | {s['median']['cpu_s']:.2f} | {s['ns_per_byte']:.3f} |" for s in result["linear"]["sizes"]]
        spread = result["linear"]["spread"]
        lines += ["", f"Spread: {'-' if spread is None else f'{100 * spread:.1f} %'}; the start: {1000 * result['linear']['start_cpu_s']:.0f} ms.", ""]
    if "small" in result:
        s = result["small"]
        lines += [f"In the CPU share of a function of 128 MB ({100 * s['cpus']:.1f} % of one, by a control group), 150 MB of var, file to file:",
                  "", "|  | wall s | CPU s | peak MB |", "|---|---|---|---|"]
        lines += [f"| {p['label']} | {p['median']['wall_s']:.1f} | {p['median']['cpu_s']:.2f} | {p['median']['rss_mb']:.1f} |"
                  for p in s["peers"].values()] + [""]
    return lines


def markdown(result):
    m = result["machine"]
    lines = [f"{m['cpu']}, {m['cores']} cores, load {m['load']} at the start; medians of {result['runs']} runs in turn; {result['date']}.", "",
             *ratios(result)]
    for shape, s in result.get("files", {}).items():
        lines += [f"{TITLES[shape]}, {s['input_bytes'] / 1e6:.0f} MB, file to file:", "", *rows_of(s["peers"], s["input_bytes"], "weir"), ""]
    lines += more(result)
    for name, why in result["skipped"].items():
        lines.append(f"{name}: skipped: {why}")
    return "\n".join(lines).rstrip() + "\n"


def svg(result):
    """CPU per gigabyte, a bar a peer, by shape; the scale is logarithmic, for Node's sake."""
    groups = [(TITLES[k], v) for k, v in result.get("files", {}).items()]
    if "s3" in result:
        groups.append(("var, S3 to S3", result["s3"]))
    bars = [(title, name, p["label"], p["median"]["cpu_s"] / g["input_bytes"] * 1e9) for title, g in groups for name, p in g["peers"].items()]
    if not bars:
        return None
    wide, left, right, line = 900, 400, 70, 20
    low, top = 10 ** math.floor(math.log10(min(b[3] for b in bars))), max(b[3] for b in bars)
    high = 60 + line * (len(bars) + 2 * len(groups))

    def x(v):
        return left + (wide - left - right) * math.log(v / low) / math.log(top / low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12">',
           f'<rect width="{wide}" height="{high}" fill="white"/>']
    tick = low
    while tick <= top:
        out.append(f'<path d="M{x(tick):.1f} 10V{high - 40}" stroke="#ddd"/>'
                   f'<text x="{x(tick):.1f}" y="{high - 24}" text-anchor="middle">{tick:g}</text>')
        tick *= 10
    y, last = 14, None
    for title, name, label, v in bars:
        if title != last:
            y += line if last else 0
            out.append(f'<text x="8" y="{y + 14}" font-weight="bold">{escape(title)}</text>')
            y, last = y + line, title
        out.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>'
                   f'<rect x="{left}" y="{y + 3}" width="{max(x(v) - left, 1):.1f}" height="14" fill="{COLORS.get(name.split("-f")[0], "#888")}"/>'
                   f'<text x="{x(v) + 5:.1f}" y="{y + 14}">{v:.2f}</text>')
        y += line
    out.append(f'<text x="{(left + wide) / 2}" y="{high - 6}" text-anchor="middle">CPU seconds for a gigabyte of input, user and system '
               f'(logarithmic)</text></svg>\n')
    return "\n".join(out)


def write(result, folder):
    with open(os.path.join(folder, "results.json"), "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    with open(os.path.join(folder, "results.md"), "w") as f:
        f.write(markdown(result))
    plot = svg(result)
    if plot:
        with open(os.path.join(folder, "results.svg"), "w") as f:
            f.write(plot)
