#!/usr/bin/python3
"""Writes tests/golden/sigv4.txt: 200 random S3 requests and the signatures that botocore gives them.

    /usr/bin/python3 tests/support/sigv4_golden.py > tests/golden/sigv4.txt

Needs the Debian package python3-botocore; the unit test that reads the file does not. A line is a request:
time, method, region, session token, key, payload hash, query, headers, signature, in hex but for the first two and
the last, separated by tabs; query and headers are name=value pairs joined by '&'. The path is /bucket/<key, encoded once>.
"""
import calendar
import random
import time
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

rnd = random.Random(20130524)
ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ALPHABET = "aZ09-_.~/ !*'()=&+%@:;,?#[]{}|\\^`\"<>$\x01\x7f\u00e9\u20ac\U0001F600"


def text(low, high, alphabet=ALPHABET):
    return "".join(rnd.choice(alphabet) for _ in range(rnd.randint(low, high)))


def hexed(s):
    return s.encode().hex()


def pairs(items):
    return "&".join(f"{hexed(name)}={hexed(value)}" for name, value in items)


class Signer(S3SigV4Auth):
    """S3SigV4Auth with the payload's hash as it is given."""

    def payload(self, request):
        return request.context["hash"]


def one():
    now = rnd.randint(1_000_000_000, 2_500_000_000)
    method = rnd.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    region = rnd.choice(["us-east-1", "eu-central-1", "cn-north-1", "garage"])
    token = text(20, 60, "abcXYZ019+/=") if rnd.random() < 0.3 else ""
    key = text(1, 30)
    digest = rnd.choice(["UNSIGNED-PAYLOAD", "%064x" % rnd.getrandbits(256)])
    query = [(text(1, 4, "aAbB0-.=&%"), text(0, 5)) for _ in range(rnd.randint(0, 6))]
    headers = [("Host", "s3.example.com:9000")]
    for _ in range(rnd.randint(0, 6)):
        name = rnd.choice(["X-Amz-Meta-A", "x-amz-meta-b", "Content-Type", "If-Match", "Range", "X-AMZ-META-A"])
        headers.append((name, text(0, 3, " \t") + text(1, 12, "aB0,;= \t\"/") + text(0, 3, " ")))

    request = AWSRequest(method, "http://s3.example.com:9000/bucket/" + quote(key, safe="/-_.~"))
    request.params = query
    for name, value in headers:
        request.headers[name] = value
    request.context.update(
        hash=digest, timestamp=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)), payload_signing_enabled=True)
    signer = Signer(Credentials(ACCESS, SECRET, token or None), "s3", region)
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert calendar.timegm(time.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ")) == now
    print(now, method, hexed(region), hexed(token), hexed(key), hexed(digest), pairs(query), pairs(headers), signature,
          sep="\t")


for _ in range(200):
    one()
