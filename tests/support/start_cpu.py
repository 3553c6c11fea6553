#!/usr/bin/env python3
"""CPU from exec to the first /next, of one or several bootstraps, taken in turns: start_cpu.py N HANDLER BOOTSTRAP...

Prints a line per bootstrap: "median_ms min_ms BOOTSTRAP". The time is what the kernel counted for the process, all threads, from
before exec until its request for /next has arrived (/proc/PID/task/*/schedstat), so it does not depend on what else runs here.
"""
import glob
import os
import socket
import statistics
import sys


def one(listener, handler, program):
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
    connection = None
    try:
        connection, _ = listener.accept()
        request = b""
        while b"\r\n\r\n" not in request:
            more = connection.recv(65536)
            if not more:
                sys.exit("start_cpu.py: the connection ended before the request")
            request += more
        if b"/invocation/next" not in request.split(b"\r\n", 1)[0]:
            sys.exit(f"start_cpu.py: not /next: {request[:200]!r}")
        return sum(int(open(f).read().split()[0]) for f in glob.glob(f"/proc/{pid}/task/*/schedstat")) / 1e6
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        if connection:
            connection.close()


def main(n, handler, *programs):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)
    times = {p: [] for p in programs}
    for _ in range(int(n)):
        for p in programs:
            times[p].append(one(listener, handler, p))
    for p in programs:
        print(f"{statistics.median(times[p]):.3f} {min(times[p]):.3f} {p}")


main(*sys.argv[1:])
