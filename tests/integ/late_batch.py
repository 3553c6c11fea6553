#!/usr/bin/env python3
"""A batch that meets its deadline: late_batch.py WEIR. Five messages; the third's object stops in mid-answer.

The first two must be done, the other three reported, within the function's time: no timeout that fails them all; and nothing of
the third is published.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from s3_fault_server import Fault, Server  # noqa: E402

weir = sys.argv[1]
server = Server()
b = server.bucket("bkt")
for i in range(5):
    b.put(f"uploads/{i}.csv", b"eventId\n" + b"x\n" * 20000)
b.faults = [Fault("GetObject", "stall-answer", nth=3, times=-1, at=7000)]
specs = [f"m{i}=s3://bkt/uploads/{i}.csv" for i in range(5)]
event = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "event.py"), *specs],
                       check=True, capture_output=True).stdout
open("late.event", "wb").write(event)
r = subprocess.run([weir, "invoke", "late.event", "--handler", "validate", "--memory", "10240", "--timeout", "20"],
                   env={**os.environ, **server.environment()}, capture_output=True, text=True, timeout=600)
done = sorted(k for k in b.objects if k.startswith("validations/"))
print(r.stdout, r.stderr, done, sep="\n")
assert r.returncode == 0, r.returncode
failed = [f["itemIdentifier"] for f in json.loads(r.stdout)["batchItemFailures"]]
assert failed == ["m2", "m3", "m4"], failed
assert done == ["validations/0.csv.gz", "validations/1.csv.gz"], done
assert not b.uploads and not b.violations, (b.uploads, b.violations)
assert b.count("GetObject") == 3, b.log
assert r.stderr.count("Function.DeadlineExceeded") == 3
