#!/usr/bin/env python3
"""A TCP proxy that gives each connection so many MB/s of what the server says, as a server far away does.

  throttle.py HOST:PORT MB_PER_S      prints the port, and works until it is ended
"""
import socket
import sys
import threading
import time

PIECE = 256 * 1024
host, port = sys.argv[1].rsplit(":", 1)
rate = float(sys.argv[2]) * 1e6


def pump(come, go, slowly):
    began, sent = time.monotonic(), 0
    try:
        while data := come.recv(PIECE):
            go.sendall(data)
            sent += len(data)
            ahead = sent / rate - (time.monotonic() - began) if slowly else 0
            if ahead > 0:
                time.sleep(ahead)
            elif ahead < -0.1:  # it was idle: nobody may catch up on that
                began, sent = time.monotonic(), 0
    except OSError:
        pass
    for s in (come, go):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def accept_all():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection((host, int(port)))
        threading.Thread(target=pump, args=(client, server, False), daemon=True).start()
        threading.Thread(target=pump, args=(server, client, True), daemon=True).start()


accept_all()
