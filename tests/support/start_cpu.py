#!/usr/bin/env python3
"""CPU from exec to the first /next, of one or several bootstraps, taken in turns: start_cpu.py N HANDLER BOOTSTRAP...

Prints a line per bootstrap: "median_ms quartile_ms min_ms faults BOOTSTRAP". The time is what the kernel counted for the
process, all threads, from before exec until its request for /next has arrived (/proc/PID/task/*/schedstat); a busy machine adds to
it, through its caches. The page faults until then (the most of all starts) are the larger part of the work, and a count.
"""
import glob
import os
import select
import socket
import statistics
import sys


BODY = b'{"functionName":"f","functionVersion":"$LATEST","handler":"h"}'
REGISTERED = (
    b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: 2f2b1b1e-0d3c-4f6e-9a3f-0a4b5c6d7e8f\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def one(handler, program):
    # Its own port: a connection of the one before, still to be accepted, must not be taken for this one's.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    folder = os.path.dirname(os.path.abspath(program))
    env = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": folder,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "BUCKET_NAME": "weir-demo",
    }
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(program, [program], env, file_actions=quiet)
    open_ = {listener}
    try:
        while True:
            ready, _, _ = select.select(list(open_), [], [], 30)
            if not ready:
                sys.exit("start_cpu.py: no request for /next")
            for s in ready:
                if s is listener:
                    open_.add(listener.accept()[0])
                    continue
                try:
                    request = s.recv(65536)
                except ConnectionResetError:
                    request = b""
                if not request:  # we stood still, and it does without our answer
                    open_.discard(s)
                    s.close()
                    continue
                line = request.split(b"\r\n", 1)[0]
                if b"/runtime/invocation/next" in line:
                    ms = sum(int(open(f).read().split()[0]) for f in glob.glob(f"/proc/{pid}/task/*/schedstat")) / 1e6
                    # Field 10 of stat(5), minflt; a program's name has no blank here.
                    return ms, int(open(f"/proc/{pid}/stat").read().split()[9])
                if b"/extension/register" in line:
                    s.sendall(REGISTERED)
                elif b"/extension/event/next" not in line:
                    sys.exit(f"start_cpu.py: not /next: {request[:200]!r}")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        for s in open_:
            s.close()


def main(n, handler, *programs):
    times = {p: [] for p in programs}
    for _ in range(int(n)):
        for p in programs:
            times[p].append(one(handler, p))
    for p in programs:
        ms = [t for t, _ in times[p]]
        faults = max(f for _, f in times[p])
        print(f"{statistics.median(ms):.3f} {statistics.quantiles(ms, n=4)[0]:.3f} {min(ms):.3f} {faults} {p}")


main(*sys.argv[1:])
