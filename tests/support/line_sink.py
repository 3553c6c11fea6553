#!/usr/bin/env python3
"""A receiver of lines, as good or bad as it is told to be: line_sink.py DIR [--bad MANNER]... [--lumberjack] [--tls CERT KEY [--ca CA]]

It listens on a free port of 127.0.0.1, writes the port to DIR/port when it is ready, and each connection's lines to DIR/lines
once the connection is over. The first connections get the manners named, in order; all others are served well. With
--forever the last manner stays.

  reset:N    reads N bytes, then resets          unread:N   reads N bytes, then closes
  never      accepts and does not read           late:MS    begins to read after so many milliseconds
  slow:N     reads N bytes a second              close      closes at once
"""
import argparse
import os
import socket
import ssl
import struct
import sys
import threading
import time
import zlib

p = argparse.ArgumentParser()
p.add_argument("dir")
p.add_argument("--bad", action="append", default=[])
p.add_argument("--forever", action="store_true")
p.add_argument("--lumberjack", action="store_true")
p.add_argument("--tls", nargs=2)
p.add_argument("--ca")
args = p.parse_args()
lock = threading.Lock()
lines = open(os.path.join(args.dir, "lines"), "ab", buffering=0)


def note(data):
    with lock:
        lines.write(data)


def read_lines(c, most, pace):
    data = bytearray()
    while len(data) < most:
        got = c.recv(min(65536, most - len(data)) if not pace else max(1, pace // 20))
        if not got:
            break
        data += got
        if pace:
            time.sleep(0.05)
    note(bytes(data[:data.rfind(b"\n") + 1]))


def exactly(c, n):
    data = b""
    while len(data) < n:
        got = c.recv(n - len(data))
        if not got:
            raise EOFError
        data += got
    return data


def events(read, count):
    """Generates `count` events, also out of compressed frames."""
    while count > 0:
        kind = read(2)
        if kind == b"2C":
            plain = memoryview(zlib.decompress(read(struct.unpack(">I", read(4))[0])))
            at = [0]

            def inner(n):
                at[0] += n
                return bytes(plain[at[0] - n:at[0]])
            while at[0] < len(plain):
                for event in events(inner, 1):
                    yield event
                    count -= 1
            continue
        assert kind == b"2J", kind
        seq, size = struct.unpack(">II", read(8))
        yield seq, read(size)
        count -= 1


def read_windows(c, most):
    done = 0
    while True:
        try:
            head = exactly(c, 6)
        except EOFError:
            return
        assert head[:2] == b"2W", head
        count = struct.unpack(">I", head[2:])[0]
        got, want = 0, 1
        for seq, event in events(lambda n: exactly(c, n), count):
            assert seq == want, (seq, want)
            want += 1
            note(event + b"\n")
            got += 1
            done += len(event)
            if done >= most:
                return
            if got == count // 2:
                c.sendall(b"2A" + struct.pack(">I", 0))
                c.sendall(b"2A" + struct.pack(">I", got))
        c.sendall(b"2A" + struct.pack(">I", count))


def serve(c, manner):
    kind, _, n = manner.partition(":")
    n = int(n or 0)
    try:
        if args.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*args.tls)
            if args.ca:
                context.load_verify_locations(args.ca)
                context.verify_mode = ssl.CERT_REQUIRED
            c = context.wrap_socket(c, server_side=True)
        if kind == "never":
            threading.Event().wait()
        if kind == "late":
            time.sleep(n / 1000)
        if kind != "close":
            most = n if kind in ("reset", "unread") else sys.maxsize
            if args.lumberjack:
                read_windows(c, most)
            else:
                read_lines(c, most, n if kind == "slow" else 0)
        if kind == "reset":
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except (OSError, EOFError) as e:
        print(manner, e, file=sys.stderr, flush=True)
    c.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
listener.bind(("127.0.0.1", 0))
listener.listen(64)
with open(os.path.join(args.dir, "port.new"), "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename(os.path.join(args.dir, "port.new"), os.path.join(args.dir, "port"))
manners = list(args.bad)
while True:
    conn, _ = listener.accept()
    how = "good"
    if manners:
        how = manners[0] if args.forever and len(manners) == 1 else manners.pop(0)
    threading.Thread(target=serve, args=(conn, how), daemon=True).start()
