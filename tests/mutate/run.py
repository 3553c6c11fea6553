#!/usr/bin/env python3
"""Are the tests awake? Small faults are put into a copy of the tree, one by one, and the test that each names must fail.

tests/mutate/run.py [NUMBER...]; make mutate. With --check: only whether each fault fits its file, which check-style asks. The faults are in faults.txt, the copy and the logs in build/mutate. A fault is

    = what is wrong then
    the file
    unit|tsan|integ NAME
     a line that stays, to find the place
    -a line that goes
    +a line that comes

Its lines must be in the file exactly once, and it must compile: a fault that no longer fits its file fails the run, as does one that
nobody sees. A test that hangs, or dies, has seen it.
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join(ROOT, "build", "mutate")
TREE = os.path.join(WORK, "tree")
JOBS = str(os.cpu_count() or 2)
HANGS_S = "120"
# A make of its own: what the one that started this was told is not for it.
ENV = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}


class Fault:
    def __init__(self, number, what, file, test):
        self.number, self.what, self.file = number, what, file
        self.kind, self.test = test.split()
        self.old = self.new = ""


def read_faults():
    faults, head = [], []
    with open(os.path.join(HERE, "faults.txt"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("= "):
                head = [line[2:].strip()]
            elif head and len(head) < 3:
                head.append(line.strip())
                if len(head) == 3:
                    faults.append(Fault(len(faults) + 1, *head))
            elif line[0] in " -" and faults and head:
                faults[-1].old += line[1:]
                faults[-1].new += line[1:] if line[0] == " " else ""
            elif line[0] == "+":
                faults[-1].new += line[1:]
            elif line.strip() and not line.startswith("#"):
                sys.exit(f"mutate: faults.txt: what is this? {line.strip()}")
    return faults


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def copy_tree():
    """The tree's files, those that differ: what was made of the others stays good."""
    there = set()
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [d for d in folders if d not in (".git", "node_modules", "__pycache__") and not d.startswith("build")]
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            there.add(path)
            source, to = os.path.join(ROOT, path), os.path.join(TREE, path)
            if os.path.islink(source):
                continue
            if not os.path.exists(to) or read(to) != read(source):
                write(to, read(source))
                os.chmod(to, os.stat(source).st_mode)
    for folder, folders, files in os.walk(TREE):
        folders[:] = [d for d in folders if not d.startswith("build") and d != "__pycache__"]
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, TREE) not in there:
                os.remove(path)


def run(log, *args, **env):
    with open(log, "ab") as f:
        return subprocess.run(args, cwd=TREE, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                              env={**ENV, **env}).returncode


def folder(kind):
    return "build-tsan" if kind == "tsan" else "build"


def build(log, kind, test):
    make = ["make", "--no-print-directory", "-j" + JOBS]
    if kind == "integ":
        return run(log, *make, "all")
    return run(log, *make, *(["SANITIZE=thread"] if kind == "tsan" else []), f"{folder(kind)}/tests/test_{test}")


def passes(log, kind, test):
    if kind == "integ":
        return run(log, "tests/integ/run.sh", "build", test) == 0
    return run(log, "tests/run-unit.sh", f"{folder(kind)}/tests/test_{test}", UNIT_TIMEOUT_S=HANGS_S, WEIR_BUILD=folder(kind)) == 0


def misfit(fault, whole):
    """Why it cannot be put into this text; None: it can."""
    times = whole.count(fault.old.encode())
    return None if times == 1 else f"its lines are {times} times in {fault.file}"


def try_fault(fault, log):
    """What is wrong with it, or with the tests; None: it was seen."""
    path = os.path.join(TREE, fault.file)
    whole = read(path)
    wrong = misfit(fault, whole)
    if wrong is not None:
        return wrong
    write(path, whole.replace(fault.old.encode(), fault.new.encode()))
    try:
        if build(log, fault.kind, fault.test) != 0:
            return "it does not compile"
        return f"{fault.kind} {fault.test} does not see it" if passes(log, fault.kind, fault.test) else None
    finally:
        write(path, whole)


def check(faults):
    bad = 0
    for f in faults:
        path = os.path.join(ROOT, f.file)
        wrong = misfit(f, read(path) if os.path.exists(path) else b"")
        if wrong is not None:
            print(f"mutate: fault {f.number}, {f.what}: {wrong}", file=sys.stderr)
            bad += 1
    sys.exit(1 if bad else 0)


def main():
    faults = read_faults()
    if sys.argv[1:] == ["--check"]:
        check(faults)
    wanted = [int(a) for a in sys.argv[1:]] or [f.number for f in faults]
    faults = [f for f in faults if f.number in wanted]
    if not faults:
        sys.exit("mutate: no fault has that number")
    os.makedirs(WORK, exist_ok=True)
    copy_tree()
    bad = 0
    for kind, test in sorted({(f.kind, f.test) for f in faults}):
        log = os.path.join(WORK, f"green-{kind}-{test}.log")
        write(log, b"")
        if build(log, kind, test) != 0 or not passes(log, kind, test):
            print(f"not ok - mutate: {kind} {test} fails without a fault: log {log}", flush=True)
            bad += 1
    for f in faults if bad == 0 else []:
        log = os.path.join(WORK, f"{f.number}.log")
        write(log, b"")
        start = time.monotonic()
        wrong = try_fault(f, log)
        bad += wrong is not None
        if wrong is None:
            print(f"ok - {f.number} {f.what} ({f.file}): {f.kind} {f.test}, {time.monotonic() - start:.0f} s", flush=True)
        else:
            print(f"not ok - {f.number} {f.what} ({f.file}): {wrong}: log {log}", flush=True)
    print(f"mutate: {len(faults)} faults, {bad} not seen")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
