#!/usr/bin/env python3
"""Clients and sources that do everything wrong around one `weir relay`: relay_chaos.py SCENARIO...

A steady source and its steady clients must not notice; memory and descriptors must stay what they are. WEIR_FULL=1 has a
hundred times as many connections.
"""
import asyncio, itertools, json, os, re, resource, sys, time

sys.path.insert(0, os.environ["SUPPORT"])
from relay_lab import *

FULL = os.environ.get("FULL", "0") != "0"
ASAN = os.environ.get("ASAN", "0") != "0"
VANDALS = os.path.join(os.environ["INTEG"], "relay_vandals.py")
MIB = 1 << 20


# ---- sources that do everything wrong; each is a server's step, done again for each connection ----

async def closes_at_once(source, writer):
    pass


async def resets_in_a_packet(source, writer):
    writer.write(HEAD)
    await source.send(writer, 20, 1e6)
    writer.write(packet(0)[:99])
    await writer.drain()
    writer.transport.abort()


async def stalls(source, writer):
    writer.write(HEAD)
    await source.send(writer, 20, 1e6)
    await endless(source, writer)


async def never_answers(source, writer):
    await endless(source, writer)


async def sends_endless_headers(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for i in itertools.count():
        writer.write(b"X-%d: %s\r\n" % (i, b"y" * 1000))
        await writer.drain()


async def sends_one_endless_header(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"y" * 10000)
        await writer.drain()


async def drips_its_headers(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"a: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.3)


async def goes_on_and_on_saying_continue(source, writer):
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await writer.drain()


async def is_no_http(source, writer):
    writer.write(os.urandom(5000))
    await writer.drain()


async def cuts_its_length(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + packet(1) * 10)
    await writer.drain()


async def breaks_its_chunks(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbc\r\n" + packet(1) + b"\r\nzz\r\n")
    await writer.drain()


async def claims_a_gigantic_chunk(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + packet(1) * 50)
    await writer.drain()


async def refuses(source, writer):
    writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
    await writer.drain()


async def sends_elsewhere(source, writer):
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /live.ts\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def sends_what_are_no_packets(source, writer):
    writer.write(HEAD)
    for _ in range(200):
        writer.write(os.urandom(10000))
        await writer.drain()
        await asyncio.sleep(0.01)


async def has_another_type_each_time(source, writer):
    kind = (b"video/mp2t", b"text/plain", b"x" * 5000, b"a\x01\x02\xff/<img src=x onerror=alert(1)>", b"")[source.connects % 5]
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % kind)
    await source.send(writer, 20, 1e6)
    await writer.drain()


WRONG = [closes_at_once, resets_in_a_packet, stalls, never_answers, sends_endless_headers, sends_one_endless_header, drips_its_headers,
         goes_on_and_on_saying_continue, is_no_http, cuts_its_length, breaks_its_chunks, claims_a_gigantic_chunk, refuses, sends_elsewhere,
         sends_what_are_no_packets, has_another_type_each_time]


# ---- what is looked at ----

def rss_kib(pid):
    # VmRSS in status is a rough count, by hundreds of KiB.
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return int(re.search(r"Rss:\s+(\d+)", f.read()).group(1))


def fds(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


async def vandals(port, seed, connections, staying):
    p = await asyncio.create_subprocess_exec(sys.executable, VANDALS, str(port), str(seed), str(connections), str(staying),
                                             stdout=asyncio.subprocess.PIPE)
    out, _ = await p.communicate()
    same(p.returncode, 0, "the vandals' exit status")
    return out.decode().strip()


async def goes_on(client):
    got = client.packets
    await until("a steady client gets nothing any more", lambda: client.packets > got)


# ---- the scenarios ----

async def clients_and_sources_do_everything_wrong_and_nothing_stays():
    """Rounds of the same: the first ones bring memory to its height, of those after them not each one may."""
    rounds, warm, connections = (60, 10, 20000) if FULL else (7, 3, 1000 if ASAN else 2000)
    # A ring's memory is used as it fills: the steady one's is full before anything is measured, the others have small ones.
    full = 30000

    async def fills_the_ring_first(source, writer):
        writer.write(HEAD)
        await source.send(writer, full, 5e7, group=100)
        await source.send(writer, 10 ** 9, 5e5)

    source = Source([fills_the_ring_first])
    sources = {"live": {"url": await source.start(), "ring_bytes": "4MiB", "source_timeout": 100}, "in": {"url": "push:", "token": "chaos"}}
    wrong = []
    for step in WRONG:
        wrong.append(Source([step]))
        sources[step.__name__] = await wrong[-1].start()
    with open("chaos.json", "w") as f:
        json.dump({"unit": "ts", "age_max": 0, "ring_bytes": "32KiB", "source_timeout": 1, "always": True, "sources": sources}, f)
    async with Relay("--config", "chaos.json") as relay:
        await relay.until("a full ring", lambda s: s["units"] >= full)
        pid = relay.process.pid
        steady = [await Client(relay, version=v).start() for v in (b"1.0", b"1.1")]
        zapper = await Client(relay, name="has_another_type_each_time").start()  # it stays, whatever its source does
        same([c.status for c in steady + [zapper]], [200] * 3, "the steady clients' status")
        height, rates = [], []
        few = fds(pid) + len(WRONG) + 2  # connections of sources come and go
        for i in range(rounds):
            rates.append(await vandals(relay.port, i, connections, 50))
            await relay.until("only the steady ones", lambda s: len(s["clients"]) == len(steady))
            await until(lambda: "descriptors: %d, should be at most %d" % (fds(pid), few), lambda: fds(pid) <= few)
            height.append(rss_kib(pid))
        for c in steady:
            await goes_on(c)
            same((c.gaps, c.task.done()), (0, False), "gaps of a steady client, and whether it was closed")
        assert not zapper.task.done() and zapper.packets > 20, "a client of a source that changes was closed"
        for w, step in zip(wrong, WRONG):
            await until(lambda: "%s was not connected again" % step.__name__, lambda: w.connects > 1)
        assert source.connects == 1, "the steady source was connected %d times" % source.connects
        # What stays of connections stays in each round. How many are there at once, and with them how high the heap is, depends on how
        # far behind the relay was: that may grow in one round or another.
        grown = min(b - a for a, b in zip(height[warm - 1:], height[warm:]))
        if not ASAN:  # what was freed is quarantined there; leaks are found at its end
            assert grown < 128, "memory grew in each round: %s KiB" % height
        # A pusher that is well still can.
        data = b"".join(packet(i) for i in range(10))
        await until_pushed(relay, data)
    same(relay.rc, 143, "exit status")
    return "%d connections in all; in the last round %s; %d to %d KiB; %d packets without a gap" % (
        rounds * connections, rates[-1], min(height), max(height), steady[0].packets)


async def until_pushed(relay, data):
    """A vandal may still be the pusher for a moment."""
    end = time.monotonic() + 300
    while True:
        said = await relay.request(b"PUT /in HTTP/1.1\r\nAuthorization: Bearer chaos\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        if b" 200 " in said[:20]:
            return
        assert time.monotonic() < end, said
        await asyncio.sleep(0.05)


async def without_descriptors_left_clients_stay_and_later_ones_wait():
    source = Source([stream(10 ** 9, 5e5)])
    few = 40

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
    async with Relay("--unit", "ts", "--age-max", "0", "--ring-bytes", "16MiB", "--always", "--source", "live=" + await source.start(), before=limit) as relay:
        steady = await Client(relay).start()
        crowd = [await asyncio.open_connection("127.0.0.1", relay.port) for _ in range(2 * few)]
        await until(lambda: "it does not say so: %s" % relay.log, lambda: any("no more connections" in line for line in relay.log))
        await goes_on(steady)
        for _, writer in crowd:
            writer.transport.abort()
        late = await Client(relay).start()
        await goes_on(late)
        await goes_on(steady)
        same((steady.gaps, late.status), (0, 200), "gaps, and the later one's status")
    same(relay.rc, 143, "exit status")


async def a_source_that_changes_its_type_has_the_new_one_for_those_who_come_then():
    async def first(source, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t; v=1\r\n\r\n")
        await source.send(writer, 50, 1e6)
        await go.wait()

    async def then(source, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
        await source.send(writer, 10 ** 9, 1e5)

    go = asyncio.Event()
    source = Source([first, then])
    async with Relay("--unit", "ts", "--age-max", "0", "--source", "live=" + await source.start()) as relay:
        old = await Client(relay).start()
        go.set()
        await relay.until("the second connection", lambda s: s["connects"] >= 2)
        new = await Client(relay).start()
        await until(lambda: "the first client has %d packets" % old.packets, lambda: old.packets > 60)
        same((old.type, new.type, old.gaps), ("video/mp2t; v=1", "video/mp4", 0), "types and gaps")
    same(relay.rc, 143, "exit status")


run_all(globals(), sys.argv[1:], 3000 if FULL else 900)
