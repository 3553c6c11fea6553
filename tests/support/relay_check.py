#!/usr/bin/env python3
"""Slow clients, sources that break, requests that are wrong, an encoder that pushes: relay_check.py SCENARIO..."""
import asyncio, os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relay_lab import *


async def slow_clients_lose_whole_packets_and_all_are_counted():
    total = 8000
    begin = asyncio.Event()  # nobody comes later than the first packet

    async def streams(source, writer):
        writer.write(HEAD)
        await begin.wait()
        await source.send(writer, total, 1e6)
        await endless(source, writer)

    source = Source([streams])
    async with Relay("--unit", "ts", "--ring-bytes", "400000", "--age-max", "0", "--source-timeout", "100", "--source", "live=" + await source.start()) as relay:
        source.follows = first = Client(relay)
        slow = [Client(relay, behind=(source, 50 // (k + 1)), version=b"1.1" if k % 2 else b"1.0", name="live?age_max=%d" % (k // 2)) for k in range(6)]
        started = await asyncio.gather(first.start(), *(c.start() for c in slow))
        assert all(c.status == 200 for c in started)
        for c in started:
            c.first = c.next = 0
        begin.set()
        # That all comes is what shows that nothing waits for them: the slowest has time for a fiftieth of it.
        await relay.until("all produced", lambda s: s["units"] == total)
        for c in slow:
            c.behind = None  # now take what waits
        s = await relay.until("all drained", lambda s: all(c["lag_bytes"] == 0 for c in s["clients"]))
        for c in [first] + slow:
            told = c.of(s)
            await until("its socket is not empty", lambda: c.packets >= told["sent_units"])
            same(c.packets, told["sent_units"], "packets got and said to be sent (%r, first %r next %r, %r %r)" % (told, c.first, c.next, c.version, len(c.rest)))
            same(c.bytes, told["sent_bytes"], "bytes got and said to be sent")
            same(c.rest, b"", "half a packet")
            same(c.packets + told["dropped_units"], total, "sent + dropped")
            same(c.missing + (total - c.next), told["dropped_units"], "gaps and dropped")
        same(first.gaps, 0, "gaps of the fast client")
        assert sum(c.gaps for c in slow) > 0, "no slow client lost anything"


async def a_broken_source_is_connected_again_and_clients_stay():
    async def breaks(source, writer):
        writer.write(HEAD)
        await source.send(writer, 50, 1e6)
        writer.write(packet(999)[:100])  # half a packet
        await writer.drain()

    async def resets(source, writer):
        writer.write(HEAD)
        await source.send(writer, 50, 1e6)
        await relay.until("packets before the reset", lambda s: s["units"] >= 100)  # it takes what was not read along
        writer.transport.abort()

    async def refuses(source, writer):
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
        await writer.drain()

    source = Source([breaks, resets, refuses, stream(50, 1e6)])
    async with Relay("--unit", "ts", "--age-max", "0", "--source-timeout", "100", "--source", "live=" + await source.start()) as relay:
        c = await Client(relay, version=b"1.1").start()
        s = await relay.until("four connections", lambda s: source.connects >= 4 and s["units"] >= 150)
        same(s["refused_bytes"], 100, "half a packet is refused")
        await until(lambda: "%d packets" % c.packets, lambda: c.packets >= 150)
        same((c.packets, c.gaps), (150, 0), "packets and gaps")
    await asyncio.wait_for(c.task, 120)
    assert c.clean, "the client's body did not end well on SIGTERM"
    same(relay.rc, 143, "exit status")


async def a_source_that_stalls_is_connected_again():
    """On a machine that is too busy for a second, others are taken for that, too: there is no count of connections here."""
    source = Source([stream(50, 1e6)])
    async with Relay("--unit", "ts", "--source-timeout", "1", "--source", "live=" + await source.start()) as relay:
        c = await Client(relay).start()
        await relay.until("two connections", lambda s: s["connects"] >= 2 and s["units"] >= 100)
        await until(lambda: "%d packets" % c.packets, lambda: c.packets >= 100)
        assert not c.task.done(), "its client was closed"


async def answers_say_what_is_wrong():
    source = Source([stream(10, 1e6)])
    url = await source.start()
    dead = socket.socket()  # taken, and nobody listens: refused for certain
    dead.bind(("127.0.0.1", 0))
    dead_url = "http://127.0.0.1:%d/" % dead.getsockname()[1]
    async with Relay("--clients", "1", "--source", "live=" + url, "--source", "dead=" + dead_url, "--source", "in=push:") as relay:
        async def status(text):
            return int((await relay.request(text) or b"x 0").split()[1])
        same(await status(b"GET /nothing HTTP/1.1\r\n\r\n"), 404, "unknown")
        same(await status(b"GET /dead HTTP/1.1\r\n\r\n"), 502, "unreachable")
        same(await status(b"DELETE /live HTTP/1.1\r\n\r\n"), 405, "method")
        same(await status(b"PUT /live HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), 405, "not pushed")
        same(await status(b"PUT /in HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), 401, "no token")
        same(await status(b"POST /status.json HTTP/1.1\r\n\r\n"), 405, "document")
        same(await status(b"GET / HTTP/3.0\r\n\r\n"), 505, "version")
        same(await status(b"\x16\x03\x01\x02\x00\r\n\r\n"), 400, "garbage")
        same(await status(b"GET / HTTP/1.1\r\nX: " + b"y" * 20000), 431, "a long head")
        same(await status(b"POST /in HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"), 501, "coding")
        same(await status(b"POST /in HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400, "lengths")
        one = await Client(relay).start()
        two = await Client(relay).start()
        same((one.status, two.status), (200, 503), "the client limit")
        for path in "/", "/metrics":
            same((await relay.get(path))[0], 200, path)
        head = await relay.request(b"HEAD /status.json HTTP/1.0\r\n\r\n")
        assert head.endswith(b"\r\n\r\n") and b" 200 " in head, "HEAD"


async def reads_by_hand(relay, every, most, until):
    """A client that reads so many bytes so often, and nothing in between. It ends with its longest pause."""
    c = Client(relay)
    sock = socket.create_connection(("127.0.0.1", relay.port))
    sock.sendall(b"GET /live HTTP/1.0\r\n\r\n")
    sock.setblocking(False)
    head, last, c.pause = b"", time.monotonic(), 0.0
    c.address = sock.getsockname()[1]
    while not until.is_set():
        await asyncio.sleep(every)
        c.pause, last = max(c.pause, time.monotonic() - last), time.monotonic()
        left = most
        try:
            while left > 0 and (data := sock.recv(left)):
                left -= len(data)
                if b"\r\n\r\n" not in head:
                    head += data
                    data = head.partition(b"\r\n\r\n")[2]
                c.hear(data)
        except BlockingIOError:
            pass
    return c, sock


def waited(pid):
    """Seconds for which the threads of a process could have run, and had no processor."""
    ns = 0
    for thread in os.listdir("/proc/%s/task" % pid):
        with open("/proc/%s/task/%s/schedstat" % (pid, thread)) as f:
            ns += int(f.read().split()[1])
    return ns / 1e9


async def who_reads_seldom_gets_all_and_who_reads_slowly_gets_nothing_old():
    # How much of it is a question of time, and tests/unit/test_relay_unread.c answers it with a clock of its own. Here the
    # bounds are wide, and nothing is judged while the machine is too busy for a reader's pauses, or for the kernel's news of them.
    judged = busy = 0
    while judged < 4 and busy < 4:
        source = Source([stream(10 ** 9, 5e5)])
        async with Relay("--unit", "ts", "--source", "live=" + await source.start()) as relay:
            before = waited("self") + waited(relay.process.pid)
            end = asyncio.Event()
            tasks = [asyncio.create_task(reads_by_hand(relay, *how, end)) for how in ((0.6, 1 << 30), (0.1, 5000))]
            await asyncio.sleep(8)
            end.set()
            (seldom, one), (slow, two) = await asyncio.gather(*tasks)
            s = await relay.source()
            idle = waited("self") + waited(relay.process.pid) - before
            told = next(c for c in s["clients"] if c["address"].endswith(":%d" % slow.address))
            unread = told["sent_bytes"] - slow.bytes
            one.close()
            two.close()
        assert unread <= 1000000, "%d bytes of %d are sent and not read, 50,000 a second are" % (unread, s["bytes"])
        if seldom.missing < seldom.packets:
            return "%d packets, %d lost" % (seldom.packets, seldom.missing)
        if seldom.pause >= 0.75 or idle > 0.4:
            busy += 1
        else:
            judged += 1
    assert busy > 0, "who reads every 600 ms got %d packets and lost %d" % (seldom.packets, seldom.missing)
    return "not judged: the machine was too busy"


async def an_encoder_pushes_with_a_token():
    os.environ["WEIR_RELAY_TOKEN"] = "s3cret"
    try:
        async with Relay("--unit", "ts", "--age-max", "0", "--source", "live=push:") as relay:
            c = Client(relay)
            starting = asyncio.create_task(c.start())
            while (await relay.metrics())['weir_relay_clients{source="live"}'] == 0:  # it waits
                await asyncio.sleep(0.02)
            same((await relay.source())["state"], "connecting", "state")
            data = b"".join(packet(i) for i in range(100))
            bad = await relay.request(b"PUT /live HTTP/1.1\r\nAuthorization: Bearer s3creT\r\nContent-Length: 1\r\n\r\nx")
            assert b" 401 " in bad and b"s3c" not in bad
            ok = await relay.request(b"PUT /live HTTP/1.1\r\nAuthorization: Bearer s3cret\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
            assert b" 200 " in ok, ok
            data = b"".join(packet(i) for i in range(100, 200))
            chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in (data[k:k + 777] for k in range(0, len(data), 777)))
            ok = await relay.request(b"POST /live HTTP/1.1\r\nAuthorization: Basic c291cmNlOnMzY3JldA==\r\nTransfer-Encoding: chunked\r\n"
                                     b"Expect: 100-continue\r\n\r\n" + chunks + b"0\r\nT: x\r\n\r\n")
            assert ok.startswith(b"HTTP/1.1 100 ") and b" 200 " in ok, ok
            await starting
            await relay.until("200 packets", lambda s: c.of(s)["sent_units"] == 200)
            assert not any("s3cret" in line for line in relay.log)
    finally:
        del os.environ["WEIR_RELAY_TOKEN"]


run_all(globals(), sys.argv[1:])
