#!/usr/bin/env python3
"""Schemas that objects name, and schemas on S3 that change, against a server that counts what it is asked: rules_s3.py MEMORY."""
import gzip
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from s3_fault_server import Fault, Server  # noqa: E402

SCRIPT, WEIR, MEMORY = os.environ.get("SCRIPT", "rules"), os.environ["WEIR"], sys.argv[1]
RULES = [{"prefix": "uploads/named/", "schemas": {"word": "word.json", "number": "s3://conf/number.json"}},
         {"prefix": "uploads/", "schema": "s3://conf/number.json"}]
NUMBER, WORD = b'{"properties":{"v":{"type":"number"}}}', b'{"properties":{"v":{"pattern":"^[a-z]+$"}}}'
failures = 0


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


server = Server()
b, conf = server.bucket("bkt"), server.bucket("conf")
conf.put("rules.json", json.dumps(RULES).encode())
conf.put("word.json", WORD)
conf.put("number.json", NUMBER)


def run(*keys, name="run", **env):
    """The messages that failed, and the log; message i is for the i-th key, or key and ETag."""
    specs = [f"m{i}=s3://bkt/{key}" for i, key in enumerate(keys)]
    event = subprocess.run([sys.executable, os.path.join(HERE, "event.py"), *specs], check=True, capture_output=True).stdout
    with open(f"{name}.event", "wb") as f:
        f.write(event)
    settings = [x for k, v in {"WEIR_RULES": "s3://conf/rules.json", **env}.items() for x in ("--env", f"{k}={v}")]
    r = subprocess.run([WEIR, "invoke", f"{name}.event", "--handler", "validate", "--memory", MEMORY, *settings], capture_output=True, text=True, check=False,
                       timeout=600, env={**os.environ, **server.environment(), "WEIR_S3_RETRY_BASE_MS": "20"})
    assert not b.violations and not conf.violations, (b.violations, conf.violations)
    return [f["itemIdentifier"] for f in json.loads(r.stdout)["batchItemFailures"]] if r.returncode == 0 else None, r.stderr


def verdicts(stem):
    o = b.objects.get(f"validations/{stem}.csv.gz")
    return o and [line.split(b",")[1].decode() for line in gzip.decompress(o.data).splitlines()[1:]]


# ---- objects that name their schema ----

TABLE = b"v\n1\nabc\n"
for stem, name in (("w", "word"), ("n", "number"), ("none", None), ("other", "rules"), ("place", "word.json"), ("path", "../word"), ("url", "s3://conf/word.json")):
    b.put(f"uploads/named/{stem}.csv", TABLE, **({"x-amz-meta-weir-schema": name} if name else {}))
keys = [f"uploads/named/{s}.csv" for s in ("w", "n", "none", "other", "place", "path", "url")]
failed, log = run(*keys)
check(failed == ["m2", "m3", "m4", "m5", "m6"], "a name of the list is taken; none, another one, a place, a path are not", failed, log)
check((verdicts("named/w"), verdicts("named/n")) == (["false", "true"], ["true", "false"]), "each object is checked by the schema that it names", verdicts("named/w"), verdicts("named/n"))
check("/0/schemas: the object's x-amz-meta-weir-schema is none of these" in log and "../word" not in log, "why is told, and what somebody wrote into the metadata is not", log)
check(sorted(b.objects) == sorted([*keys, "validations/named/w.csv.gz", "validations/named/n.csv.gz"]), "and nothing else is there", sorted(b.objects))
check(b.count("HeadObject") == 7, "one HeadObject for each", b.log)

b.log.clear()
failed, log = run("uploads/named/w.csv@0123456789abcdef")
check(failed == [] and "skipped: replaced since the event" in log and b.count("GetObject") == 0, "an object replaced since the event is left to its own", failed, log)
b.faults = [Fault("HeadObject", "403", times=-1)]
failed, log = run("uploads/named/w.csv")
check(failed == ["m0"] and "HeadObject: 403" in log, "metadata that may not be read: the message fails", failed, log)
b.faults = [Fault("HeadObject", "503")]
failed, log = run("uploads/named/w.csv")
check(failed == [] and b.faults[0].struck == 1, "a server that is busy is asked again", failed, log)
b.faults = []

# ---- schemas that change ----

b.put("uploads/a.csv", TABLE)
conf.log.clear()
failed, log = run("uploads/a.csv", "uploads/a.csv", WEIR_SCHEMA_MAX_AGE_S="86400")
check(failed == [] and conf.count("GetObject") == 3, "the rules and two schemas are read when the function starts, and no more", conf.log)
conf.log.clear()
failed, log = run("uploads/a.csv", "uploads/a.csv", WEIR_SCHEMA_MAX_AGE_S="0")
check(failed == [] and conf.count("GetObject") == 5, "or by each object, if so set", conf.log)
conf.faults = [Fault("GetObject", "403", nth=4, times=-1)]
failed, log = run("uploads/a.csv", WEIR_SCHEMA_MAX_AGE_S="0")
check(failed == ["m0"] and "s3://conf/number.json: 403 AccessDenied" in log, "one that may no longer be read: the message fails", failed, log)
conf.faults = []
conf.put("number.json", b"{" + b" " * (1 << 20) + b"}")
failed, log = run("uploads/a.csv")
check(failed is None and "WEIR_RULES: /0/schemas/number: " in log, "one of more than 1 MiB is an init error", failed, log)
conf.put("number.json", b'{"properties":{"v":{"type":"nmber"}}}')
failed, log = run("uploads/a.csv")
check(failed is None and "/properties/v/type" in log, "so is one that is none, with its pointer", failed, log)
sys.exit(1 if failures else 0)
