#!/usr/bin/env python3
"""Ports of 127.0.0.1 that are free, and stay it until they are used: ports.py [N] prints N of them, for servers that cannot choose
one themselves.

A port that the kernel gives out for the asking may be an outgoing connection's a moment later. These lie below the ones that it
gives out, and each caller on this machine goes on where the one before has stopped.
"""
import fcntl
import os
import random
import socket
import sys
import tempfile

LOW, HIGH = 10000, 32000


def free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main(n):
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        high = min(HIGH, int(f.read().split()[0]))
    if high - LOW < 1000:
        sys.exit("ports.py: the kernel gives out all ports for outgoing connections")
    with open(os.path.join(tempfile.gettempdir(), f"weir-ports-{os.getuid()}"), "a+", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        port = int(f.read() or random.randrange(LOW, high))
        found = []
        for _ in range(high - LOW):
            port = port + 1 if LOW <= port + 1 < high else LOW
            if free(port):
                found.append(port)
            if len(found) == n:
                break
        else:
            sys.exit("ports.py: no port is free")
        f.truncate(0)
        f.write(str(port))
    print(*found)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
