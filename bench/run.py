#!/usr/bin/env python3
"""The main job beside its peers: the same input, in turn, medians. Run through ./build.sh bench; docs/BENCH.md says what it tells.

  BENCH_PARTS   of files,s3,threads,linear,small   files: file to file; s3: the same over S3; threads: two beside one;
                linear: CPU per byte by size; small: in the CPU share of a 128 MB function;
                and of start,cp,elb,zip,schema,relay, which are scripts of their own: bench/start.sh, ...
  BENCH_SHAPES  of seed,var,narrow,invalid               invalid: var with 20 % invalid rows
  BENCH_PEERS   of weir,rust,go,node,node-reference,duckdb,qsv
  BENCH_SIZE=157MB BENCH_RUNS=5      the scripts have others, where none is given
  BENCH_LINEAR=15MB,150MB,1500MB BENCH_SMALL_RUNS=1

Leaves results.json, results.md and results.svg in build/bench.
"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

import peers
import report

ROOT = peers.ROOT
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DIR = os.path.join(BUILD, "bench")
MEASURE = os.path.join(DIR, "measure")
EVENTS, NARROW = f"{ROOT}/handlers/validate/events.schema.json", f"{ROOT}/bench/narrow.schema.json"
SHAPES = {"seed": ("seed", "0%", EVENTS), "var": ("var", "0%", EVENTS), "narrow": ("narrow", "0%", NARROW),
          "invalid": ("var", "20%", EVENTS)}
SMALL_CPUS = 128 / 1769  # Lambda: one vCPU at 1,769 MB
CPU_PERIOD_US = 20000    # Lambda's
BUCKET = "weir-bench"


def words(name, default, known=None, pattern=None, what=None):
    """A setting that is a list: each word is one of those known, or looks as it has to."""
    found = [w for w in os.environ.get(name, default).split(",") if w]
    for w in found:
        if known and w not in known:
            sys.exit(f"bench: {name}: there is no {w}: there are {', '.join(known)}")
        if pattern and not re.fullmatch(pattern, w):
            sys.exit(f"bench: {name}: {w} is no {what}")
    if not found:
        sys.exit(f"bench: {name}: empty value")
    return found


def one_word(name, default, pattern, what):
    found = words(name, default, pattern=pattern, what=what)
    if len(found) > 1:
        sys.exit(f"bench: {name}: one is wanted, and not {','.join(found)}")
    return found[0]


COUNT = r"[1-9][0-9]{0,3}", "whole number of 1 to 9999"
BYTES = r"(?=[0-9.]*[1-9])[0-9]+(\.[0-9]+)?([KMGTkmgt]i?)?[Bb]?", "size (150MB, 64KiB)"
wrong = []  # what must not be: a verdict that differs


def say(text):
    print(text, flush=True)


def measured(command, procs=(), env=None, allowed=(0, 1)):
    """What a command used, and what it printed. 1 is a status of weir's: rows are invalid."""
    out = os.path.join(DIR, "measured.json")
    groups = [w for p in procs for w in ("--procs", p)]
    with open(os.path.join(DIR, "measured.err"), "w") as err:
        done = subprocess.run([MEASURE, out, *groups, *command], stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL, env=env)
    if done.returncode not in allowed:
        sys.exit(f"bench: {command[0]} ended with {done.returncode}: " + open(err.name).read()[-2000:])
    with open(out) as f:
        return json.load(f), done.stdout.decode()


def median(runs):
    return {k: round(statistics.median(r[k] for r in runs), 3) for k in runs[0]}


def verdict(peer, printed, truth):
    """Every peer that judges rows has to come to the same verdicts."""
    try:
        found = json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError):
        found = {}
    want = truth if peer.judges else {"rows": truth["rows"]} if "rows" in found else {}
    got = {k: found.get(k) for k in want}
    if got != want:
        wrong.append(f"{peer.name}: {got}, and not {want}")
        say(f"  WRONG {wrong[-1]}")
    return {k: found[k] for k in ("rows", "invalid") if k in found and (k == "rows" or peer.judges)}


def generate(path, shape, size):
    """A file; how many rows it has, and how many of them were made invalid."""
    kind, invalid, _ = SHAPES[shape]
    weir = os.path.join(BUILD, "weir")
    done = subprocess.run([weir, "generate", "-v", "-o", path, "--size", size, "--shape", kind, "--invalid", invalid, "--seed", "1",
                           "--truth", path + ".truth"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("bench: " + done.stderr.strip())
    rows = re.search(r"(\d+) rows", done.stderr + done.stdout)
    truth = {"invalid": sum(1 for _ in open(path + ".truth"))}
    os.remove(path + ".truth")
    if rows:
        truth["rows"] = int(rows[1])
    return {"rows": truth.get("rows"), "invalid": truth["invalid"]}


def in_turn(ready, runs, one):
    """Each peer once, then each again: what changes on the machine changes for all. one(peer) -> (used, result)."""
    used, results = {p.name: [] for p in ready}, {}
    for n in range(1, runs + 1):
        for peer in ready:
            got, results[peer.name] = one(peer)
            used[peer.name].append(got)
            say(f"  {n}  {peer.name:15} {got['cpu_s']:8.2f} s CPU {got['wall_s']:8.2f} s {got['rss_mb']:7.1f} MB")
    return {p.name: {"label": p.label, "note": p.note, "median": median(used[p.name]), "runs": used[p.name], **results[p.name]} for p in ready}


# ---- the parts ----

def part_files(ready, result):
    for shape in CHOSEN_SHAPES:
        source, sink = os.path.join(DIR, "in.csv"), os.path.join(DIR, "out.csv.gz")
        truth = generate(source, shape, SIZE)
        say(f"{shape}: {os.path.getsize(source)} bytes, {truth['rows']} rows, {truth['invalid']} of them invalid")

        def one(peer):
            used, printed = measured(peer.files(source, sink, SHAPES[shape][2]))
            size = os.path.getsize(sink) if os.path.exists(sink) else None
            if os.path.exists(sink):
                os.remove(sink)
            return used, {"verdict": verdict(peer, printed, truth), "output_bytes": size}

        able = [p for p in ready if shape not in p.gives_up]
        result.setdefault("files", {})[shape] = {"input_bytes": os.path.getsize(source), **truth, "peers": in_turn(able, RUNS, one)}
        os.remove(source)


class Function(peers.Weir):
    name, label, judges = "weir-function", "weir: the function (weir invoke)", False

    def objects(self, bucket, key, out_key, schema):
        return [self.program, "invoke", os.path.join(DIR, "event"), "--handler", "validate", "--memory", "128"]


def start_s3():
    server = os.path.join(ROOT, "tests/support/radosgw.sh")
    if not shutil.which("radosgw"):
        raise peers.Skipped("no radosgw")
    subprocess.run([server, "stop", f"{DIR}/rgw"], check=False, stdout=subprocess.DEVNULL)
    shutil.rmtree(f"{DIR}/rgw", ignore_errors=True)
    subprocess.run([server, "start", f"{DIR}/rgw"], check=True)
    text = subprocess.check_output(["bash", "-c", f"source {DIR}/rgw/env && env -0"]).decode()
    return dict(e.split("=", 1) for e in text.split("\0") if "=" in e)


def part_s3(ready, result):
    s3 = ["python3", f"{ROOT}/tests/integ/s3.py"]
    able = [Function(DIR)]
    for peer in ready:
        try:
            say(f"{peer.name}, S3 to S3: being made ready")
            peer.ready_s3()
            able.append(peer)
        except peers.Skipped as why:
            result["skipped"][f"{peer.name}, S3 to S3"] = str(why)
            say(f"{peer.name}, S3 to S3: skipped: {why}")
    try:
        env = start_s3()
        source = os.path.join(DIR, "in.csv")
        truth = generate(source, "var", SIZE)
        subprocess.run([*s3, "mb", BUCKET], check=True, env=env)
        subprocess.run([*s3, "put", BUCKET, "uploads/var.csv", source], check=True, env=env, stdout=subprocess.DEVNULL)
        event = json.loads(subprocess.check_output(["python3", f"{ROOT}/tests/integ/event.py", f"m1=s3://{BUCKET}/uploads/var.csv"]))
        body = json.loads(event["Records"][0]["body"])
        body["Records"][0]["s3"]["object"]["size"] = os.path.getsize(source)  # as S3 says it
        event["Records"][0]["body"] = json.dumps(body)
        with open(os.path.join(DIR, "event"), "w") as f:
            json.dump(event, f)
        say(f"S3 to S3, var: {os.path.getsize(source)} bytes")

        def one(peer):
            key = "validations/var.csv.gz" if isinstance(peer, Function) else f"{peer.name}/var.csv.gz"
            used, printed = measured(peer.objects(BUCKET, "uploads/var.csv", key, EVENTS), env=env)
            if isinstance(peer, Function) and not re.search(r'"batchItemFailures": *\[\]', printed):
                sys.exit("bench: the function failed: " + printed)
            size = subprocess.check_output([*s3, "head", BUCKET, key], env=env).split()[0]
            return used, {"verdict": verdict(peer, printed, truth), "output_bytes": int(size)}

        result["s3"] = {"input_bytes": os.path.getsize(source), **truth, "peers": in_turn(able, RUNS, one)}
        os.remove(source)
    finally:
        subprocess.run([f"{ROOT}/tests/support/radosgw.sh", "stop", f"{DIR}/rgw"], check=False)


class TwoThreads(peers.Weir):
    name, label, threads = "weir-2", "weir, two threads", 2


def part_threads(_, result):
    if len(os.sched_getaffinity(0)) < 2:
        raise peers.Skipped("one processor")
    # The output is in memory: a disk's flush takes as long for two threads as for one.
    source, sink = os.path.join(DIR, "in.csv"), f"/dev/shm/weir-bench-{os.getpid()}.csv.gz"
    truth = generate(source, "var", SIZE)
    outputs = set()

    def one(peer):
        used, printed = measured(peer.files(source, sink, EVENTS))
        outputs.add(subprocess.check_output(["sha256sum", sink]).split()[0])
        os.remove(sink)
        return used, {"verdict": verdict(peer, printed, truth)}

    say("two threads beside one, var")
    try:
        got = in_turn([peers.Weir(DIR), TwoThreads(DIR)], RUNS, one)
    finally:
        if os.path.exists(sink):
            os.remove(sink)
    if len(outputs) != 1:
        wrong.append("the output depends on the threads")
    ratio = got["weir"]["median"]["wall_s"] / got["weir-2"]["median"]["wall_s"]
    result["threads"] = {"input_bytes": os.path.getsize(source), "peers": got, "throughput_ratio": round(ratio, 3)}
    os.remove(source)


def part_linear(_, result):
    source, sink, weir = os.path.join(DIR, "in.csv"), os.path.join(DIR, "out.csv.gz"), peers.Weir(DIR)
    lines = []
    for size in ["1KB", *LINEAR]:  # the first: what the start costs
        truth = generate(source, "var", size)
        got_bytes = os.path.getsize(source)
        runs = []
        for _ in range(RUNS if got_bytes < 1e9 else min(RUNS, 3) if got_bytes < 1e10 else 1):
            used, printed = measured(weir.files(source, sink, EVENTS))
            verdict(weir, printed, truth)
            runs.append(used)
            os.remove(sink)
        lines.append({"input_bytes": got_bytes, "median": median(runs), "runs": runs})
        say(f"  {size:>8} {lines[-1]['median']['cpu_s']:8.3f} s CPU")
        os.remove(source)
    start_s = lines[0]["median"]["cpu_s"]
    for line in lines[1:]:
        line["ns_per_byte"] = round((line["median"]["cpu_s"] - start_s) / line["input_bytes"] * 1e9, 4)
    costs = [line["ns_per_byte"] for line in lines[1:]]
    # None: the sizes are so small that their cost is lost in that of the start.
    spread = round(max(costs) / min(costs) - 1, 4) if min(costs) > 0 else None
    result["linear"] = {"start_cpu_s": start_s, "sizes": lines[1:], "spread": spread}


# The control group of this run, in either version of the interface.
GROUPS = [os.path.join(folder, f"weir-bench-{os.getpid()}") for folder in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup")]


def make_group(cpus):
    """A control group with a quota of CPU time: its folder."""
    quota = int(cpus * CPU_PERIOD_US)
    for group, files in zip(GROUPS, ({"cpu.cfs_period_us": CPU_PERIOD_US, "cpu.cfs_quota_us": quota}, {"cpu.max": f"{quota} {CPU_PERIOD_US}"})):
        try:
            os.mkdir(group)
            for name, value in files.items():
                with open(os.path.join(group, name), "r+") as f:
                    f.write(str(value))
            return group
        except OSError:
            remove_groups()
    raise peers.Skipped("no right to make a control group with a quota")


def remove_groups():
    """Whatever make_group has made, also when it was stopped in the middle; what runs in it is ended."""
    for group in GROUPS:
        until = time.monotonic() + 10  # the kernel lets go of the last process a little later
        while os.path.isdir(group):
            for pid in open(os.path.join(group, "cgroup.procs")).read().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                os.rmdir(group)
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)


def part_small(ready, result):
    source, sink = os.path.join(DIR, "in.csv"), os.path.join(DIR, "out.csv.gz")

    def one(peer):
        used, printed = measured(peer.files(source, sink, EVENTS), procs=[f"{group}/cgroup.procs"])
        if os.path.exists(sink):
            os.remove(sink)
        return used, {"verdict": verdict(peer, printed, truth)}

    try:
        group = make_group(SMALL_CPUS)
        truth = generate(source, "var", SMALL_SIZE)
        say(f"in the CPU share of a function of 128 MB, {SMALL_SIZE} of var, file to file")
        able = [p for p in ready if "var" not in p.gives_up]
        result["small"] = {"input_bytes": os.path.getsize(source), "cpus": round(SMALL_CPUS, 4),
                           "peers": in_turn(able, SMALL_RUNS, one)}
    finally:
        remove_groups()


def script(name, *args):
    """A part that is a script, which prints its own table, and fails when a bound that it names is passed."""
    def part(ready, result):
        say(f"bench/{name}")
        running = subprocess.Popen([f"{ROOT}/bench/{name}", *args], env={**os.environ, "BUILD": BUILD}, start_new_session=True)
        try:
            status = running.wait()
        finally:
            if running.returncode is None:  # stopped: it cleans up, too
                os.killpg(running.pid, signal.SIGTERM)
                running.wait()
        if status != 0:
            wrong.append(f"bench/{name} ended with {status}")
    return part


PARTS = {"files": part_files, "s3": part_s3, "threads": part_threads, "linear": part_linear, "small": part_small,
         "start": script("start.sh", "--runs", os.environ.get("BENCH_RUNS", "15")), "cp": script("cp.sh"), "elb": script("elb.sh"), "zip": script("zip.sh"),
         "schema": script("schema.sh"), "relay": script("relay.sh")}


CHOSEN_PARTS = words("BENCH_PARTS", ",".join(PARTS), known=PARTS)
CHOSEN_SHAPES = words("BENCH_SHAPES", "seed,var,narrow,invalid", known=SHAPES)
CHOSEN_PEERS = words("BENCH_PEERS", ",".join(p.name for p in peers.ALL), known=[p.name for p in peers.ALL])
RUNS = int(one_word("BENCH_RUNS", "5", *COUNT))
SMALL_RUNS = int(one_word("BENCH_SMALL_RUNS", "1", *COUNT))
SIZE = one_word("BENCH_SIZE", "157MB", *BYTES)
SMALL_SIZE = SIZE if "BENCH_SIZE" in os.environ else "150MB"
LINEAR = words("BENCH_LINEAR", "15MB,150MB,1500MB", None, *BYTES)
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def stop(number, _):
    """What a part has begun ends with it: servers, control groups, files."""
    for n in SIGNALS:
        signal.signal(n, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    os.makedirs(DIR, exist_ok=True)
    for n in SIGNALS:
        signal.signal(n, stop)
    for program in (os.path.join(BUILD, "weir"), MEASURE):
        if not os.access(program, os.X_OK):
            sys.exit(f"bench: no {program}: ./build.sh bench makes it")
    result = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "runs": RUNS, "skipped": {}}
    ready = []
    for peer in peers.chosen(CHOSEN_PEERS, DIR):
        try:
            peer.ready()
            ready.append(peer)
        except peers.Skipped as why:
            result["skipped"][peer.name] = str(why)
            say(f"{peer.name}: skipped: {why}")
    for part in CHOSEN_PARTS:
        try:
            PARTS[part](ready, result)
        except peers.Skipped as why:
            result["skipped"][part] = str(why)
            say(f"{part}: skipped: {why}")
        finally:  # also of a part that was stopped
            for name in ("in.csv", "in.csv.truth", "out.csv.gz"):
                if os.path.exists(os.path.join(DIR, name)):
                    os.remove(os.path.join(DIR, name))
        report.write(result, DIR)  # what is there is kept when a later part fails
    say("")
    say(report.markdown(result))
    say(f"{DIR}/results.json, results.md, results.svg")
    if wrong:
        sys.exit("bench: not as it must be:\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    main()
