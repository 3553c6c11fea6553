#!/usr/bin/env python3
"""A small S3 server that does harm on purpose: objects in memory, faults by rule, every request verified.

As a module: server = Server(); b = server.bucket("name"); b.faults = [Fault("UploadPart", "reset", nth=2)]; then look at
b.objects, b.uploads, b.log and b.violations. A bucket is a world of its own: its own faults, clock and region, so that many
clients can be tried at once. From a shell, for one look at a thing:

  s3_fault_server.py --bucket NAME [--fault OP:KIND[:nth=N][:times=N][:at=N]]... [--tls CERT KEY]

prints the port, then a line for each request. Credentials: AKIAFAULT / fault-secret, region us-east-1.

What it is strict about: the signature and the payload hash of each request, each checksum header against the body, part
numbers, sizes, order and ETags at CompleteMultipartUpload, the full-object checksum there, If-Match. A request that fails this
is answered 4xx and noted in `violations`, which no fault puts anything into. Beside tests/support/fault_proxy.py, which stands
before a real server and can kill it in mid-transfer, this one knows S3's operations and can lie about their results. A bucket may
have a judge in IAM's place, `allows(operation, request)`: what it does not allow is 403, and so is an object that is not there, for
whom it does not allow ListObjects.

Faults (KIND); "at" is a byte of the body, of the request or of the answer:
"""
import argparse
import collections
import datetime
import email.utils
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import traceback
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import s3_verify as verify  # noqa: E402
from s3_verify import Refused  # noqa: E402

ACCESS, SECRET, REGION = "AKIAFAULT", "fault-secret", "us-east-1"
PART_MIN = 5 << 20
STALL_MAX_S = 600

KINDS = {
    "reset": "the connection is reset before the request is read",
    "reset-late": "the connection is reset when the request was read, and nothing was done",
    "cut-request": "the connection is reset in the middle of the request's body",
    "lost": "the request is carried out, and the connection is reset before the answer",
    "cut-answer": "the connection is closed in the middle of the answer",
    "stall": "no answer comes",
    "stall-request": "the request's body is not read on",
    "stall-answer": "the answer stops in its middle",
    "500": "500 InternalError, nothing done",
    "500-done": "500 InternalError, although the request was carried out",
    "503": "503 SlowDown with x-amz-retry-after",
    "429": "429 TooManyRequests",
    "409": "409 ConditionalRequestConflict",
    "412": "412 PreconditionFailed",
    "403": "403 AccessDenied",
    "expired": "400 ExpiredToken",
    "timeout": "400 RequestTimeout",
    "bad-digest": "400 BadDigest",
    "no-upload": "404 NoSuchUpload: the upload is gone, a lifecycle rule was faster",
    "no-key": "404 NoSuchKey",
    "region": "301 PermanentRedirect: the bucket is in another region from now on",
    "skew": "the server's clock is an hour ahead from now on",
    "error-in-200": "status 200, then an Error document",
    "garbage": "status 200, and a body that is no XML",
    "no-token": "the list says that there is more, and not where it goes on",
    "no-etag": "the answer has no ETag",
    "wrong-checksum": "the answer's checksum is not the object's",
    "no-checksum": "the answer has no checksum, as of an older server",
    "flipped": "a byte of the object is flipped on its way",
    "wrong-range": "Content-Range is not what was asked for; the first answer is cut, so that a range is asked for",
    "ignore-range": "200 with the whole object in answer to a range; the first answer is cut",
    "changed": "the object is replaced in the middle of the answer, which is cut",
    "long": "Content-Length promises more than there is",
    "drop-paused": "the connection is reset when the client has not read for a while",
}
__doc__ += "\n".join(f"  {k:15} {v}" for k, v in KINDS.items())

STATUSES = {
    "500": (500, "InternalError"), "500-done": (500, "InternalError"), "503": (503, "SlowDown"), "429": (429, "TooManyRequests"),
    "409": (409, "ConditionalRequestConflict"), "412": (412, "PreconditionFailed"), "403": (403, "AccessDenied"),
    "expired": (400, "ExpiredToken"), "timeout": (400, "RequestTimeout"), "bad-digest": (400, "BadDigest"),
    "no-upload": (404, "NoSuchUpload"), "no-key": (404, "NoSuchKey"), "region": (301, "PermanentRedirect"),
}


class Gone(Exception):
    """The connection is over, on purpose or not."""


class Fault:
    def __init__(self, op, kind, nth=1, times=1, at=None):
        """From the nth request of the operation on, so many times (-1: always)."""
        assert kind in KINDS, kind
        self.op, self.kind, self.nth, self.times, self.at = op, kind, nth, times, at
        self.seen = self.struck = 0

    def takes(self, op):
        if op != self.op:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times >= 0 and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def __repr__(self):
        return f"{self.op}:{self.kind}:nth={self.nth}:times={self.times}" + (f":at={self.at}" if self.at is not None else "")

    @staticmethod
    def parse(text):
        op, kind, *rest = text.split(":")
        return Fault(op, kind, **{k: int(v) for k, _, v in (r.partition("=") for r in rest)})


class Object:
    def __init__(self, data, headers=None, parts=0):
        self.data, self.headers, self.parts = data, headers or {}, parts
        self.etag = '"' + os.urandom(16).hex() + (f"-{parts}" if parts else "") + '"'  # no MD5, as with SSE-KMS
        self.modified = time.time()


class Upload:
    def __init__(self, key, headers, began):
        self.key, self.headers, self.began, self.parts = key, headers, began, {}


class Bucket:
    def __init__(self, name):
        self.name, self.lock = name, threading.RLock()
        self.objects, self.uploads = {}, {}
        self.faults, self.log, self.violations = [], [], []
        self.skew_s, self.region = 0, REGION
        self.completed = set()
        self.page = 1000  # of a list, at most
        self.allows = lambda op, r: True  # as IAM would say

    def put(self, key, data, **headers):
        self.objects[key] = Object(data, headers)

    def fault_for(self, op):
        with self.lock:
            return next((f for f in self.faults if f.takes(op)), None)

    def count(self, op):
        return sum(1 for line in self.log if line[0] == op)


class Request:
    body = b""


class Connection:
    """One client's: requests one after the other."""

    def __init__(self, server, sock):
        self.server, self.sock, self.buf = server, sock, b""

    # -- bytes --

    def fill(self):
        try:
            data = self.sock.recv(65536)
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        self.buf += data

    def head(self):
        while b"\r\n\r\n" not in self.buf:
            self.fill()
        head, _, self.buf = self.buf.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        r = Request()
        r.method, target, _ = lines[0].split(" ", 2)
        r.raw_path, _, r.raw_query = target.partition("?")
        r.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            r.headers[name.lower()] = value.strip()
        r.query = {k: unquote_to_bytes(v).decode() for k, _, v in (p.partition("=") for p in r.raw_query.split("&") if p)}
        bucket, _, key = r.raw_path[1:].partition("/")
        r.bucket, r.key = unquote_to_bytes(bucket).decode(), unquote_to_bytes(key).decode("utf-8", "surrogateescape")
        r.length = int(r.headers.get("content-length", 0))
        return r

    def read_body(self, r, most=None):
        if r.headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        want = r.length if most is None else min(most, r.length)
        body = bytearray(want)
        have = min(len(self.buf), want)
        body[:have] = self.buf[:have]
        self.buf = self.buf[have:]
        view = memoryview(body)
        while have < want:
            try:
                n = self.sock.recv_into(view[have:])
            except OSError:
                raise Gone from None
            if n == 0:
                raise Gone
            have += n
        view.release()
        return bytes(body)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone from None

    def reset(self):
        """RST, not FIN"""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def hold(self):
        """Say nothing until the client gives up."""
        end = time.monotonic() + STALL_MAX_S
        while time.monotonic() < end and not self.server.closing and alive(self.sock):
            time.sleep(0.05)
        raise Gone

    # -- one request --

    def serve(self):
        try:
            while True:
                self.one()
        except Gone:
            pass
        except Exception:  # a mistake of this server: the driver is to fail, not to take it for a reset
            self.server.broken.append(traceback.format_exc(limit=-2))
        finally:
            self.sock.close()

    def one(self):
        r = self.head()
        b = self.server.buckets.get(r.bucket)
        if b is None:
            self.read_body(r)
            return self.refuse(r, None, Refused(404, "NoSuchBucket", r.bucket))
        op = operation(r)
        fault = b.fault_for(op)
        entry = [op, r.query.get("partNumber", ""), fault.kind if fault else "", 0]
        with b.lock:
            b.log.append(entry)
        kind = fault.kind if fault else ""
        if kind == "reset":
            self.reset()
        if kind in ("cut-request", "stall-request"):
            self.read_body(r, fault.at if fault.at is not None else r.length // 2)
            if kind == "stall-request":
                self.hold()
            self.reset()
        r.body = self.read_body(r)
        try:
            if kind == "region":
                b.region = "eu-west-1" if b.region == REGION else REGION
            if kind == "skew":
                b.skew_s += 3600
            payload = verify.verify_signature(r, self.server.credentials, b.region, time.time() + b.skew_s) if kind != "region" else None
            if payload is not None:
                r.sums = verify.verify_body(r, payload, r.body, self.server.tls, op in ("PutObject", "UploadPart"))
        except Refused as e:
            if e.ours:
                with b.lock:
                    b.violations.append(f"{op} {r.key}: {e}")
            entry[3] = e.status
            return self.refuse(r, b, e)
        if not b.allows(op, r):
            entry[3] = 403
            return self.refuse(r, b, Refused(403, "AccessDenied", "not allowed"))
        if kind == "reset-late":
            self.reset()
        if kind == "stall":
            self.hold()
        if kind == "no-upload":
            with b.lock:
                b.uploads.pop(r.query.get("uploadId"), None)
        if kind in STATUSES and kind != "500-done":
            status, code = STATUSES[kind]
            entry[3] = status
            return self.refuse(r, b, Refused(status, code, "on purpose"))
        if kind in ("error-in-200", "garbage"):
            entry[3] = 200
            text = error_xml("InternalError", b) if kind == "error-in-200" else b"\n\n<html>We are sorry</htm"
            return self.answer(r, b, 200, {"Content-Type": "application/xml"}, text)
        try:
            with b.lock:
                status, headers, body = OPERATIONS[op](b, r)
        except Refused as e:
            if e.code == "NoSuchKey" and not b.allows("ListObjects", r):  # who may not list is not told what is not there
                e = Refused(403, "AccessDenied", "not there, but who may know")
            if e.ours and e.status == 400:
                with b.lock:
                    b.violations.append(f"{op} {r.key}: {e}")
            entry[3] = e.status
            return self.refuse(r, b, e)
        entry[3] = status
        self.finish(r, b, fault, status, headers, body)

    def finish(self, r, b, fault, status, headers, body):
        kind = fault.kind if fault else ""
        if kind == "lost":
            self.reset()
        if kind == "500-done":
            return self.refuse(r, b, Refused(500, "InternalError", "on purpose"))
        if kind == "no-token":
            body = body.replace(b"<IsTruncated>false<", b"<IsTruncated>true<")
            body = re.sub(b"<Next[A-Za-z]*>[^<]*</Next[A-Za-z]*>", b"", body)
        if kind == "no-etag":
            headers.pop("ETag", None)
        if kind == "no-checksum":
            headers = {k: v for k, v in headers.items() if not k.startswith("x-amz-checksum-")}
        if kind == "wrong-checksum":
            for name in headers:
                if name.startswith("x-amz-checksum-") and name != "x-amz-checksum-type":
                    headers[name] = "A" * (len(headers[name]) - 1) + "="
        if kind == "flipped" and body:
            at = min(fault.at if fault.at is not None else len(body) // 2, len(body) - 1)
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        if kind in ("wrong-range", "ignore-range"):
            if status == 206 and kind == "wrong-range":
                headers["Content-Range"] = headers["Content-Range"].replace("bytes ", "bytes 1", 1)
            elif status == 206:
                obj = b.objects[r.key]
                headers.pop("Content-Range")
                status, body = 200, obj.data
            else:
                self.cut(r, b, status, headers, body, fault)
        if kind == "changed":
            self.answer(r, b, status, headers, body, len(body) // 2 if fault.at is None else fault.at)
            with b.lock:
                old = b.objects[r.key]
                b.objects[r.key] = Object(bytes(reversed(old.data[:1000])) + old.data[1000:], old.headers)
            self.reset()
        if kind == "cut-answer":
            self.cut(r, b, status, headers, body, fault)
        if kind == "stall-answer":
            self.answer(r, b, status, headers, body, len(body) // 2 if fault.at is None else fault.at)
            self.hold()
        if kind == "drop-paused":
            self.drop_paused(r, b, status, headers, body)
        extra = 1000 if kind == "long" else 0
        self.answer(r, b, status, headers, body, None, extra)
        if extra:
            raise Gone  # FIN: the answer was shorter than it said

    def cut(self, r, b, status, headers, body, fault):
        self.answer(r, b, status, headers, body, len(body) // 2 if fault.at is None else fault.at)
        raise Gone

    def drop_paused(self, r, b, status, headers, body):
        """Send until the client has let us wait for half a second, then reset; a client that reads gets everything."""
        self.sock.settimeout(0.5)
        head = self.head_bytes(b, status, headers, len(body))
        view = memoryview(head + body)
        try:
            while view:
                view = view[self.sock.send(view):]
        except TimeoutError:
            self.server.dropped.set()
            self.reset()
        except OSError:
            raise Gone from None
        raise Gone  # what follows is another connection's

    def refuse(self, r, b, e):
        headers = {"Content-Type": "application/xml"}
        if e.status == 503:
            headers["x-amz-retry-after"] = "20"
        if e.status == 301 or e.code == "AuthorizationHeaderMalformed":
            headers["x-amz-bucket-region"] = b.region
        body = b"" if r.method == "HEAD" else error_xml(e.code, b)
        self.answer(r, b, e.status, headers, body)

    def head_bytes(self, b, status, headers, length):
        now = time.time() + (b.skew_s if b else 0)
        lines = [f"HTTP/1.1 {status} {'OK' if status < 300 else 'No'}", f"Date: {email.utils.formatdate(now, usegmt=True)}",
                 f"x-amz-request-id: {os.urandom(8).hex().upper()}", "Server: faults"]
        if status != 204:
            lines.append(f"Content-Length: {length}")
        lines += [f"{k}: {v}" for k, v in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def answer(self, r, b, status, headers, body, cut_at=None, extra=0):
        headers = dict(headers)
        length = int(headers.pop("Content-Length", len(body))) + extra
        head = self.head_bytes(b, status, headers, length)
        if r.method == "HEAD" or status == 204:
            body = b""
        if cut_at is not None and not body:  # the head is all there is
            self.send(head[:len(head) // 2])
            return
        self.send(head)
        self.send(memoryview(body)[:cut_at] if cut_at is not None else body)


def alive(sock):
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1  # TCP_ESTABLISHED
    except OSError:
        return False


def error_xml(code, b):
    where = f"<Region>{b.region}</Region>" if b is not None and code == "AuthorizationHeaderMalformed" else ""
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>as the test wants it</Message>{where}'
            f"<RequestId>4442587FB7D0A2F9</RequestId></Error>").encode()


# ---- S3's operations ----

def operation(r):
    q, key = r.query, r.key
    table = {
        ("GET", False): "ListMultipartUploads" if "uploads" in q else "ListObjects", ("GET", True): "ListParts" if "uploadId" in q else "GetObject",
        ("HEAD", True): "HeadObject", ("HEAD", False): "HeadBucket",
        ("PUT", True): "UploadPart" if "uploadId" in q else "PutObject", ("PUT", False): "CreateBucket",
        ("POST", True): "CompleteMultipartUpload" if "uploadId" in q else "CreateMultipartUpload",
        ("DELETE", True): "AbortMultipartUpload" if "uploadId" in q else "DeleteObject",
    }
    return table.get((r.method, bool(key)), "Unknown")


def xml(root, inner):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{root}>'.encode()


def object_headers(obj, mode):
    h = {"ETag": obj.etag, "Last-Modified": email.utils.formatdate(obj.modified, usegmt=True), "Accept-Ranges": "bytes"}
    h.update(obj.headers)
    if mode and obj.parts != -1:
        h["x-amz-checksum-crc64nvme"] = verify.checksum("crc64nvme", obj.data)
        h["x-amz-checksum-type"] = "FULL_OBJECT"
    return h


def find(b, r):
    obj = b.objects.get(r.key)
    if obj is None:
        raise Refused(404, "NoSuchKey", r.key)
    match = r.headers.get("if-match")
    if match is not None and match not in ("*", obj.etag):
        raise Refused(412, "PreconditionFailed", f"{match} is not {obj.etag}")
    return obj


def get_object(b, r):
    obj = find(b, r)
    headers, data = object_headers(obj, r.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and "range" not in r.headers), obj.data
    given = r.headers.get("range")
    if given is None:
        return 200, headers, data
    first, _, last = given.removeprefix("bytes=").partition("-")
    first, last = int(first), min(int(last) if last else len(data) - 1, len(data) - 1)
    if first > last:
        raise Refused(416, "InvalidRange", given)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return 206, headers, data[first:last + 1]


def head_object(b, r):
    obj = find(b, r)
    return 200, {**object_headers(obj, r.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"), "Content-Length": str(len(obj.data))}, b""


def kept_headers(r):
    return {k: v for k, v in r.headers.items() if k in ("content-type", "content-encoding") or k.startswith("x-amz-meta-")}


def put_object(b, r):
    if r.headers.get("if-none-match") == "*" and r.key in b.objects:
        raise Refused(412, "PreconditionFailed", "if-none-match")
    obj = b.objects[r.key] = Object(r.body, kept_headers(r))
    return 200, {"ETag": obj.etag, **{f"x-amz-checksum-{k}": v for k, v in r.sums.items()}}, b""


def create_multipart_upload(b, r):
    uid = os.urandom(12).hex()
    up = b.uploads[uid] = Upload(r.key, kept_headers(r), time.time() + b.skew_s)
    up.algorithm = r.headers.get("x-amz-checksum-algorithm", "").lower()
    up.type = r.headers.get("x-amz-checksum-type", "")
    return 200, {}, xml("InitiateMultipartUploadResult",
                        f"<Bucket>{b.name}</Bucket><Key>{escape(r.key)}</Key><UploadId>{uid}</UploadId>")


def find_upload(b, r):
    up = b.uploads.get(r.query.get("uploadId", ""))
    if up is None or up.key != r.key:
        raise Refused(404, "NoSuchUpload", r.query.get("uploadId", ""))
    return up


def upload_part(b, r):
    up, n = find_upload(b, r), int(r.query["partNumber"])
    if not 1 <= n <= 10000:
        raise Refused(400, "InvalidArgument", f"part {n}")
    if up.algorithm and up.algorithm not in r.sums:
        raise Refused(400, "InvalidRequest", f"the upload was begun with {up.algorithm}, the part has {sorted(r.sums)}")
    etag = '"' + os.urandom(16).hex() + '"'
    up.parts[n] = (r.body, etag, dict(r.sums))
    return 200, {"ETag": etag, **{f"x-amz-checksum-{k}": v for k, v in r.sums.items()}}, b""


def complete_multipart_upload(b, r):
    import xml.etree.ElementTree as tree
    up, uid = find_upload(b, r), r.query["uploadId"]
    try:
        root = tree.fromstring(r.body)
    except tree.ParseError as e:
        raise Refused(400, "MalformedXML", str(e)) from None
    data, before, sizes = [], 0, []
    for p in root:
        get = {c.tag.rpartition("}")[2]: c.text for c in p}
        n = int(get["PartNumber"])
        if n <= before:
            raise Refused(400, "InvalidPartOrder", f"{n} after {before}")
        if n not in up.parts or up.parts[n][1].strip('"') != get["ETag"].strip('"'):
            raise Refused(400, "InvalidPart", f"part {n}")
        body, _, sums = up.parts[n]
        for name, value in sums.items():
            if up.algorithm == name and get.get(f"Checksum{name.upper()}", value if up.type == "FULL_OBJECT" else None) != value:
                raise Refused(400, "InvalidPart", f"part {n}: its checksum")
        before = n
        data.append(body)
        sizes.append(len(body))
    if not sizes or any(s < PART_MIN for s in sizes[:-1]):
        raise Refused(400, "EntityTooSmall", f"{sizes}")
    whole = b"".join(data)
    if int(r.headers.get("x-amz-mp-object-size", len(whole))) != len(whole):
        raise Refused(400, "InvalidRequest", "x-amz-mp-object-size")
    if r.headers.get("x-amz-checksum-type", "FULL_OBJECT") == "FULL_OBJECT":
        for name, value in r.sums.items():
            if value != verify.checksum(name, whole):
                raise Refused(400, "BadDigest", f"x-amz-checksum-{name} of the whole object")
    if r.headers.get("if-none-match") == "*" and r.key in b.objects:
        raise Refused(412, "PreconditionFailed", "if-none-match")
    obj = b.objects[r.key] = Object(whole, up.headers, len(sizes))
    del b.uploads[uid]
    b.completed.add(uid)
    return 200, {}, xml("CompleteMultipartUploadResult",
                        f"<Bucket>{b.name}</Bucket><Key>{escape(r.key)}</Key><ETag>{escape(obj.etag)}</ETag>")


def abort_multipart_upload(b, r):
    find_upload(b, r)
    del b.uploads[r.query["uploadId"]]
    return 204, {}, b""


def iso(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def list_multipart_uploads(b, r):
    prefix = r.query.get("prefix", "")
    found = sorted((u.key, u.began, i) for i, u in b.uploads.items() if u.key.startswith(prefix))
    found, cut = page_of(b, r, "max-uploads", found)
    inner = "".join(f"<Upload><Key>{escape(k)}</Key><UploadId>{i}</UploadId><Initiated>{iso(t)}</Initiated></Upload>" for k, t, i in found)
    return 200, {}, xml("ListMultipartUploadsResult", f"<Bucket>{b.name}</Bucket><IsTruncated>{cut}</IsTruncated>{inner}")


def page_of(b, r, name, found):
    """The first page, and "true" when there is more"""
    n = min(int(r.query.get(name, 1000)), b.page)
    return found[:n], "true" if len(found) > n else "false"


def list_objects(b, r):
    prefix, after = r.query.get("prefix", ""), bytes.fromhex(r.query.get("continuation-token", "")).decode()
    found, cut = page_of(b, r, "max-keys", [k for k in sorted(b.objects) if k.startswith(prefix) and k > after])
    token = f"<NextContinuationToken>{found[-1].encode().hex()}</NextContinuationToken>" if cut == "true" else ""
    listed = [(k, b.objects[k]) for k in found]
    inner = "".join(f"<Contents><Key>{escape(k)}</Key><Size>{len(o.data)}</Size><ETag>{escape(o.etag)}</ETag>"
                    f"<LastModified>{iso(o.modified)}</LastModified></Contents>" for k, o in listed)
    return 200, {}, xml("ListBucketResult", f"<Name>{b.name}</Name><IsTruncated>{cut}</IsTruncated>{token}{inner}")


def delete_object(b, r):
    b.objects.pop(r.key, None)
    return 204, {}, b""


def unknown(b, r):
    raise Refused(501, "NotImplemented", f"{r.method} {r.raw_path}?{r.raw_query}")


OPERATIONS = collections.defaultdict(lambda: unknown, {
    "GetObject": get_object, "HeadObject": head_object, "PutObject": put_object, "CreateMultipartUpload": create_multipart_upload,
    "UploadPart": upload_part, "CompleteMultipartUpload": complete_multipart_upload, "AbortMultipartUpload": abort_multipart_upload,
    "ListMultipartUploads": list_multipart_uploads, "ListObjects": list_objects, "DeleteObject": delete_object,
})


class Server:
    all = []

    def __init__(self, tls=None):
        """tls: (certificate's file, key's file), or None"""
        Server.all.append(self)
        self.buckets, self.tls, self.closing = {}, tls is not None, False
        self.credentials = {ACCESS: (SECRET, None)}
        self.dropped = threading.Event()
        self.broken = []  # what went wrong in here
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(128)
        self.port = self.sock.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        if self.context:
            try:
                sock = self.context.wrap_socket(sock, server_side=True)
            except OSError:
                return
        Connection(self, sock).serve()

    def bucket(self, name):
        b = self.buckets[name] = Bucket(name)
        return b

    def drop(self, name):
        self.buckets.pop(name, None)

    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}

    def close(self):
        """accept() has returned before the descriptor is closed: interrupted later, it would begin again on whoever has the number then."""
        self.closing = True
        self.sock.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.sock.close()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bucket", required=True)
    ap.add_argument("--fault", action="append", default=[])
    ap.add_argument("--tls", nargs=2)
    a = ap.parse_args()
    server = Server(a.tls)
    b = server.bucket(a.bucket)
    b.faults = [Fault.parse(f) for f in a.fault]
    print(server.port, flush=True)
    told = 0
    while True:
        time.sleep(0.05)
        for op, part, kind, status in b.log[told:]:
            print(f"{op} {part} {kind} {status}".replace("  ", " "), flush=True)
            told += 1
        while b.violations:
            print("VIOLATION", b.violations.pop(0), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
