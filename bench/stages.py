#!/usr/bin/env python3
"""stages.py BUILD IN SCHEMA [IN SCHEMA...]: where the CPU of `weir validate IN --threads 1` goes, by stage, as a table; needs perf.

The medians of three runs. A function belongs to the stage of the file it is in, which the archives of the build tell; what is in the kernel or in a library,
to the stage that calls for it."""
import collections
import os
import re
import statistics
import subprocess
import sys
import tempfile

STAGES = [
    ("deflate and its CRC (ISA-L)", r"^libisal", None),
    ("system: reading, writing, starting", r"^\[kernel|^ld-|^\[unknown", None),
    ("copies, searches (C library)", r"^libc|^libm|^\[vdso", None),
    ("JSON: cells to tapes", None, r"^(tape|names|number|hash)$"),
    ("schema: rows, programs", None, r"^(row|check|check_branches|check_parts|plan|report|unique)$"),
    ("schema: formats, patterns", None, r"^(format\w*|pattern|chain|idna|uri)$"),
    ("CSV: the splitter", None, r"^split$"),
    ("CSV: index and fields", None, r"^(index|fast|reader|exact)$"),
    ("UTF-8", None, r"^utf8$"),
    ("rows in and out", None, r"^(rows|job|problem|tally|outlet|writer|buf|lines)$"),
]
REST = "the rest"


def files_of(build):
    """The file that each function is in; where several have one of that name, the first."""
    files = {}
    for archive in ("libweir.a", "libhandlers.a", "libcli.a"):
        for line in subprocess.run(["nm", "-A", os.path.join(build, archive)], capture_output=True, text=True).stdout.splitlines():
            found = re.match(r".*?:(\w+)\.o:[0-9a-f]+ [tT] (\S+)$", line)
            if found:
                files.setdefault(found[2].split(".")[0], found[1])
    return files


def stage_of(dso, symbol, files):
    own = dso in ("weir", "bootstrap")
    for name, where, which in STAGES:
        if not own and where and re.match(where, dso):
            return name
        if own and which and re.match(which, files.get(symbol.split(".")[0], "")):
            return name
    return REST


def profile(build, source, schema, files):
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        run = [os.path.join(build, "weir"), "validate", source, "--threads", "1", "-o", os.path.join(folder, "out.gz"), "-s", schema]
        done = subprocess.run(["perf", "record", "-q", "-F", "5000", "-o", data, *run], capture_output=True, text=True)
        if done.returncode > 1:
            sys.exit(f"stages: {done.stderr.strip()}")
        report = subprocess.run(["perf", "report", "-i", data, "--stdio", "-F", "overhead,dso,sym", "-t", ";"],
                                capture_output=True, text=True).stdout
    shares = collections.Counter()
    for line in report.splitlines():
        part = [p.strip() for p in line.split(";")]
        if len(part) == 3 and part[0].endswith("%"):
            shares[stage_of(part[1], part[2].split("]")[-1].strip(), files)] += float(part[0][:-1])
    return shares


build, pairs = sys.argv[1], sys.argv[2:]
files = files_of(build)
inputs = list(zip(pairs[::2], pairs[1::2]))
tables = []
for source, schema in inputs:
    three = [profile(build, source, schema, files) for _ in range(3)]
    tables.append({name: statistics.median(t[name] for t in three) for name in [s[0] for s in STAGES] + [REST]})
print("| % of the CPU | " + " | ".join(os.path.basename(s).split(".")[0] for s, _ in inputs) + " |")
print("|---" * (len(inputs) + 1) + "|")
for name in [s[0] for s in STAGES] + [REST]:
    print(f"| {name} | " + " | ".join(f"{t[name]:.1f}" for t in tables) + " |")
