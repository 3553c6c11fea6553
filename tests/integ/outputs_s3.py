#!/usr/bin/env python3
"""Several outputs of one object on S3: do they appear together, in the order that is documented, and not at all when one of them
fails? The server refuses by key and operation, as IAM would.

  outputs_s3.py together CSV MEMORY     a large file in a function of so many MB: peak memory on stdout
  outputs_s3.py faults CSV              each operation of each output refused
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from s3_fault_server import Fault, Server  # noqa: E402

SCRIPT, WEIR, SCHEMA = os.environ.get("SCRIPT", "outputs"), os.environ["WEIR"], os.environ["SCHEMA"]
VALID, INVALID, SUMMARY = "valid/a.csv", "invalid/a.csv", "sums/a.json"
ENV = {"WEIR_OPTIONS": '{"output":"split"}', "WEIR_OUTPUT_KEY": "valid/{stem}.csv", "WEIR_INVALID_KEY": "invalid/{stem}.csv",
       "WEIR_SUMMARY_KEY": "sums/{stem}.json", "WEIR_SCHEMA": SCHEMA}
failures = 0


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


class World:
    def __init__(self, data):
        self.server = Server()
        self.b = self.server.bucket("bkt")
        self.b.put("uploads/a.csv", data)
        self.b.allows = self.allows
        self.refused, self.struck, self.published = lambda op, key: False, 0, []

    def allows(self, op, r):
        no = self.refused(op, r.key)
        self.struck += no
        if op in ("PutObject", "CompleteMultipartUpload") and not no:
            self.published.append(r.key)
        return not no

    def run(self, memory, **env):
        self.published, self.struck = [], 0
        event = subprocess.run([sys.executable, os.path.join(HERE, "event.py"), "m1=s3://bkt/uploads/a.csv"], check=True, capture_output=True).stdout
        with open("event.json", "wb") as f:
            f.write(event)
        settings = [x for k, v in {**ENV, **env}.items() for x in ("--env", f"{k}={v}")]
        r = subprocess.run([WEIR, "invoke", "event.json", "--handler", "validate", "--memory", str(memory), *settings], capture_output=True, text=True, check=False,
                           timeout=900, env={**os.environ, **self.server.environment(), "WEIR_S3_RETRY_BASE_MS": "20"})
        assert r.returncode == 0 and not self.b.violations, (r.returncode, r.stdout, r.stderr, self.b.violations)
        return [f["itemIdentifier"] for f in json.loads(r.stdout)["batchItemFailures"]], r.stderr

    def outputs(self):
        return sorted(k for k in self.b.objects if not k.startswith("uploads/"))


def expected(path):
    """What weir validate makes of it."""
    r = subprocess.run([WEIR, "validate", path, "-o", "valid.csv", "-s", SCHEMA, "--output", "split", "--invalid", "invalid.csv", "--summary", "sum.json", "-q"],
                       capture_output=True, text=True, check=False)
    assert r.returncode == 1, r.stderr


def same(got, path):
    with open(path, "rb") as f:
        return got == f.read()


def together(path, memory):
    expected(path)
    with open(path, "rb") as f:
        w = World(f.read())
    failed, log = w.run(memory)
    o = w.b.objects
    check(not failed and w.outputs() == sorted([VALID, INVALID, SUMMARY]), "three outputs of one object", failed, w.outputs(), *log.splitlines()[-8:])
    check(w.published == [SUMMARY, INVALID, VALID], "they are published in the documented order", w.published)
    check(w.b.count("CreateMultipartUpload") == 2, "two of them were uploads of parts at the same time", w.b.log[-20:])
    check(VALID in o and same(o[VALID].data, "valid.csv") and same(o[INVALID].data, "invalid.csv"), "the same bytes as of weir validate")
    total, one = (json.loads(t) for t in (o[SUMMARY].data, open("sum.json", "rb").read()))
    check(all(total[k] == one[k] for k in ("rows", "valid", "invalid", "keywords", "columns", "bytes_out")), "and the same counts", total, one)
    check("s3://bkt/valid/a.csv, s3://bkt/invalid/a.csv, s3://bkt/sums/a.json {" in log, "the log names all three", log)
    check(not w.b.uploads, "no upload is left open")
    peak = log.rsplit("Max Memory Used: ", 1)[1].split(" ")[0]
    with open("peak", "w", encoding="ascii") as f:
        f.write(peak)


def faults(path):
    """Before anything is published: nothing is there. Where publishing itself is refused: what is documented, and it is told."""
    with open(path, "rb") as f:
        w = World(f.read())
    w.run(int(os.environ.get("MEMORY", "128")))
    w.parts = {k: w.b.objects[k].parts for k in (VALID, INVALID)}
    check(all(n > 1 for n in w.parts.values()), "two outputs have several parts", w.parts)
    w.b.objects = {"uploads/a.csv": w.b.objects["uploads/a.csv"]}
    memory = int(os.environ.get("MEMORY", "128"))
    nothing = [(op, key) for key in (VALID, INVALID) for op in ("CreateMultipartUpload", "UploadPart")] + [("PutObject", SUMMARY)]
    for op, key in nothing:
        w.refused = lambda o, k, op=op, key=key: (o, k) == (op, key)
        failed, log = w.run(memory)
        check(failed == ["m1"] and w.struck and not w.outputs() and not w.b.uploads and not w.published, f"{op} of {key} is refused: the message fails, and there is no output, no upload",
              failed, w.struck, w.outputs(), list(w.b.uploads), *log.splitlines()[-8:])
    for key in (VALID, INVALID):
        left = [w.parts[key]]
        w.refused = lambda o, k, key=key, left=left: (o, k) == ("UploadPart", key) and (left.append(left.pop() - 1) or left[0] <= 0)
        failed, log = w.run(memory)
        check(failed == ["m1"] and w.struck and not w.outputs() and not w.b.uploads and not w.published, f"the last part of {key} is refused: nothing is published before all parts are there",
              failed, w.struck, w.outputs(), list(w.b.uploads), w.published, *log.splitlines()[-8:])
    for key, there in ((INVALID, [SUMMARY]), (VALID, [INVALID, SUMMARY])):
        w.refused = lambda o, k, key=key: (o, k) == ("CompleteMultipartUpload", key)
        failed, log = w.run(memory)
        check(failed == ["m1"] and w.struck and w.outputs() == sorted(there) and not w.b.uploads, f"the completion of {key} is refused: the message fails, without the main output",
              failed, w.struck, w.outputs(), list(w.b.uploads), *log.splitlines()[-8:])
        check(f"{len(there)} of 3 outputs were published before that" in log, "and what is there already is told", *log.splitlines()[-8:])
        for k in there:
            del w.b.objects[k]
    w.refused = lambda o, k: False
    w.b.faults = [Fault("GetObject", "cut-answer", at=18 << 20), Fault("GetObject", "403", times=-1)]
    failed, log = w.run(memory)
    check(failed == ["m1"] and not w.outputs() and not w.b.uploads, "the input breaks off for good: nothing", failed, w.outputs(), *log.splitlines()[-8:])
    w.b.faults = []
    failed, log = w.run(memory)
    check(not failed and w.outputs() == sorted([VALID, INVALID, SUMMARY]), "and the message that comes again makes them all", failed, w.outputs(), *log.splitlines()[-8:])
    w.b.objects = {"uploads/a.csv": w.b.objects["uploads/a.csv"]}
    failed, log = w.run(memory, WEIR_OPTIONS='{"output":"split","fail_fast":3}')
    check(failed == ["m1"] and not w.outputs() and "fail_fast" in log, "the third invalid row is one too many: nothing", failed, w.outputs(), *log.splitlines()[-8:])


if sys.argv[1] == "together":
    together(sys.argv[2], int(sys.argv[3]))
else:
    faults(sys.argv[2])
sys.exit(1 if failures else 0)
