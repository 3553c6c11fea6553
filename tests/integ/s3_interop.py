#!/usr/bin/env python3
"""weir beside real S3 clients on a real server: what one writes the other reads. Endpoint and keys come from the AWS_* variables.

  s3_interop.py keys BUCKET [--plain]     awkward keys, both ways, weir and boto3; --plain: for servers whose keys are paths
  s3_interop.py sizes BUCKET              around the size of a part, both ways
  s3_interop.py awscli BUCKET             both ways, weir and the aws command
  s3_interop.py order BUCKET              the server refuses parts out of order, and takes weir's
  s3_interop.py sts BUCKET                temporary credentials of GetSessionToken and AssumeRole (radosgw)
  s3_interop.py folder DIR                the same keys on the directory store: no two meet, none escapes

--other URL: where boto3 and aws go, when that is another address of the same server. Prints `ok` and `not ok` lines.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys

os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

WEIR = os.path.abspath(os.environ.get("WEIR", "build/weir"))
SCRIPT = os.environ.get("SCRIPT", "s3-interop")
MIB = 1 << 20
PART = 8 * MIB
BY_THREE = {"WEIR_S3_READ_CONNECTIONS": "3", "WEIR_S3_READ_BUDGET_BYTES": "5000000"}  # in ranges of a MiB or so
failures = 0

PLAIN = ["plain.txt", "a b", " lead and trail ", "a+b", "a=b", "a=b&c=d", "a%20b", "100%", "%2E%2E/x", "q?x=y&z#frag;p:@,$!'()*",
         "[]{}|^~`\"<>", "back\\slash", "ü/日本語/🦊", "é (combining)", "x" * 200 + "/" + "y" * 200 + "/z"]
PATHS = ["a//b", "/lead", "//", "a/", "a/../b", "../up", "../../../../tmp/x", "./here", "a/.", "..", ".",
         "/".join(["k" * 203] * 5)[:1023] + "!", "ü" * 512]


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


def payload(n):
    return random.Random(n).randbytes(n)


def weir(*args, data=None, env=None):
    run = subprocess.run([WEIR, "cp", *args], input=data, capture_output=True, timeout=300, check=False,
                         env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL if data is None else None)
    return run.returncode, run.stdout, run.stderr.decode("utf-8", "replace").strip()


def client(a, service="s3"):
    import boto3
    from botocore.config import Config
    return boto3.client(service, endpoint_url=a.other or os.environ["AWS_ENDPOINT_URL_S3"],
                        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 4}))


def short(key):
    return key if len(key) <= 40 else f"{key[:37]}... ({len(key.encode())} bytes)"


def keys(a):
    s3 = client(a)
    wanted = PLAIN + ([] if a.plain else PATHS)
    for n, key in enumerate(wanted):
        data, wrong = payload(100 + n), []
        folder = key.endswith("/")  # as a DST this asks for SRC's name, as with cp and aws s3 cp
        status, _, err = (0, b"", "") if folder else weir("-", f"s3://{a.bucket}/{key}", data=data)
        if status != 0:
            wrong.append(f"weir writes: {status} {err}")
        elif not folder and s3.get_object(Bucket=a.bucket, Key=key)["Body"].read() != data:
            wrong.append("boto3 reads something else")
        s3.put_object(Bucket=a.bucket, Key=key, Body=data[::-1])
        status, got, err = weir(f"s3://{a.bucket}/{key}", "-")
        if status != 0 or got != data[::-1]:
            wrong.append(f"weir reads what boto3 wrote: {status} {err}")
        check(not wrong, f"{'read' if folder else 'both ways'}: {short(key)!r}", *wrong)
    there = {o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=a.bucket) for o in page.get("Contents", [])}
    check(set(wanted) <= there and len(there) == len(wanted), f"the bucket has these {len(wanted)} keys and no other",
          f"missing: {sorted(set(wanted) - there)}", f"more: {sorted(there - set(wanted))}")


def sizes(a):
    s3 = client(a)
    for n in (0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12345):
        data = payload(n)
        with open("in.bin", "wb") as f:
            f.write(data)
        status, _, err = weir("in.bin", f"s3://{a.bucket}/size/{n}", "--content-type", "text/csv")
        got = s3.get_object(Bucket=a.bucket, Key=f"size/{n}") if status == 0 else None
        check(status == 0 and got["Body"].read() == data and got["ContentType"] == "text/csv", f"{n} bytes: boto3 reads what weir wrote", status, err)
        s3.upload_file("in.bin", a.bucket, f"boto/{n}")  # in parts where boto3 thinks so
        status, got, err = weir(f"s3://{a.bucket}/boto/{n}", "-")
        check(status == 0 and got == data, f"{n} bytes: weir reads what boto3 wrote", status, err)
        status, got, err = weir(f"s3://{a.bucket}/size/{n}", "-", env=BY_THREE)
        check(status == 0 and got == data, f"{n} bytes: three connections read them in ranges", status, err)
    status, _, err = weir(f"s3://{a.bucket}/size/{2 * PART + 12345}", f"s3://{a.bucket}/size/copy")
    check(status == 0 and s3.get_object(Bucket=a.bucket, Key="size/copy")["Body"].read() == payload(2 * PART + 12345), "object to object", status, err)
    left = s3.list_multipart_uploads(Bucket=a.bucket).get("Uploads", [])
    check(not left, "no upload is left open", *left)


def awscli(a):
    if not shutil.which("aws"):
        print(f"ok - {SCRIPT}: the aws command, both ways # skip no aws", flush=True)
        return
    aws = ["aws", "--endpoint-url", a.other or os.environ["AWS_ENDPOINT_URL_S3"], "s3", "cp", "--only-show-errors"]
    for n, key in enumerate(["cli/a b+c=d%20&e/é.bin", "cli/parts"]):
        data = payload(1000 if n == 0 else 2 * PART + 1)
        with open("in.bin", "wb") as f:
            f.write(data)
        status, _, err = weir("in.bin", f"s3://{a.bucket}/{key}")
        run = subprocess.run([*aws, f"s3://{a.bucket}/{key}", "out.bin"], capture_output=True, check=False, timeout=120)
        check(status == 0 and run.returncode == 0 and open("out.bin", "rb").read() == data, f"aws s3 cp reads what weir wrote: {key}", err, run.stderr)
        run = subprocess.run([*aws, "in.bin", f"s3://{a.bucket}/{key}2"], capture_output=True, check=False, timeout=120)
        status, got, err = weir(f"s3://{a.bucket}/{key}2", "-")
        check(run.returncode == 0 and status == 0 and got == data, f"weir reads what aws s3 cp wrote: {key}", err, run.stderr)


def order(a):
    """Only a server that refuses the wrong order says something when it takes ours."""
    from botocore.exceptions import ClientError
    s3 = client(a)
    up = s3.create_multipart_upload(Bucket=a.bucket, Key="order")["UploadId"]
    parts = [{"PartNumber": n, "ETag": s3.upload_part(Bucket=a.bucket, Key="order", UploadId=up, PartNumber=n, Body=payload(5 * MIB))["ETag"]}
             for n in (1, 2)]
    try:
        s3.complete_multipart_upload(Bucket=a.bucket, Key="order", UploadId=up, MultipartUpload={"Parts": parts[::-1]})
        code = "nothing"
    except ClientError as e:
        code = e.response["Error"]["Code"]
    s3.abort_multipart_upload(Bucket=a.bucket, Key="order", UploadId=up)
    check(code == "InvalidPartOrder", "the server refuses parts out of order", code)
    data = payload(5 * PART + 1)
    status, _, err = weir("-", f"s3://{a.bucket}/order", data=data)
    check(status == 0 and s3.get_object(Bucket=a.bucket, Key="order")["Body"].read() == data, "weir's six parts are taken", status, err)
    try:
        import boto3
        boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], region_name="elsewhere-1").get_object(Bucket=a.bucket, Key="order")
        code = "nothing"
    except ClientError as e:
        code = e.response["Error"]["Code"]
    status, got, err = weir(f"s3://{a.bucket}/order", "-", env={"AWS_REGION": "elsewhere-1", "AWS_DEFAULT_REGION": "elsewhere-1"})
    check(status == 0 and got == data or status == 3 and "AuthorizationHeaderMalformed" in err,
          f"another region in the scope: {'learnt' if status == 0 else 'a named error'} (a client that does not learn: {code})", status, err)


def sts(a):
    user = "weir"
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:GetSessionToken","s3:*"],"Resource":"*"}]}'
    iam = client(a, "iam")
    iam.put_user_policy(UserName=user, PolicyName="sts", PolicyDocument=policy)
    try:
        iam.create_role(RoleName="weir", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                        '"Principal":{"AWS":["arn:aws:iam:::user/weir"]},"Action":["sts:AssumeRole"]}]}')
    except iam.exceptions.ClientError as e:
        if e.response["ResponseMetadata"]["HTTPStatusCode"] != 409:  # it is there, of the run before
            raise
    iam.put_role_policy(RoleName="weir", PolicyName="all", PolicyDocument=policy)
    tokens = client(a, "sts")
    for name, ask in {"GetSessionToken": lambda: tokens.get_session_token(DurationSeconds=900),
                      "AssumeRole": lambda: tokens.assume_role(RoleArn="arn:aws:iam:::role/weir", RoleSessionName="test")}.items():
        k = ask()["Credentials"]
        env = {"AWS_ACCESS_KEY_ID": k["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": k["SecretAccessKey"], "AWS_SESSION_TOKEN": k["SessionToken"]}
        data = payload(PART + 1)
        status, _, err = weir("-", f"s3://{a.bucket}/{name}", data=data, env=env)
        read, got, more = weir(f"s3://{a.bucket}/{name}", "-", env=env)
        check(status == 0 and read == 0 and got == data, f"{name}: written and read with its token", err, more)
        env["AWS_SESSION_TOKEN"] = k["SessionToken"][:-8] + "AAAAAAA="
        status, _, err = weir("-", f"s3://{a.bucket}/{name}-2", data=data, env=env)
        check(status == 3 and "403" in err and k["SessionToken"][:20] not in err, f"{name}: another token is refused, and not told", status, err)


def folder(a):
    root = os.path.abspath(a.bucket)
    os.makedirs(f"{root}/store/bkt")
    env = {"AWS_ENDPOINT_URL_S3": f"file://{root}/store"}
    wanted = [k for k in PLAIN + PATHS if not k.endswith("/") and all(len(p.encode()) <= 255 for p in k.split("/"))]
    # "a" and "a/b" cannot be side by side in a folder; each key gets a parent of its own, and none is another's parent.
    for n, key in enumerate(wanted):
        wrong = []
        for place in (key, f"{n}/{key}"):
            os.makedirs(f"{root}/store/b{n}", exist_ok=True)
            bucket = f"b{n}" if place == key else "bkt"
            data = payload(100 + n)
            status, _, err = weir("-", f"s3://{bucket}/{place}", data=data, env=env)
            read, got, more = weir(f"s3://{bucket}/{place}", "-", env=env)
            if status or read or got != data:
                wrong.append(f"{place!r}: {status} {err} {read} {more}")
        check(not wrong, f"directory store: {short(key)!r}", *wrong)
    files = [os.path.relpath(os.path.join(d, f), root) for d, _, names in os.walk(root) for f in names]
    buckets = {f.split("/")[1] for f in files}
    check(len(files) == 2 * len(wanted) and buckets == {"bkt"} | {f"b{n}" for n in range(len(wanted))} and all(f.startswith("store/") for f in files),
          f"directory store: {len(wanted)} keys, as many files in each place, none outside", *sorted(files))
    long = "x" * 256
    status, _, err = weir("-", f"s3://bkt/{long}", data=b"x", env=env)
    check(status == 2 and "255" in err, "directory store: a part of 256 bytes is refused in one line", status, err)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("verb", choices=["keys", "sizes", "awscli", "order", "sts", "folder"])
    ap.add_argument("bucket")
    ap.add_argument("--plain", action="store_true")
    ap.add_argument("--other")
    a = ap.parse_args()
    globals()[a.verb](a)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
