#!/usr/bin/env python3
"""TLS in front of a plain server, which tells of each connection whether its session was resumed.

  tls_front.py HOST:PORT CERTIFICATE KEY DIR     writes DIR/port when it listens, and DIR/handshakes: a line `full` or `resumed` each
"""
import os
import socket
import ssl
import sys
import threading

upstream, certificate, key, folder = sys.argv[1:]
host, port = upstream.rsplit(":", 1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
lock = threading.Lock()


def pump(come, go):
    try:
        while data := come.recv(65536):
            go.sendall(data)
    except OSError:
        pass
    for s in (come, go):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(raw):
    try:
        client = context.wrap_socket(raw, server_side=True)
    except (OSError, ssl.SSLError):
        return
    with lock, open(os.path.join(folder, "handshakes"), "a") as f:
        f.write("resumed\n" if client.session_reused else "full\n")
    server = socket.create_connection((host, int(port)))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


listener = socket.create_server(("127.0.0.1", 0), backlog=64)
with open(os.path.join(folder, "port.new"), "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
