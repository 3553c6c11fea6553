#!/usr/bin/env python3
"""Is tests/support/s3_fault_server.py a strict oracle? A client that is right (boto3) passes; each altered request is refused and
noted. Prints `ok` and `not ok` lines.
"""
import hashlib
import http.client
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# Old clients know no trailing checksums, and new ones need not send them.
os.environ.update(AWS_REQUEST_CHECKSUM_CALCULATION="when_required", AWS_RESPONSE_CHECKSUM_VALIDATION="when_required")

import boto3  # noqa: E402
from botocore.auth import S3SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

import s3_fault_server as server_module  # noqa: E402
import s3_verify as verify  # noqa: E402

SCRIPT = os.environ.get("SCRIPT", "s3-server")
MIB = 1 << 20
failures = 0


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


def payload(n, seed=0):
    return random.Random(f"{seed}/{n}").randbytes(n)


def by_the_book(data):
    """CRC64NVME bit by bit"""
    crc = (1 << 64) - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x9A6C9329AC4BC9B5 if crc & 1 else 0)
    return crc ^ ((1 << 64) - 1)


def checksums():
    check(verify.crc64nvme(b"123456789") == 0xAE8B14860A799888, "CRC64NVME has its catalogued check value")
    bad = [n for n in (0, 1, 7, 8, 9, 63, 64, 65, 300, 4097) if verify.crc64nvme(payload(n)) != by_the_book(payload(n))]
    check(not bad, "CRC64NVME by folding is CRC64NVME bit by bit", bad)


def real_client(s, b):
    client = boto3.client("s3", endpoint_url=s.url, aws_access_key_id=server_module.ACCESS, aws_secret_access_key=server_module.SECRET,
                          region_name=server_module.REGION, config=Config(s3={"addressing_style": "path", "payload_signing_enabled": True}))
    key, data = "a b+c=%~/ü.bin", payload(1000)
    client.put_object(Bucket="self", Key=key, Body=data)
    got = client.get_object(Bucket="self", Key=key)["Body"].read()
    up = client.create_multipart_upload(Bucket="self", Key="multi")["UploadId"]
    parts = [client.upload_part(Bucket="self", Key="multi", UploadId=up, PartNumber=n, Body=payload(5 * MIB, n))["ETag"] for n in (1, 2)]
    client.complete_multipart_upload(Bucket="self", Key="multi", UploadId=up,
                                     MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": e} for n, e in enumerate(parts)]})
    whole = client.get_object(Bucket="self", Key="multi")["Body"].read()
    right = hashlib.sha256(payload(5 * MIB, 1) + payload(5 * MIB, 2)).digest()
    check(got == data and hashlib.sha256(whole).digest() == right and not b.violations, "boto3 reads and writes, nothing is noted", *b.violations)


def send(s, change, extra=None, body=b"hello"):
    """A PUT that botocore has signed, changed behind its back; the status."""
    target = "/self/key?x-id=PutObject"
    r = AWSRequest("PUT", s.url + target, data=body, headers={"Content-Length": str(len(body)), **(extra or {})})
    r.context["payload_signing_enabled"] = True
    S3SigV4Auth(Credentials(server_module.ACCESS, server_module.SECRET), "s3", server_module.REGION).add_auth(r)
    headers, target, body = change(dict(r.headers.items()), target, body)
    c = http.client.HTTPConnection("127.0.0.1", s.port)
    c.request("PUT", target, body, headers)
    return c.getresponse().status


def as_it_is(h, t, d):
    return h, t, d


def other_date(h, t, d):
    date = h["X-Amz-Date"]
    return {**h, "X-Amz-Date": date[:-2] + ("1Z" if date[-2] == "0" else "0Z")}, t, d


def without(name):
    return lambda h, t, d: ({k: v for k, v in h.items() if k.lower() != name}, t, d)


WRONG = {
    "another body": lambda h, t, d: (h, t, b"hellO"),
    "another path": lambda h, t, d: (h, t.replace("key", "kez"), d),
    "another query": lambda h, t, d: (h, t + "u", d),
    "a query that was not signed": lambda h, t, d: (h, t + "&y=", d),
    "another date": other_date,
    "an x-amz header that was not signed": lambda h, t, d: ({**h, "x-amz-meta-a": "b"}, t, d),
    "no payload hash": without("x-amz-content-sha256"),
    "no signature": without("authorization"),
    "a path in another encoding": lambda h, t, d: (h, t.replace("key", "ke%79"), d),
}


def wrong_requests(s, b):
    status = send(s, as_it_is)
    check(status == 200 and not b.violations, "a signed request passes", status, *b.violations)
    for name, change in WRONG.items():
        b.violations.clear()
        status = send(s, change)
        check(status in (400, 403) and len(b.violations) == 1, f"refused and noted: {name}", status, *b.violations)
    for header, right in {"x-amz-checksum-crc32": "NhCmhg==", "Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==",
                          "x-amz-checksum-crc64nvme": verify.checksum("crc64nvme", b"hello")}.items():
        b.violations.clear()
        good = send(s, as_it_is, {header: right})
        noted = list(b.violations)
        bad = send(s, as_it_is, {header: ("B" if right[0] == "A" else "A") + right[1:]})
        check(good == 200 and not noted and bad == 400 and len(b.violations) == 1, f"{header}: the right one passes, a wrong one does not",
              good, bad, *b.violations)


def judged(s):
    """What boto3 is told by a bucket with a judge"""
    b = s.bucket("judged")
    b.put("a", b"1")
    client = boto3.client("s3", endpoint_url=s.url, aws_access_key_id=server_module.ACCESS, aws_secret_access_key=server_module.SECRET,
                          region_name=server_module.REGION, config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))

    def told(method, **args):
        try:
            getattr(client, method)(Bucket="judged", **args)
            return 200
        except client.exceptions.ClientError as e:
            return e.response["ResponseMetadata"]["HTTPStatusCode"]
    listed = [o["Key"] for o in client.list_objects_v2(Bucket="judged")["Contents"]]
    check(listed == ["a"] and told("get_object", Key="b") == 404, "who may list sees what is there, and is told what is not", listed)
    b.allows = lambda op, r: op == "GetObject"
    got = [told("get_object", Key="a"), told("get_object", Key="b"), told("put_object", Key="c", Body=b""), told("list_objects_v2")]
    check(got == [200, 403, 403, 403] and list(b.objects) == ["a"], "who may only read is told 403 of all else, and of what is not there", got)


def main():
    s = server_module.Server()
    b = s.bucket("self")
    checksums()
    real_client(s, b)
    wrong_requests(s, b)
    judged(s)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
