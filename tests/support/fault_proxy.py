#!/usr/bin/env python3
"""A small HTTP/1.1 proxy that does harm on purpose, between a client and an S3 server.

  fault_proxy.py --upstream HOST:PORT --dir DIR [--rule RULE]...

Writes DIR/port when it listens and one JSON line per request to DIR/requests.log: {"method", "path", "query", "status",
"sent", "rule"}, before the answer's last byte goes out: who has the answer finds it there. The request goes on byte for byte, its
Host header too, so that signatures still fit.

RULE is KEY=VALUE pairs joined by ';' :
  method=GET|PUT|...    the request's method
  path=TEXT             the path contains TEXT
  query=TEXT            the query contains TEXT (an empty TEXT: there is a query)
  times=N               this rule acts N times at most (default: always)
  skip=N                the first N matching requests pass (default 0)
and one action, bound to counts and never to clocks:
  status=500            read the request, answer that status with S3's XML of an internal error, send nothing on; with 200 it is
                        the late error that CompleteMultipartUpload may answer
  cut=N                 of the answer's body, send what lies before byte N of the *object* (a Range is counted in), then close
  run=COMMAND           before the request goes on: run it to its end (a shell command), then go on
  run-at=N:COMMAND      when byte N of the object has been sent: run it to its end, then close
  drop                  close the connection without an answer
The first rule that matches acts. Standard library only.

What it is for, beside s3_fault_server.py: a real server behind it, with its own answers to what was half done, and which can be
killed in mid-transfer (run-at).
"""
import argparse
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

CHUNK = 16384
STOP_S = 600  # for a command that hangs
lock = threading.Lock()
running = set()  # the rules' commands
stopping = False  # none begins any more


def run(command):
    with lock:
        if stopping:
            raise ConnectionError("the proxy ends")
        process = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL)
        running.add(process)
    try:
        if process.wait() != 0:
            raise subprocess.CalledProcessError(process.returncode, command)
    finally:
        running.discard(process)


def stop(number, _):
    """What a rule has begun is over when the proxy is: a gateway must not be restarted under what comes next."""
    global stopping
    signal.signal(number, signal.SIG_IGN)
    with lock:
        stopping = True
        last = list(running)
    end = time.monotonic() + STOP_S
    for process in last:
        try:
            process.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            print(f"fault_proxy: {process.args}: killed, it did not end", file=sys.stderr, flush=True)
    sys.exit(128 + number)


class Rule:
    def __init__(self, text):
        self.text, self.method, self.path, self.query = text, None, "", None
        self.times, self.skip, self.action, self.arg = -1, 0, None, None
        for part in text.split(";"):
            key, _, value = part.partition("=")
            if key == "method":
                self.method = value
            elif key == "path":
                self.path = value
            elif key == "query":
                self.query = value
            elif key in ("times", "skip"):
                setattr(self, key, int(value))
            elif key in ("status", "cut", "run", "run-at", "drop"):
                self.action, self.arg = key, value
            else:
                raise SystemExit(f"fault_proxy: rule {text}: what is {key}")
        if not self.action:
            raise SystemExit(f"fault_proxy: rule {text}: no action")

    def takes(self, method, path, query):
        """Does it act on this request? Counts it when it does."""
        if self.method not in (None, method) or self.path not in path:
            return False
        if self.query is not None and (not query or self.query not in query):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times == 0:
            return False
        self.times -= 1
        return True


class Reader:
    """A socket with a small buffer: heads by line, bodies by count or chunks."""

    def __init__(self, sock):
        self.sock, self.buf = sock, b""

    def fill(self):
        data = self.sock.recv(CHUNK)
        self.buf += data
        return len(data) > 0

    def head(self):
        while b"\r\n\r\n" not in self.buf:
            if not self.fill():
                return None
        head, _, self.buf = self.buf.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def some(self, most):
        if not self.buf and not self.fill():
            return b""
        data, self.buf = self.buf[:most], self.buf[most:]
        return data

    def line(self):
        while b"\n" not in self.buf:
            if not self.fill():
                return b""
        line, _, self.buf = self.buf.partition(b"\n")
        return line + b"\n"


def field(head, name):
    m = re.search(rb"(?im)^" + name + rb":[ \t]*([^\r]*)", head)
    return m.group(1).decode("latin-1") if m else None


def body(reader, head, answer_to=None, status=0):
    """Yields (bytes as they are on the wire, how many of them are body); raises ConnectionError when it is cut."""
    if answer_to == "HEAD" or status in (204, 304) or 100 <= status < 200:
        return
    if "chunked" in (field(head, b"Transfer-Encoding") or "").lower():
        while True:
            line = reader.line()
            if not line:
                raise ConnectionError("cut in a chunk")
            yield line, 0
            left = int(line.split(b";")[0], 16)
            last = left == 0
            while left:
                data = reader.some(min(left, CHUNK))
                if not data:
                    raise ConnectionError("cut in a chunk")
                left -= len(data)
                yield data, len(data)
            yield reader.line(), 0
            if last:
                return
    length = field(head, b"Content-Length")
    if length is None:
        if answer_to:  # until the server closes
            while data := reader.some(CHUNK):
                yield data, len(data)
        return
    left = int(length)
    while left:
        data = reader.some(min(left, CHUNK))
        if not data:
            raise ConnectionError("cut")
        left -= len(data)
        yield data, len(data)


class Proxy:
    def __init__(self, upstream, rules, directory):
        host, _, port = upstream.rpartition(":")
        self.upstream, self.rules = (host, int(port)), rules
        self.log = open(os.path.join(directory, "requests.log"), "a", buffering=1)

    def rule_for(self, *request):
        with lock:
            return next((r for r in self.rules if r.takes(*request)), None)

    def note(self, method, path, query, status, sent, rule):
        with lock:
            self.log.write(json.dumps({"method": method, "path": path, "query": query, "status": status, "sent": sent,
                                       "rule": rule.text if rule else None}) + "\n")

    def serve(self, sock):
        client = Reader(sock)
        up = None
        try:
            while True:
                head = client.head()
                if head is None:
                    break
                up, keep = self.request(client, head, up)
                if not keep:
                    break
        except OSError:
            pass
        finally:
            sock.close()
            if up:
                up.sock.close()

    def request(self, client, head, up):
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        path, _, query = target.partition("?")
        rule = self.rule_for(method, path, query)
        status = sent = 0
        last = b""  # of the answer, not sent yet
        try:
            if rule and rule.action == "drop":
                return up, False
            if rule and rule.action == "run":
                run(rule.arg)
            if rule and rule.action == "status":
                status = int(rule.arg)
                last = self.refuse(client, head, status)
                return up, True
            up = self.forward(client, head, up)
            answer = up.head()
            while answer and answer.split(b" ", 2)[1] == b"100":  # the client has been told already
                answer = up.head()
            if answer is None:
                raise ConnectionError("no answer")
            status = int(answer.split(b" ", 2)[1])
            last = answer
            start = re.match(r"bytes (\d+)-", field(answer, b"Content-Range") or "")
            offset = int(start.group(1)) if start else 0
            for data, count in body(up, answer, method, status):
                client.sock.sendall(last)
                if rule and rule.action == "cut" and offset + sent + count > int(rule.arg):
                    last = data[:max(0, int(rule.arg) - offset - sent)]
                    sent = max(sent, int(rule.arg) - offset)
                    return up, False
                last = data
                sent += count
                if rule and rule.action == "run-at":
                    at, _, command = rule.arg.partition(":")
                    if offset + sent >= int(at):
                        client.sock.sendall(last)
                        last = b""
                        run(command)
                        return up, False
            closing = "close" in ((field(answer, b"Connection") or "") + (field(head, b"Connection") or "")).lower()
            return up, not closing
        finally:
            self.note(method, path, query, status, sent, rule)
            client.sock.sendall(last)

    def forward(self, client, head, up):
        if up is not None and select.select([up.sock], [], [], 0)[0]:
            up.sock.close()  # the server has ended it meanwhile
            up = None
        if up is None:
            up = Reader(socket.create_connection(self.upstream, timeout=120))
            up.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if "100-continue" in (field(head, b"Expect") or "").lower():
            client.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        up.sock.sendall(head)
        for data, _ in body(client, head):
            up.sock.sendall(data)
        return up

    @staticmethod
    def refuse(client, head, status):
        """Reads the request; the answer."""
        if "100-continue" in (field(head, b"Expect") or "").lower():
            client.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        for _ in body(client, head):
            pass
        xml = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>on purpose</Message></Error>'
        return b"HTTP/1.1 %d On Purpose\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % (status, len(xml)) + xml


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--upstream", required=True)
    ap.add_argument("--dir", required=True)
    ap.add_argument("--port", type=int, default=0, help="a free one")
    ap.add_argument("--rule", action="append", default=[])
    a = ap.parse_args()
    signal.signal(signal.SIGTERM, stop)
    proxy = Proxy(a.upstream, [Rule(r) for r in a.rule], a.dir)
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", a.port))
    server.listen(64)
    port = os.path.join(a.dir, "port")
    with open(port + ".new", "w") as f:
        f.write(str(server.getsockname()[1]))
    os.rename(port + ".new", port)
    while True:
        sock, _ = server.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=proxy.serve, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
