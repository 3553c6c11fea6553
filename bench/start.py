#!/usr/bin/env python3
"""What a function costs before it does anything: start.py [--runs N] [--invocations N] NAME=PROGRAM...

A small Runtime API on plain sockets; each program in turn is started under it, RUNS times, answers INVOCATIONS events, and
is killed. Told are medians: from exec to the first /next (CPU of the process, and wall), and CPU of an invocation. CPU is what
the scheduler has counted (/proc/PID/schedstat, nanoseconds), read while the program waits for an answer.
"""
import argparse
import json
import os
import re
import signal
import socket
import statistics
import sys
import time

EVENT = b'{"name":"x"}'


def cpu_ns(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def settled_cpu_ns(pid):
    """The same, once it stands still: the request was seen before the one who sent it had gone to sleep."""
    last = cpu_ns(pid)
    while True:
        time.sleep(0.002)
        now = cpu_ns(pid)
        if now == last:
            return now
        last = now


class Api:
    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.listener.settimeout(30)
        self.port = self.listener.getsockname()[1]
        self.connections = []

    def serve(self, connection, invocations):
        """Requests of one connection until it asks for the first or the last /next."""
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                piece = connection.recv(1 << 16)
                if not piece:
                    return None
                buffer += piece
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            length = int(length.group(1)) if length else 0
            chunked = re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head)
            while len(buffer) < length or (chunked and not buffer.endswith(b"0\r\n\r\n")):
                buffer += connection.recv(1 << 16)
            buffer = b"" if chunked else buffer[length:]
            if head.startswith(b"GET") and b"/invocation/next" in head:
                invocations.asked()
                if invocations.left == 0:
                    return True
                invocations.left -= 1
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: id-%d\r\n"
                    b"Lambda-Runtime-Deadline-Ms: %d\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:0:function:f\r\n"
                    b"Content-Length: %d\r\n\r\n%s"
                    % (invocations.left, int(time.time() * 1000) + 60000, len(EVENT), EVENT))
            elif b"/extension/register" in head:
                connection.sendall(b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: x\r\nContent-Length: 2\r\n\r\n{}")
            elif b"/extension/event/next" in head:
                return False  # parked for ever
            else:
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")


class Invocations:
    def __init__(self, pid, start, n):
        self.pid, self.start, self.left = pid, start, n
        self.first_wall = self.first_cpu = None

    def asked(self):
        if self.first_cpu is None:
            self.first_wall = time.monotonic() - self.start
            self.first_cpu = settled_cpu_ns(self.pid)


def one(program, n):
    api = Api()
    env = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.port}", "_HANDLER": "hello",
           "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
           "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_REGION": "us-east-1"}
    start = time.monotonic()
    # Not subprocess: what Python does between fork and exec would count.
    pid = os.posix_spawn(program, [program], env, file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)])
    try:
        invocations = Invocations(pid, start, n)
        done = False
        while not done:
            connection, _ = api.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            api.connections.append(connection)
            done = api.serve(connection, invocations)
            if done is False and len(api.connections) > 1:  # that was the extension: go on with the other connection
                done = api.serve(api.connections[0], invocations)
        total = settled_cpu_ns(pid) - invocations.first_cpu
        return invocations.first_cpu / 1e6, invocations.first_wall * 1e3, total / n / 1e3
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for connection in api.connections + [api.listener]:
            connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--invocations", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("programs", nargs="+", metavar="NAME=PROGRAM")
    args = parser.parse_args()
    programs = [p.split("=", 1) for p in args.programs]
    figures = {name: [] for name, _ in programs}
    for _ in range(args.runs):  # in turn, so that what else the machine does hits all alike
        for name, program in programs:
            figures[name].append(one(program, args.invocations))
    result = {name: dict(zip(("start_cpu_ms", "start_wall_ms", "invocation_cpu_us"),
                             (statistics.median(column) for column in zip(*rows)))) for name, rows in figures.items()}
    if args.json:
        json.dump(result, sys.stdout)
        print()
        return
    print(f"{'':24} {'exec to /next':>22} {'an invocation':>16}")
    for name, r in result.items():
        print(f"{name:24} {r['start_cpu_ms']:8.2f} ms CPU {r['start_wall_ms']:6.2f} ms {r['invocation_cpu_us']:9.1f} us CPU")


if __name__ == "__main__":
    main()
