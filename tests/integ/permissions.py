#!/usr/bin/env python3
"""Does each function's role in template.yaml allow what its code asks of S3, and nothing else?

The functions run with the template's settings against the fault server, which judges each request by the function's own role, as
IAM would; faults bring out what is asked only when something goes wrong. What was asked, and what Lambda itself needs for what the
template sets up, is then held against the role, both ways. The sources are read, too: they make no other request than these.

  permissions.py TEMPLATE [--memory MB]
"""
import argparse
import collections
import glob
import gzip
import json
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import s3_fault_server as s3  # noqa: E402
import template as cfn  # noqa: E402

SCRIPT = os.environ.get("SCRIPT", "permissions")
WEIR = os.environ["WEIR"]
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
failures = 0

# An operation of S3: its method; the action that it takes, on the bucket or on the object (S3 API reference, "Required
# permissions"); and those that it takes beside where objects are encrypted with a key of KMS.
READ, WRITE, PARTS = ["kms:Decrypt"], ["kms:GenerateDataKey"], ["kms:GenerateDataKey", "kms:Decrypt"]
OPERATIONS = {
    "GetObject": ("GET", "s3:GetObject", "object", READ),
    "HeadObject": ("HEAD", "s3:GetObject", "object", READ),
    "PutObject": ("PUT", "s3:PutObject", "object", WRITE),
    "CreateMultipartUpload": ("POST", "s3:PutObject", "object", PARTS),
    "UploadPart": ("PUT", "s3:PutObject", "object", PARTS),
    "CompleteMultipartUpload": ("POST", "s3:PutObject", "object", PARTS),
    "AbortMultipartUpload": ("DELETE", "s3:AbortMultipartUpload", "object", []),
    "ListMultipartUploads": ("GET", "s3:ListBucketMultipartUploads", "bucket", []),
    "ListObjectsV2": ("GET", "s3:ListBucket", "bucket", []),
}
FORM = (None, "s3:PutObject", "object", WRITE)  # an upload by form, which somebody else sends


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


# ---- what the code asks ----

class World:
    """A function with the template's settings, its role, and a server that keeps to it."""

    def __init__(self, template, function, memory):
        self.t, self.function, self.memory = template, function, memory
        self.role, self.server, self.asked, self.denied = template.role(function), s3.Server(), set(), []
        self.bucket = self.server.bucket(template.ref("ElbLogsBucket" if function == "ElbLogsFunction" else "Bucket"))
        self.bucket.allows = self.allows
        self.arn = "arn:aws:s3:::" + self.bucket.name

    def wants(self, op, key, versioned=False):
        _, action, where, kms = FORM if op == "form" else OPERATIONS[op]
        if versioned:
            action += "Version"
        yield action, self.arn + ("/" + key if where == "object" else "")
        if self.function != "ElbLogsFunction":
            yield from ((a, KEY) for a in kms)

    def allows(self, op, request):
        known = {"ListObjects": "ListObjectsV2"}.get(op, op)
        wanted = set(self.wants(known, request.key, "versionId" in request.query))
        if op == s3.operation(request):  # else it is the server's own question
            self.asked |= wanted
            self.denied += [f"{known}: {a} on {r}" for a, r in sorted(wanted) if not self.role.allows(a, r)]
        return all(self.role.allows(a, r) for a, r in wanted)

    def run(self, event, *faults, settings=()):
        """The answer, or None when it is an error; and the log."""
        self.bucket.faults = [s3.Fault(*f) for f in faults]
        self.bucket.uploads.clear()
        with open("event.json", "w", encoding="utf-8") as f:
            json.dump(event, f)
        properties = self.t.functions[self.function]
        env = [x for k, v in [*self.t.environment(self.function).items(), *settings] for x in ("--env", f"{k}={v}")]
        done = subprocess.run(
            [WEIR, "invoke", "event.json", "--handler", properties["Handler"], "--memory", str(self.memory), *env], capture_output=True, check=False,
            env={**os.environ, **self.server.environment(), "WEIR_S3_RETRY_BASE_MS": "20"}, timeout=600)
        assert not self.bucket.violations, self.bucket.violations
        return json.loads(done.stdout) if done.returncode == 0 else None, done.stderr.decode("utf-8", "replace") + done.stdout.decode()

    def case(self, good, text, result, must=True):
        """One run: it ended as it should, and nothing was denied."""
        answer, log = result
        unseen = [repr(f) for f in self.bucket.faults if not f.struck]
        check(good(answer) == must and not self.denied and not unseen, f"{self.function}: {text}", *(f"denied: {d}" for d in self.denied),
              *(f"did not strike: {u}" for u in unseen), f"answer: {answer}", *log.splitlines()[-8:])
        self.denied.clear()


def sqs(bucket, key, version=None):
    obj = {"key": key, "sequencer": "0055AED6DCD90281E5", **({"versionId": version} if version else {})}
    body = {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "2026-01-15T09:30:00.000Z",
                         "eventName": "ObjectCreated:Post", "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": obj}}]}
    return {"Records": [{"messageId": "m1", "receiptHandle": "h", "body": json.dumps(body), "attributes": {"ApproximateReceiveCount": "1"},
                         "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q", "awsRegion": "us-east-1"}]}


def done(answer):
    return answer == {"batchItemFailures": []}


def made(answer):
    return answer is not None and answer.get("bytes", 0) > 0


def rows(n):
    """A table that does not compress below one part of an upload"""
    return b"eventId\n" + b"".join(b"%s\n" % random.Random(i).randbytes(45).hex().encode() for i in range(n))


LOST = ("PutObject", "lost", 1, -1), ("CreateMultipartUpload", "lost"), ("CompleteMultipartUpload", "lost", 1, -1)
REFUSED = ("UploadPart", "403", 1, -1)


def validate(w):
    b, big, small = w.bucket, rows(220000), rows(10)
    b.put("schemas/orders.json", b'{"type":"object","properties":{"eventId":{"type":"string"}}}')
    b.put("rules/rules.json", json.dumps([{"prefix": "uploads/", "suffix": ".csv"}, {"prefix": "uploads/", "schema": "s.json", "options": {"output": "split"},
          "summary_key": "validations/{stem}.json", "schemas": {"x": "s.json"}}]).encode())
    b.put("rules/s.json", b'{"properties":{"eventId":{"const":"1"}}}')
    for key, data in (("uploads/a.csv", small), ("uploads/big.csv", big), ("uploads/a.txt", small)):
        b.put(key, data)
    event, event_big = sqs(b.name, "uploads/a.csv"), sqs(b.name, "uploads/big.csv")
    w.case(done, "a file", w.run(event))
    check(b"eventId,valid,errors" in gzip.decompress(b.objects["validations/a.csv.gz"].data), f"{w.function}: and its output is where the role lets it be")
    w.case(done, "a version of a file", w.run(sqs(b.name, "uploads/a.csv", "v1")))
    w.case(done, "all answers to its output are lost", w.run(event, LOST[0]))
    w.case(done, "an output of several parts", w.run(event_big))
    check(b.count("UploadPart") > 1, f"{w.function}: which it was", b.log[-8:])
    w.case(done, "the answer to its beginning is lost", w.run(event_big, LOST[1]))
    w.case(done, "all answers to its completion are lost", w.run(event_big, LOST[2]))
    w.case(done, "a part is refused: the message fails", w.run(event_big, REFUSED), must=False)
    check(not b.uploads, f"{w.function}: and no upload is left open")
    w.case(done, "a file that is gone: the message fails", w.run(sqs(b.name, "uploads/gone.csv")), must=False)
    w.case(done, "a file that another rule takes", w.run(sqs(b.name, "uploads/a.txt")))
    w.case(done, "a version of it", w.run(sqs(b.name, "uploads/a.txt", "v1")))
    check({"validations/a.txt.csv.gz", "validations/a.txt.invalid.csv.gz", "validations/a.txt.json"} <= set(b.objects),
          f"{w.function}: and its outputs are where the role lets them be", sorted(b.objects))


def elb_logs(w):
    b, key = w.bucket, "AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/01/15/123456789012_elasticloadbalancing_us-east-1_front_x.log"
    b.put(key, subprocess.run([sys.executable, os.path.join(HERE, "..", "support", "elb_lines.py"), "20"], stdout=subprocess.PIPE, check=True).stdout)
    state = f"weir-state/{key}.json"

    def left_off():
        b.put(state, json.dumps({"bucket": b.name, "key": key, "etag": "", "offset": 100}).encode())
    w.case(done, "a log", w.run(sqs(b.name, key)))
    w.case(done, "a version of a log", w.run(sqs(b.name, key, "v1")))
    left_off()
    w.case(done, "a log that was left off", w.run(sqs(b.name, key)))
    check(json.loads(b.objects[state].data)["offset"] == 0, f"{w.function}: and its state is written where the role lets it be", b.objects[state].data)
    left_off()
    w.case(done, "all answers to its state are lost", w.run(sqs(b.name, key), LOST[0]))


def archive(w):
    b, small = w.bucket, {"bucket": w.bucket.name, "key": "archives/day.zip", "entries": ["uploads/a.csv", {"prefix": "validations/"}]}
    b.put("uploads/a.csv", b"a\n1\n")
    b.put("validations/a.csv.gz", b"x")
    w.case(made, "objects by key and by prefix", w.run(small))
    check("archives/day.zip" in b.objects, f"{w.function}: and the archive is where the role lets it be")
    w.case(made, "all answers to it are lost", w.run(small, LOST[0]))
    b.put("validations/big", random.Random(1).randbytes(18 << 20))
    w.case(made, "an archive of several parts", w.run(small))
    check(b.count("UploadPart") > 1, f"{w.function}: which it was", b.log[-8:])
    w.case(made, "the answer to its beginning is lost", w.run(small, LOST[1]))
    w.case(made, "all answers to its completion are lost", w.run(small, LOST[2]))
    w.case(made, "a part is refused: there is none", w.run(small, REFUSED), must=False)
    w.case(made, "an object that is gone: there is none", w.run({**small, "entries": ["uploads/gone"]}), must=False)


def presign(w):
    with open(os.path.join(ROOT, "events", "presign-apigw-v2.json"), encoding="utf-8") as f:
        answer, log = w.run(json.load(f))
    form = json.loads(answer["body"])["data"] if answer and answer["statusCode"] == 201 else {"fields": {"key": ""}}
    check(form["fields"].get("bucket") == w.bucket.name and form["fields"]["key"].startswith("uploads/"), f"{w.function}: a form for a key under uploads/", answer, log)
    w.asked |= set(w.wants("form", form["fields"]["key"]))


# ---- what Lambda needs ----

def platform(t, function):
    """For what the template sets up. Sources: the Lambda developer guide's pages on SQS, VPCs, logs and destinations."""
    p = t.functions[function]
    logs = t.fn_getatt(["Logs", "Arn"]) + "log-stream:x"
    wanted = {("logs:CreateLogStream", logs), ("logs:PutLogEvents", logs)}
    for e in p.get("Events", {}).values():
        if e["Type"] == "SQS":
            wanted |= {(a, e["Properties"]["Queue"]) for a in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")}
    failed = p.get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
    if failed:
        wanted.add(("sqs:SendMessage", failed["Destination"]))
    if "VpcConfig" in p:
        wanted |= {("ec2:" + a, "*") for a in ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface",
                                               "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses")}
    return wanted


def judge(role, wanted):
    """(what is not allowed, what is allowed for nothing)"""
    used = {g for a, r in wanted for g in role.granting(a, r)}
    return sorted(w for w in wanted if not role.allows(*w)), sorted(set(role.grants) - used)


def compare(t, function, asked):
    wanted, role = asked | platform(t, function), t.role(function)
    missing, idle = judge(role, wanted)
    check(not missing, f"{function}: the role allows all of the {len(wanted)} things that were asked for", *missing)
    check(not idle, f"{function}: and nothing else", *idle)
    blind = []
    for grant in role.grants:  # the comparison can fail
        role.grants = [g for g in role.grants if g != grant] + [("s3:DeleteObject", "*")]
        missing, idle = judge(role, wanted)
        if not missing or idle != [("s3:DeleteObject", "*")]:
            blind.append(grant)
        role.grants = [g for g in role.grants if g != ("s3:DeleteObject", "*")] + [grant]
    check(not blind, f"{function}: each of its {len(role.grants)} grants is missed when it is gone", *blind)


# ---- the sources ----

def sources():
    """What the sources say of S3: the names of operations, in texts and in references to the S3 API; the method of each request
    that is made anywhere."""
    names, methods = set(), collections.Counter()
    for folder in ("lib", "handlers", "bootstrap"):
        for path in sorted(glob.glob(os.path.join(ROOT, folder, "**", "*.[ch]"), recursive=True)):
            with open(path, encoding="utf-8") as f:
                text = re.sub(r"\n \*", " ", f.read())
            names |= set(re.findall(r'"((?:[A-Z][a-z]+)+(?:Object|Objects|ObjectsV2|Upload|Uploads|Part|Parts|Copy|Tagging|Acl))\b', text))
            for m in re.finditer(r"S3 API: ((?:[A-Za-z0-9]+,?\s+(?:and\s+)?)*[A-Za-z0-9]+)", text):
                names |= set(re.findall(r"\b[A-Z][a-z]+[A-Z][A-Za-z0-9]+\b", m.group(1)))
            methods.update(re.findall(r'struct weir_s3_request\)?\s*(?:request = )?\{\.method = "([A-Z]+)"', text))
            methods.update(re.findall(r'\brequest\.method = "([A-Z]+)"', text))
    return names - {"NoSuchUpload"}, methods


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("template")
    ap.add_argument("--memory", type=int, default=128)
    a = ap.parse_args()
    t = cfn.Template(a.template, ApiAuthorization="NONE", KmsKeyArn=KEY, SchemaKey="schemas/orders.json", RulesPrefix="rules/", ElbLogsTo="-", ElbLogsSubnetIds="subnet-1", Archive="true")
    plain = cfn.Template(a.template, ApiAuthorization="NONE", ElbLogsTo="-", Archive="true")
    names, methods = sources()
    check(names == set(OPERATIONS), f"the sources know these {len(OPERATIONS)} operations of S3 and no other", f"only in one of them: {sorted(names ^ set(OPERATIONS))}")
    table = collections.Counter(o[0] for o in OPERATIONS.values())
    check(methods == table, "and make as many requests, by as many methods", f"sources: {dict(methods)}", f"here: {dict(table)}")
    drives = {"PresignFunction": presign, "ValidateFunction": validate, "ElbLogsFunction": elb_logs, "ArchiveFunction": archive}
    check(sorted(drives) == sorted(t.functions), "each function is tried", sorted(t.functions))
    for function, drive in drives.items():
        w = World(t, function, a.memory)
        drive(w)
        compare(t, function, w.asked)
        # Nobody asked for a key of KMS, a schema or rules: then nothing is said of them.
        compare(plain, function, {(x, r) for x, r in w.asked if r != KEY and "/schemas/" not in r and "/rules/" not in r})
        w.server.close()

    w = World(t, "ValidateFunction", a.memory)
    w.role.grants = [g for g in w.role.grants if not (g[0] == "s3:PutObject" and g[1].endswith("/validations/*"))]
    w.bucket.put("uploads/a.csv", rows(10))
    answer, log = w.run(sqs(w.bucket.name, "uploads/a.csv"), settings=[("WEIR_SCHEMA", ""), ("WEIR_RULES", "")])
    check(answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]} and "403 AccessDenied" in log and w.denied, "a role that does not allow it is felt", answer, log)
    for broken in [x for server in s3.Server.all for x in server.broken][:3]:
        check(False, "the server itself failed", *broken.splitlines())
    sys.exit(1 if failures else 0)


main()
