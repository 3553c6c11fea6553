#!/usr/bin/env python3
"""What the internet does to a relay: relay_vandals.py PORT SEED CONNECTIONS STAYING

CONNECTIONS come one after the other, as fast as this program can, and each does one of the things below; STAYING of them at a
time stay open and do nothing more (they never read, or their request never comes). Prints how many came in a second. In a
process of its own, so that the clients that are watched are not slowed down by it.
"""
import collections, random, socket, struct, sys, time

port, seed, connections, staying = (int(a) for a in sys.argv[1:5])
rng = random.Random(seed)
stay = collections.deque()


def send(s, data):
    """As much as goes: a relay that has answered and closed does not take the rest."""
    try:
        s.sendall(data)
    except OSError:
        pass


def read(s, n):
    try:
        return s.recv(n)
    except OSError:
        return b""


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def end_of_requests(s):
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has gone before


def leave(s):
    reset(s) if rng.randrange(2) else s.close()


def stays(s):
    stay.append(s)
    while len(stay) > staying:
        leave(stay.popleft())


def get(query=b"", version=b"1.1"):
    return b"GET /live%s HTTP/%s\r\nHost: x\r\n\r\n" % (query, version)


QUERIES = [b"", b"?policy=latest", b"?policy=newest", b"?burst=10000000", b"?policy=newest&burst=10000000&age_max=0.1",
           b"?disconnect_after=0.2&burst=10000000", b"?random_access=1", b"?policy=" + b"x" * 3000, b"?&&==&burst=-1"]


def comes_and_goes(s):
    leave(s)


def sends_garbage(s):
    send(s, rng.randbytes(rng.randrange(1, 2000)))
    leave(s)


def sends_a_megabyte_of_headers(s):
    send(s, b"GET /live HTTP/1.1\r\nX: " + b"y" * 1000000)
    leave(s)


def sends_endless_short_headers(s):
    send(s, b"GET /live HTTP/1.1\r\n" + b"a: b\r\n" * 50000)
    leave(s)


def never_reads(s):
    send(s, get(rng.choice(QUERIES), rng.choice((b"1.0", b"1.1"))))
    stays(s)


def never_asks(s):
    send(s, get()[:rng.randrange(len(get()))])
    stays(s)


def reads_a_little_and_vanishes(s):
    send(s, get(rng.choice(QUERIES), rng.choice((b"1.0", b"1.1"))))
    read(s, rng.randrange(1, 5000))
    leave(s)


def ends_its_side_and_vanishes(s):
    send(s, get(b"?burst=100000"))
    end_of_requests(s)
    read(s, 1000)
    leave(s)


def ends_its_side_and_never_reads(s):
    send(s, get())
    end_of_requests(s)
    stays(s)


def talks_on_after_its_request(s):
    send(s, get() + b"junk" * rng.randrange(50000))
    leave(s)


def asks_byte_by_byte(s):
    for b in get():
        send(s, bytes([b]))
    leave(s)


def asks_for_documents_and_does_not_read_them(s):
    send(s, rng.choice((b"GET /status.json", b"GET /metrics", b"GET /", b"HEAD /live", b"OPTIONS *", b"GET /nowhere")) + b" HTTP/1.1\r\n\r\n")
    leave(s)


def pushes_with_a_wrong_token(s):
    send(s, b"PUT /in HTTP/1.1\r\nAuthorization: Bearer nope\r\nContent-Length: 1000000\r\n\r\n" + b"z" * 100000)
    leave(s)


def pushes_and_vanishes(s):
    send(s, b"PUT /in HTTP/1.1\r\nAuthorization: Bearer chaos\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + b"z" * rng.randrange(1000))
    leave(s)


def pushes_broken_chunks(s):
    send(s, b"POST /in HTTP/1.1\r\nAuthorization: Bearer chaos\r\nTransfer-Encoding: chunked\r\n\r\n" + rng.choice(
        (b"zz\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n\r\n", b"3\r\nabcdef", b"0\r\n" + b"t: u\r\n" * 20000)))
    leave(s)


KINDS = [comes_and_goes] * 8 + [sends_garbage] * 2 + [never_reads] * 3 + [reads_a_little_and_vanishes] * 3 + [
    sends_a_megabyte_of_headers, sends_endless_short_headers, never_asks, ends_its_side_and_vanishes, ends_its_side_and_never_reads,
    talks_on_after_its_request, asks_byte_by_byte, asks_for_documents_and_does_not_read_them, pushes_with_a_wrong_token,
    pushes_and_vanishes, pushes_broken_chunks]

begun = time.monotonic()
failed = 0
for i in range(connections):
    s = socket.socket()
    s.settimeout(5)
    try:
        s.connect(("127.0.0.1", port))
    except OSError:
        failed += 1
        s.close()
        continue
    KINDS[i % len(KINDS) if i < len(KINDS) else rng.randrange(len(KINDS))](s)
spent = time.monotonic() - begun
for s in stay:
    leave(s)
print("%d connections, %.0f a second, %d not accepted" % (connections, connections / spent, failed))
