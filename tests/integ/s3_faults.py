#!/usr/bin/env python3
"""weir's S3 ends against tests/support/s3_fault_server.py.

  s3_faults.py matrix [--trials N] [--check FILE | --write FILE]
                                           every fault on every operation; FILE is the table in the docs
  s3_faults.py schedules --from SEED --n N [--mb M]
                                           random schedules of faults on a transfer of M MB
  s3_faults.py invoke                      a few faults through the bootstrap (`weir invoke`)

WEIR names the command under test. A trial is one run of it in a bucket of its own. Its outcome is "object" (status 0, every byte
right) or the name of an error (one line on stderr, the destination as it was); whatever else comes of it is a failure, and so
are an upload that is left open without a word, and a request that the server could not verify. Prints `ok` and `not ok` lines.
"""
import argparse
import collections
import concurrent.futures
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import s3_fault_server as server_module  # noqa: E402
from s3_fault_server import Fault, Server  # noqa: E402

WEIR = os.path.abspath(os.environ.get("WEIR", "build/weir"))
SCRIPT = os.environ.get("SCRIPT", "s3-faults")
MIB = 1 << 20
OLD = b"what was there before\n"
PART = 8 * MIB  # weir's part when nothing asks for a larger one
TRIAL_S = float(os.environ.get("WEIR_TRIAL_S", "180"))
failures = 0
lock = threading.Lock()


def ok(text):
    print(f"ok - {SCRIPT}: {text}", flush=True)


def not_ok(text, *lines):
    global failures
    with lock:
        failures += 1
    print(f"not ok - {SCRIPT}: {text}", *(f"#   {line}" for line in lines), sep="\n", flush=True)


def payload(n, seed=0):
    return random.Random(f"{seed}/{n}").randbytes(n)


# ---- one trial ----

class Trial:
    """flow: get (object to file), get-slow (to a pipe that is read late), put (file to object), copy (object to object), archive (of
    all objects below a prefix, by the function)."""

    def __init__(self, server, name, flow, data, faults, env=None):
        self.server, self.name, self.flow, self.data, self.faults = server, name, flow, data, faults
        self.env = env or {}
        self.wrong = []  # what must never be
        self.outcome, self.seed = None, 1

    def run(self, folder, source):
        """source: a file with the data. Sets outcome and wrong."""
        self.bucket = b = self.server.bucket(self.name)
        b.put("src.bin", self.data)
        b.put("dst.bin", OLD)
        b.put("other.bin", b"somebody else's")
        b.faults = self.faults
        dst = os.path.join(folder, f"{self.name}.bin")
        src_s3, dst_s3 = f"s3://{self.name}/src.bin", f"s3://{self.name}/dst.bin"
        if self.flow == "archive":
            command = self.archive(folder)
        else:
            ends = {"get": [src_s3, dst], "get-slow": [src_s3, "-"], "put": [source, dst_s3], "copy": [src_s3, dst_s3]}[self.flow]
            command = [WEIR, "cp", *ends]
        if self.flow == "get":
            with open(dst, "wb") as f:
                f.write(OLD)
        # Where nothing is scripted to stall, a busy machine is not to be taken for that.
        stall_ms = "4000" if any("stall" in f.kind for f in self.faults) else "30000"
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true",
               "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "WEIR_STALL_MS": stall_ms,
               "WEIR_S3_RETRY_BASE_MS": "100", "WEIR_S3_RETRY_SEED": str(self.seed), **self.server.environment(), **self.env}
        if self.server.tls:
            env["AWS_CA_BUNDLE"] = os.path.abspath("tls/ca.pem")
        for keep in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if keep in os.environ:
                env[keep] = os.environ[keep]
        began = time.monotonic()
        child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 stdout=subprocess.PIPE if self.flow in ("get-slow", "archive") else subprocess.DEVNULL)
        try:
            if self.flow == "get-slow":
                self.server.dropped.wait(30)
            out, err = child.communicate(timeout=TRIAL_S)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            self.wrong.append(f"still at work after {TRIAL_S:.0f} s")
        self.seconds = time.monotonic() - began
        self.status, self.err = child.returncode, err.decode("utf-8", "replace")
        if self.flow == "archive":  # what a function says is its answer; stderr has its log
            self.err = "" if self.status == 0 else json.loads(out or b"{}").get("errorMessage", self.err)
        try:
            self.judge(dst, out)
        finally:
            if os.path.exists(dst):
                os.unlink(dst)
            self.server.drop(self.name)

    def archive(self, folder):
        """Objects that are listed in pages of two."""
        self.bucket.page, step = 2, -(-len(self.data) // 5)
        self.entries = {str(i): self.data[i * step:(i + 1) * step] for i in range(5)}
        for name, piece in self.entries.items():
            self.bucket.put(f"many/{name}", piece)
        event = {"bucket": self.name, "key": "dst.bin", "entries": {"prefix": "many/"}}
        return [WEIR, "invoke", write_file(os.path.join(folder, f"{self.name}.json"), json.dumps(event).encode()),
                "--handler", "archive", "--memory", "0"]

    def unzipped(self, data):
        """The data that an archive was made of, if it is whole."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as z:
                return self.data if {i.filename: z.read(i) for i in z.infolist()} == self.entries else data
        except zipfile.BadZipFile:
            return data

    def result(self, dst, out):
        """What is at the destination: "new", "old", "none" or "partial"."""
        if self.flow == "get-slow":
            return "new" if out == self.data else "old" if self.data.startswith(out) else "partial"
        if self.flow == "get":
            if not os.path.exists(dst):
                return "none"
            with open(dst, "rb") as f:
                got = f.read()
        else:
            obj = self.bucket.objects.get("dst.bin")
            got = obj.data if obj else None
            got = self.unzipped(got) if self.flow == "archive" and got else got
        return "none" if got is None else "new" if got == self.data else "old" if got == OLD else "partial"

    def judge(self, dst, out):
        b, got, lines = self.bucket, self.result(dst, out), self.err.splitlines()
        self.uploads_left = len(b.uploads)
        if b.violations:
            self.wrong.append(f"requests that cannot be verified: {b.violations[:3]}")
        if any(n.startswith(".weir-") and f"{self.name}" in n for n in os.listdir(os.path.dirname(dst))):
            self.wrong.append("a temporary file is left")
        if b.objects["other.bin"].data != b"somebody else's":
            self.wrong.append("another object was touched")
        if got == "partial" or got == "none":
            self.wrong.append(f"the destination is {got}")
        if self.status == 0:
            self.outcome = "object"
            if got != "new":
                self.wrong.append(f"status 0, and the destination is {got}")
            if lines:
                self.wrong.append(f"status 0, and stderr says {lines[:2]}")
        else:
            told = re.search(r"published", self.err)  # a doubt that is told
            self.outcome = error_name(self.err) + (" (may be published)" if told else "")
            if self.outcome.startswith(NAMELESS):
                self.wrong.append(f"an error that has no name here: {lines[-1:]}")
            if got == "new" and not told:
                self.wrong.append("an error, and the object is there without a word")
            statuses, start = ((1,), "s3: ") if self.flow == "archive" else ((2, 3), "weir: cp: ")
            if self.status not in statuses or not lines or len(lines) > 2 or not all(x.startswith(start) for x in lines):
                self.wrong.append(f"status {self.status}, and stderr says {lines[:4]}")
        if b.uploads and not re.search(r"may be left|is left|left open", self.err):
            self.wrong.append(f"{len(b.uploads)} open upload(s), without a word")

    def story(self):
        log = " ".join(f"{op}{'#' + part if part else ''}{'!' + kind if kind else ''}={status}" for op, part, kind, status in self.bucket.log[-40:])
        return [f"faults: {self.faults}", f"status {self.status} after {self.seconds:.1f} s: {self.err.strip()}", f"requests: {log}"]


NAMELESS = "without a name"
NAMES = [
    (r"changed|replaced|no longer", "changed"),
    (r"cut off", "cut off"),
    (r"checksum|crc", "checksum"),
    (r": ([1-5]\d\d) ([A-Z][A-Za-z]+)", None),
    (r"Content-Range|range", "wrong range"),
    (r"ETag", "no ETag"),
    (r"upload id", "no upload id"),
    (r"stall|timed? ?out|nothing moved|within", "stalled"),
    (r"connection|broken pipe|ended after|without headers|reset|refused|empty|closed|recv|send|failure when|transfer|bytes of \d+|bytes missing|remaining", "connection"),
    (r": ([1-5]\d\d)($|, after)", None),
]


def error_name(text):
    lines = text.strip().splitlines()
    for line in lines[-1:]:
        for pattern, name in NAMES:
            m = re.search(pattern, line, re.I if name else 0)
            if m:
                return name or f"{m.group(1)} {m.group(2)}".removesuffix(", after").strip()
    return NAMELESS


def run_all(trials, threads, files):
    """files: {id(data): path}. Yields each trial when it is done."""
    folder = tempfile.mkdtemp(prefix="trials-", dir=".")
    try:
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            def one(make):
                t = make()
                t.run(folder, files.get(id(t.data), ""))
                return t
            for done in concurrent.futures.as_completed([pool.submit(one, m) for m in trials]):
                yield done.result()
    finally:
        shutil.rmtree(folder)


def prepared(n):
    """A payload of n bytes and the file that has it. The sums of it and of its parts are reckoned here, once and alone."""
    data = payload(n)
    for p in [data] + [data[i:i + PART] for i in range(0, n, PART)]:
        server_module.verify.checksum("crc64nvme", p)
    return data, write_file(f"payload-{n}", data)


def both_servers():
    """Over plain HTTP a payload is signed; over TLS it is not, and the checksums alone speak for it."""
    os.makedirs("tls", exist_ok=True)
    subprocess.run([os.path.join(HERE, "..", "support", "certificate.sh"), "tls"], check=True, capture_output=True)
    return [Server(), Server(("tls/tls.crt", "tls/tls.key"))]


def write_file(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return os.path.abspath(name)


# ---- the matrix ----

OBJECTS = "HeadObject GetObject GetRange PutObject CreateMultipartUpload UploadPart CompleteMultipartUpload AbortMultipartUpload".split()
LISTS = ["ListMultipartUploads", "ListObjects"]
ALL = OBJECTS + LISTS
SHORT = {"HeadObject": "Head", "GetObject": "Get", "GetRange": "Get by 3", "PutObject": "Put", "CreateMultipartUpload": "Create", "UploadPart": "Part",
         "CompleteMultipartUpload": "Complete", "AbortMultipartUpload": "Abort", "ListMultipartUploads": "List uploads", "ListObjects": "List"}
GETS = ["GetObject", "GetRange"]  # by one connection, and by three
BODY_SENT = ["PutObject", "UploadPart", "CompleteMultipartUpload"]
WRITES = ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"]
WITH_ID = ["UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"]
APPLIES = {
    "cut-request": BODY_SENT, "stall-request": BODY_SENT, "lost": WRITES, "500-done": WRITES,
    "cut-answer": ["HeadObject", *GETS, "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"],
    "stall-answer": [*GETS, "CreateMultipartUpload", "CompleteMultipartUpload"],
    "409": WRITES, "412": [*GETS, "PutObject", "CompleteMultipartUpload"], "bad-digest": BODY_SENT, "no-upload": WITH_ID,
    "no-key": ["HeadObject", *GETS], "timeout": OBJECTS[1:],
    "error-in-200": ["CreateMultipartUpload", "CompleteMultipartUpload"], "garbage": ["CreateMultipartUpload", "CompleteMultipartUpload"],
    "no-etag": [*GETS, "UploadPart"], "wrong-checksum": GETS,
    "no-checksum": ["HeadObject", *GETS], "flipped": GETS, "wrong-range": GETS,
    "ignore-range": GETS, "changed": GETS, "long": GETS, "drop-paused": GETS, "no-token": [],
}
ON_LISTS = {"cut-answer", "stall-answer", "timeout", "error-in-200", "garbage", "no-token"}  # beside what applies to all
RANGE, SLOT = MIB, 576 << 10  # the smallest range, and WEIR_S3_READ_SLOT_BYTES, which it takes beside its bytes
ALWAYS_ONLY_ONCE = {"drop-paused", "changed"}  # what struck every time is the same, or never ends
# Whether the client had sent all of the body when the reset came is a race; a body that was not sent whole cannot have been published.
RACES = {(-1, kind, "PutObject"): {"connection", "connection (may be published)"} for kind in ("reset", "cut-request")}


def operations_for(kind):
    return APPLIES.get(kind, OBJECTS) + (LISTS if kind in ON_LISTS or kind not in APPLIES else [])


def flow_for(op, kind):
    """(flow, size, further faults) in which the operation happens"""
    if op == "GetRange":
        return "get-slow" if kind == "drop-paused" else "get", 6 * MIB, []
    if op == "GetObject":
        return ("get-slow", 6 * MIB, []) if kind == "drop-paused" else ("get", 3 * MIB, [])
    if op == "PutObject":
        return "put", 100_000, []
    if op == "ListObjects":
        return "archive", 100_000, []
    first = []
    if op == "ListMultipartUploads":  # asked when a create's answer was lost
        first = [("CreateMultipartUpload", "lost", 1, 1)]
    if op == "HeadObject" and "checksum" in kind:  # whose is what is there? (its ETag is no MD5)
        return "put", 100_000, [("PutObject", "500-done", 1, -1)]
    if op == "HeadObject":  # asked when a completion's answer was lost
        first = [("CompleteMultipartUpload", "lost", 1, 1)]
    if op == "AbortMultipartUpload":  # after a part that is refused for good
        first = [("UploadPart", "403", 2, -1)]
    return "put", PART + MIB, first


def by_connections(n):
    """So that the objects of the tests have many ranges."""
    return {"WEIR_S3_READ_CONNECTIONS": str(n), "WEIR_S3_READ_BUDGET_BYTES": str(n * (RANGE + SLOT))} if n > 1 else {}


def matrix_trials(servers, trials, files):
    makes, n = [], 0
    for kind in server_module.KINDS:
        for op in operations_for(kind):
            flow, size, first = flow_for(op, kind)
            data = files[size]
            for times in (1,) if kind in ALWAYS_ONLY_ONCE else (1, -1):
                for i in range(trials):
                    nth = 2 if op in ("UploadPart", "ListObjects") and i % 2 else 1
                    if op == "GetRange" and kind != "drop-paused":
                        nth = (2, 1, 5)[i % 3]  # a range that waits; the first one, before the others are asked for; a later one
                    rng = random.Random(f"{kind}/{op}/{times}/{i}")
                    at = None if i == 0 else rng.randrange(1, 60_000 if flow == "put" else 200 if flow == "archive" else RANGE if op == "GetRange" else size)
                    n += 1
                    faults = [Fault(o, k, nt, t) for o, k, nt, t in first] + [
                        Fault("GetObject" if op == "GetRange" else op, kind, nth, times, at if kind in BYTES else None)]

                    def make(name=f"m{n}", flow=flow, data=data, faults=faults, kind=kind, op=op, times=times, server=servers[n % len(servers)]):
                        t = Trial(server, name, flow, data, faults, by_connections(3) if op == "GetRange" else None)
                        t.cell = (times, kind, op)
                        return t
                    makes.append((times == 1 or op not in SLOW, make))
    return [make for _, make in sorted(makes, key=lambda m: m[0])]


SLOW = {"AbortMultipartUpload", "ListMultipartUploads"}  # tried for a minute when struck every time: they begin first
BYTES = {"cut-request", "cut-answer", "stall-request", "stall-answer", "flipped", "changed"}


def table(cells, times):
    lines = ["| fault | " + " | ".join(SHORT[o] for o in ALL) + " |", "|---|" + "---|" * len(ALL)]
    for kind in server_module.KINDS:
        row = [" or ".join(sorted(cells[(times, kind, o)])) if (times, kind, o) in cells else "" for o in ALL]
        if any(row):
            lines.append(f"| `{kind}` | " + " | ".join(row) + " |")
    return lines


def document(cells, counts):
    total, least, most = sum(counts.values()), min(counts.values()), max(counts.values())
    in_a_cell = least if least == most else f"{least} to {most}"
    out = ["# S3 under faults", "",
           "Written by `tests/integ/s3_faults.py matrix --write`, checked by every run of the tests. Each cell is the outcome of",
           "`weir cp` when the fault strikes the operation: **object**: status 0 and every byte is right; else the error's name:",
           "one line on stderr, status 2 or 3, and the destination is as it was. In no trial was anything partial, or an upload left",
           "open without a word about it. `HeadObject` is asked after a completion whose answer was lost, `AbortMultipartUpload` after a part",
           "that was refused (so an error is its good outcome), *List uploads* after a creation whose answer was lost, and *List* by the",
           "function `archive`, of five objects in pages of two (its error is its answer). *Get by 3*: an object of six ranges, read by",
           "three connections; the fault strikes the first answer, a range that waits for its turn, or a later one. *may be published*:",
           "and a line before says that the object may be there.", "",
           f"Trials: {total}, {in_a_cell} in a cell, in turn over plain HTTP and over TLS.", "",
           "## The fault strikes once", "", *table(cells, 1), "", "## The fault strikes every time", "", *table(cells, -1), "",
           "## The faults", "", "| fault | what happens |", "|---|---|"]
    out += [f"| `{k}` | {v} |" for k, v in server_module.KINDS.items()]
    return "\n".join(out) + "\n"


def matrix(a):
    sizes = {3 * MIB, 6 * MIB, 100_000, PART + MIB}
    files, paths = {}, {}
    for n in sizes:
        files[n], path = prepared(n)
        paths[id(files[n])] = path
    servers = both_servers()
    cells, counts, bad = collections.defaultdict(set), collections.Counter(), 0
    began = time.monotonic()
    for t in run_all(matrix_trials(servers, a.trials, files), a.threads, paths):
        cells[t.cell].add(t.outcome)
        counts[t.cell] += 1
        struck = t.faults[-1].struck
        if t.wrong:
            bad += 1
            not_ok(f"{t.cell[1]} on {t.cell[2]}, {'once' if t.cell[0] == 1 else 'always'}: {'; '.join(t.wrong)}", *t.story())
        if not struck:
            cells[t.cell] = {"not asked"}
        elif t.outcome in RACES.get(t.cell, ()):
            cells[t.cell] |= RACES[t.cell]
        if a.verbose:
            print(f"# {t.cell} {t.outcome} {t.seconds:.1f} s struck {struck}", *t.story(), sep="\n#   ", flush=True)
    print(f"# {sum(counts.values())} trials in {time.monotonic() - began:.0f} s, {bad} wrong", flush=True)
    if not bad:
        ok(f"{sum(counts.values())} trials of {len(counts)} faults on operations: the exact object or a named error, each time")
    text = document(cells, counts)
    if a.write:
        with open(a.write, "w") as f:
            f.write(text)
    if a.check:
        check_document(a.check, text)


def check_document(name, text):
    """The committed table says the same. An outcome that it does not name is a change; of two that it names one may come."""
    def rows(t):
        section = None
        for line in t.splitlines():
            section = line if line.startswith("## ") else section
            if line.startswith("| `") and "strikes" in (section or ""):
                cells = [c.strip() for c in line.strip("|").split("|")]
                for op, cell in zip(ALL, cells[1:]):
                    yield (section, cells[0], op), set(cell.split(" or ")) - {""}
    with open(name) as f:
        committed = dict(rows(f.read()))
    now = dict(rows(text))
    other = [f"{k}: {' or '.join(sorted(v)) or 'nothing'}, the table says {' or '.join(sorted(committed.get(k, []))) or 'nothing'}"
             for k, v in now.items() if not v <= committed.get(k, set()) or (committed.get(k) and not v)]
    other += [f"{k}: only in the table" for k in committed if k not in now]
    if other:
        not_ok(f"{os.path.basename(name)} is not what happens: write it anew with --write", *other[:20])
    else:
        ok(f"{os.path.basename(name)} is what happens ({len(now)} cells)")


# ---- schedules ----

TRANSIENT = "reset reset-late cut-request lost cut-answer 500 500-done 503 429 timeout bad-digest region skew error-in-200 garbage no-etag " \
            "wrong-checksum flipped wrong-range ignore-range long".split()
FATAL = "403 409 412 expired no-upload no-key changed".split()


def schedule(seed, size):
    """The flow and the faults of a seed. Most are of the kind that passes, few are not."""
    rng = random.Random(f"schedule/{seed}")
    flow = rng.choice(["get", "put", "copy"])
    ops = {"get": ["GetObject"], "put": [], "copy": ["GetObject"]}[flow]
    if flow != "get":
        ops += ["CreateMultipartUpload", "CompleteMultipartUpload", "HeadObject", "AbortMultipartUpload", "ListMultipartUploads"] + ["UploadPart"] * 5
    faults = []
    for _ in range(rng.randint(1, 6)):
        op = rng.choice(ops)
        kinds = [k for k in (FATAL if rng.random() < 0.08 else TRANSIENT) if op in APPLIES.get(k, OBJECTS + ["ListMultipartUploads"])]
        kind = rng.choice(kinds)
        nth = rng.randint(1, {"UploadPart": 10, "GetObject": 4}.get(op, 2))
        times = rng.choice([1, 1, 1, 2, 3]) if kind not in ("region", "skew") else 1
        length = size if op == "GetObject" else PART if op == "UploadPart" else 200
        at = rng.choice([0, 1, rng.randrange(length), rng.randrange(length), length - 1]) if kind in BYTES else None
        faults.append(Fault(op, kind, nth, times, at))
    return flow, faults


def connections(seed):
    """How many read the object of a seed: the faults of a seed are the same as before there were several."""
    return random.Random(f"connections/{seed}").choice([1, 1, 2, 4])


def schedules(a):
    size = a.mb * 1000 * 1000
    data, path = prepared(size)
    files = {id(data): path}
    servers = both_servers()
    outcomes, wrong, struck, began = collections.Counter(), 0, 0, time.monotonic()

    def make(seed):
        def m():
            flow, faults = schedule(seed, size)
            t = Trial(servers[seed % 2], f"r{seed}", flow, data, faults, by_connections(connections(seed)))
            t.seed = seed
            return t
        return m
    for n, t in enumerate(run_all([make(s) for s in range(a.first, a.first + a.n)], a.threads, files)):
        outcomes[t.outcome] += 1
        struck += sum(f.struck for f in t.faults)
        if t.wrong:
            wrong += 1
            not_ok(f"seed {t.seed} ({t.flow}): {'; '.join(t.wrong)}", f"again: s3_faults.py schedules --from {t.seed} --n 1 --mb {a.mb}", *t.story())
        if a.verbose:
            print(f"# seed {t.seed} {t.flow} {t.outcome} {t.seconds:.1f} s", *t.story(), sep="\n#   ", flush=True)
        if n % 100 == 99:
            print(f"# {n + 1} schedules, {wrong} wrong, {time.monotonic() - began:.0f} s", flush=True)
    print(f"# {a.n} schedules on {a.mb} MB, seeds {a.first}..{a.first + a.n - 1}: {struck} faults struck; " +
          ", ".join(f"{k} {v}" for k, v in outcomes.most_common()), flush=True)
    if not wrong:
        ok(f"{a.n} random schedules on {a.mb} MB: {outcomes['object']} exact objects, {a.n - outcomes['object']} named errors, nothing wrong")


# ---- through the bootstrap ----

INVOKE = [  # what strikes, and whether the object must be there in the end
    ([], True),
    ([("GetObject", "cut-answer", 1, 1)], True),
    ([("GetObject", "changed", 1, 1)], False),
    ([("UploadPart", "500", 1, 1)], True),
    ([("UploadPart", "500", 1, -1)], False),
    ([("CreateMultipartUpload", "lost", 1, -1)], False),
    ([("CompleteMultipartUpload", "lost", 1, 1)], True),
    ([("CompleteMultipartUpload", "error-in-200", 1, -1)], False),
]


def invoke_env(server):
    return {**os.environ, **server.environment(), "WEIR_S3_RETRY_BASE_MS": "100", "LC_ALL": "C.UTF-8"}


def invoke(a):
    """The function, with an output of several parts: each message is done and its object exact, or it failed and there is none."""
    server, schema = Server(), os.path.join(os.path.dirname(WEIR), "events.schema.json")
    subprocess.run([WEIR, "generate", "-o", "in.csv", "--size", "12MB", "--seed", "7", "--invalid", "1%"], check=True)
    subprocess.run([WEIR, "validate", "in.csv", "-o", "want.csv", "-s", schema], stdout=subprocess.DEVNULL, check=False)
    data, want = open("in.csv", "rb").read(), open("want.csv", "rb").read()
    for n, (faults, must) in enumerate(INVOKE):
        b = server.bucket(f"invoke-{n}")
        b.put("uploads/in.csv", data)
        b.faults = [Fault(*f) for f in faults]
        event = subprocess.run([sys.executable, os.path.join(HERE, "event.py"), f"m1=s3://{b.name}/uploads/in.csv"],
                               stdout=subprocess.PIPE, check=True).stdout
        write_file("event.json", event)
        run = subprocess.run([WEIR, "invoke", "event.json", "--handler", "validate", "--memory", str(a.memory),
                              "--env", "WEIR_OUTPUT_KEY=validations/{stem}.csv"],
                             env=invoke_env(server), capture_output=True, timeout=TRIAL_S, check=False)
        failed = json.loads(run.stdout or b'{"batchItemFailures":[{}]}')["batchItemFailures"]
        obj = b.objects.get("validations/in.csv")
        told = b"published" in run.stderr
        wrong = [w for w, is_so in {
            f"the output is not exact ({len(obj.data) if obj else 0} bytes)": obj is not None and obj.data != want,
            "done, without an output": not failed and obj is None,
            "failed, with an output and without a word": failed and obj is not None and not told,
            "an upload is left open": b.uploads,
            f"not verified: {b.violations[:3]}": b.violations,
            f"what did not strike: {b.faults}": not all(f.struck for f in b.faults),
            "it should have been done": must and failed,
            "it should have failed": must is False and not failed,
        }.items() if is_so]
        name = f"invoke, {', '.join(':'.join(map(str, f[:2])) for f in faults) or 'no fault'}"
        if wrong:
            not_ok(f"{name}: {'; '.join(wrong)}", *run.stderr.decode("utf-8", "replace").splitlines()[-6:])
        else:
            ok(f"{name}: {('failed, and the log says that it may be there' if obj else 'failed, and nothing is there') if failed else 'done, and every byte is right'}")
        server.drop(b.name)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="verb", required=True)
    m = sub.add_parser("matrix")
    m.add_argument("--trials", type=int, default=1)
    m.add_argument("--check")
    m.add_argument("--write")
    m.set_defaults(run=matrix)
    s = sub.add_parser("schedules")
    s.add_argument("--from", dest="first", type=int, default=1)
    s.add_argument("--n", type=int, default=50)
    s.add_argument("--mb", type=int, default=64)
    s.set_defaults(run=schedules)
    i = sub.add_parser("invoke")
    i.add_argument("--memory", type=int, default=128)
    i.set_defaults(run=invoke)
    for p, threads in ((m, 24), (s, 6)):
        p.add_argument("--threads", type=int, default=threads)
        p.add_argument("--verbose", action="store_true")
    a = ap.parse_args()
    a.run(a)
    for broken in [b for s in Server.all for b in s.broken][:3]:
        not_ok("the fault server itself failed", *broken.splitlines())
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
