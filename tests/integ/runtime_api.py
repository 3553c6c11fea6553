"""A Runtime API that the built bootstrap is run under, from outside: runtime_api.py CASE BOOTSTRAP [ARGS]. Plain sockets, so
that what it sends is what the case says, and nothing of weir's is used to test weir.

  endurance N       N invocations in a row: resident memory and descriptors must not grow
  servers           HTTP/1.0 and 1.1, chunked and plain, with and without keep-alive, in any case of letters
  sigterm           SIGTERM while an invocation runs: how long until the process is gone
  once HANDLER FILE one invocation, its event in FILE, and then SIGTERM: prints the answer, ends as the bootstrap does
"""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

DEADLINE_S = 60


class Function:
    """The bootstrap as a process, and a socket to accept its connections on."""

    def __init__(self, bootstrap, handler="hello", host="127.0.0.1", env=None):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.listener.settimeout(DEADLINE_S)
        port = self.listener.getsockname()[1]
        whole = dict(os.environ, AWS_LAMBDA_RUNTIME_API=f"{host}:{port}", _HANDLER=handler, AWS_LAMBDA_LOG_LEVEL="ERROR")
        whole.update(env or {})
        self.process = subprocess.Popen([bootstrap], env=whole, stdin=subprocess.DEVNULL)
        self.connection = None
        self.buffer = b""

    def end(self):
        self.process.kill()
        self.process.wait()
        self.listener.close()
        if self.connection:
            self.connection.close()

    def read(self):
        """One request: its first line, its headers, its body. Opens a new connection when there is none."""
        while True:
            if self.connection is None:
                self.connection, _ = self.listener.accept()
                self.connection.settimeout(DEADLINE_S)
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.buffer = b""
            while b"\r\n\r\n" not in self.buffer:
                if not self.more():
                    break
            else:
                break
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        self.buffer = rest
        while len(self.buffer) < length:
            if not self.more():
                raise SystemExit("a request was cut")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return first, headers, body

    def more(self):
        piece = self.connection.recv(1 << 16)
        if not piece:
            self.close()
            return False
        self.buffer += piece
        return True

    def close(self):
        self.connection.close()
        self.connection = None

    def send(self, data):
        self.connection.sendall(data)


def answer(status, headers=(), body=b""):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def event(i, body=b'{"name":"x"}', timeout_s=60):
    deadline = int((time.time() + timeout_s) * 1000)
    return answer("200 OK", [f"Lambda-Runtime-Aws-Request-Id: id-{i}", f"Lambda-Runtime-Deadline-Ms: {deadline}",
                             "Content-Type: application/json", "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:x",
                             f"Lambda-Runtime-Trace-Id: Root=1-{i:024x}"], body)


def one(function, i, send=None, body=b'{"name":"x"}'):
    """Serve one whole invocation; returns what was posted. The extensions API is not there."""
    while True:
        first, _, _ = function.read()
        if first.startswith("GET ") and "/invocation/next " in first:
            break
        function.send(answer("404 Not Found"))
    function.send(send or event(i, body))
    if send and b"close" in send.lower().split(b"\r\n\r\n")[0] or send and send.startswith(b"HTTP/1.0"):
        function.close()
    return function.read()


def resident_kib(pid):
    """Exactly: VmRSS in status is a rough count, and all that is told to others than root (core/secret.h)."""
    file, name = ("smaps_rollup", "Rss:") if os.geteuid() == 0 else ("status", "VmRSS:")
    with open(f"/proc/{pid}/{file}", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name))


def measure(pid):
    # Its descriptors are root's to count, too.
    return resident_kib(pid), len(os.listdir(f"/proc/{pid}/fd")) if os.geteuid() == 0 else 0


def waited_ms(pid):
    """For how long a process could have run, and had no processor."""
    ns = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as f:
            ns += int(f.read().split()[1])
    return ns / 1e6


def endurance(bootstrap, n):
    n = int(n)
    function = Function(bootstrap)
    warm = min(1000, n // 10)
    before = after = None
    try:
        for i in range(n):
            first, _, body = one(function, i, body=b'{"error":"E"}' if i % 10 == 9 else b'{"name":"x"}')
            kind = "error" if i % 10 == 9 else "response"
            if f"/invocation/id-{i}/{kind} " not in first or (kind == "response" and body != b'{"message":"hello x"}'):
                raise SystemExit(f"invocation {i}: {first}: {body}")
            function.send(answer("202 Accepted", body=b'{"status":"OK"}\n'))
            if i + 1 == warm:
                before = measure(function.process.pid)
        after = measure(function.process.pid)
    finally:
        function.end()
    grown_kib, fds = after[0] - before[0], after[1] - before[1]
    print(f"{n} invocations: {before[0]} KiB resident after {warm}, {after[0]} KiB at the end; {after[1]} descriptors")
    if os.environ.get("ASAN") != "1" and grown_kib > 256:
        raise SystemExit(f"grown by {grown_kib} KiB")
    if fds != 0:
        raise SystemExit(f"grown by {fds} descriptors")


def servers(bootstrap):
    head = b"lambda-runtime-aws-request-id: id-0\r\n"
    body = b'{"name":"x"}'
    length = b"content-length: 12\r\n"
    chunks = b"5;x=y\r\n" + body[:5] + b"\r\n7\r\n" + body[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    nexts = {
        "1.1, lower case": b"HTTP/1.1 200 OK\r\n" + head + length + b"\r\n" + body,
        "1.1, upper case, no reason": b"HTTP/1.1 200\r\n" + head.upper().replace(b"ID-0", b"id-0") + length.upper() + b"\r\n" + body,
        "1.1, close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + head + length + b"\r\n" + body,
        "1.1, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n" + chunks,
        "1.1, chunked, close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n" + chunks,
        "1.1, up to the close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + head + b"\r\n" + body,
        "1.0": b"HTTP/1.0 200 OK\r\n" + head + length + b"\r\n" + body,
        "1.0, up to the close": b"HTTP/1.0 200 OK\r\n" + head + b"\r\n" + body,
        "1.1, interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + head + length + b"\r\n" + body,
        "1.1, lines ended by LF": b"HTTP/1.1 200 OK\n" + head.replace(b"\r", b"") + length.replace(b"\r", b"") + b"\n" + body,
    }
    posts = {
        "202 with a body": answer("202 Accepted", body=b'{"status":"OK"}'),
        "202 without one": answer("202 Accepted"),
        "202 without a length, close": b"HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n",
        "1.0": b"HTTP/1.0 202 Accepted\r\n\r\n",
        "200": answer("200 OK"),
    }
    for host in ("127.0.0.1", "localhost"):
        function = Function(bootstrap, host=host)
        try:
            for next_name, send in nexts.items():
                for post_name, accept in posts.items():
                    first, _, got = one(function, 0, send)
                    if "/invocation/id-0/response " not in first or got != b'{"message":"hello x"}':
                        raise SystemExit(f"{next_name}: {first}: {got}")
                    function.send(accept)
                    if b"close" in accept or accept.startswith(b"HTTP/1.0"):
                        function.close()
            if function.process.poll() is not None:
                raise SystemExit(f"ended with {function.process.returncode}")
        finally:
            function.end()
    print(f"{len(nexts)} kinds of /next, {len(posts)} kinds of answers to a POST, 2 ways to name the host")


def until_read(connection):
    """Wait until the other end, on this machine, has read all that was sent to it: it is no longer on its way, and then the kernel's
    receive queue there is empty."""
    here = f"0100007F:{connection.getsockname()[1]:04X}"
    there = f"0100007F:{connection.getpeername()[1]:04X}"
    arrived, end = False, time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        with open("/proc/net/tcp", encoding="ascii") as f:
            queues = {(local, remote): queue for local, remote, _, queue in (line.split()[1:5] for line in f)}
        if arrived and queues.get((there, here), "").endswith(":00000000"):
            return
        arrived = queues.get((here, there), "").startswith("00000000:")
    raise SystemExit("the event is not read")


class Pulse(threading.Thread):
    """A thread that only sleeps: how much too late it is woken is for how long the whole machine stood still."""

    def __init__(self):
        super().__init__(daemon=True)
        self.late_ms, self.ended = 0.0, False
        self.start()

    def run(self):
        while not self.ended:
            start = time.monotonic()
            time.sleep(0.005)
            self.late_ms += (time.monotonic() - start) * 1000 - 5

    def end(self):
        self.ended = True
        self.join()
        return self.late_ms


def sigterm(bootstrap):
    function = Function(bootstrap)
    try:
        while "/invocation/next " not in function.read()[0]:
            function.send(answer("404 Not Found"))
        function.send(event(1, b'{"sleep_ms":50000}'))
        until_read(function.connection)
        pid = function.process.pid
        pulse = Pulse()
        waited = waited_ms(pid) + waited_ms("self")
        start = time.monotonic()
        function.process.send_signal(signal.SIGTERM)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        took_ms = (time.monotonic() - start) * 1000
        waited = waited_ms(pid) + waited_ms("self") - waited  # for others on this machine
        waited = max(waited, pulse.end())
        status = function.process.wait(DEADLINE_S)
        if status != 143:
            raise SystemExit(f"status {status}")
        if took_ms - waited > (500 if os.environ.get("ASAN") != "1" else 5000):
            raise SystemExit(f"took {took_ms:.0f} ms, without a processor for {waited:.0f} ms of them")
        posted = function.connection.recv(1 << 16)
        if posted:
            raise SystemExit(f"posted after SIGTERM: {posted[:80]}")
        print(f"gone {took_ms:.0f} ms after SIGTERM, nothing posted")
    finally:
        function.end()


def once(bootstrap, handler, path):
    function = Function(bootstrap, handler)
    try:
        with open(path, "rb") as f:
            _, _, body = one(function, 1, body=f.read())
        function.send(answer("202 Accepted"))
        print(body.decode(), flush=True)
        function.process.terminate()
        sys.exit(function.process.wait(DEADLINE_S))
    finally:
        function.end()


if __name__ == "__main__":
    {"endurance": endurance, "servers": servers, "sigterm": sigterm, "once": once}[sys.argv[1]](*sys.argv[2:])
