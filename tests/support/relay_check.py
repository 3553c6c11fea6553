#!/usr/bin/env python3
"""A live source and its clients around `weir relay`, checked packet by packet.

    relay_check.py WEIR SCENARIO...    prints "ok - ..." or "not ok - ..." for each

Packets of a transport stream carry their number, so that what a client got can be held against what the relay says:
whole packets, in order, and sent + dropped = produced.
"""
import asyncio, json, os, random, signal, socket, struct, sys, time

WEIR = sys.argv[1]
TS = 188


def packet(i):
    return b"\x47\x00\x00\x10" + struct.pack("<Q", i) + b"\xff" * (TS - 12)


class Source:
    """An HTTP server that streams numbered packets; what it does is a list of steps."""

    def __init__(self, steps):
        self.steps, self.made, self.connects, self.server = steps, 0, 0, None
        self.blocked = 0.0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return "http://127.0.0.1:%d/live.ts" % self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            step = self.steps[min(self.connects, len(self.steps) - 1)]
            self.connects += 1
            await step(self, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def send(self, writer, packets, rate, group=10):
        begun, sent = time.monotonic(), 0
        while sent < packets:
            n = min(group, packets - sent)
            writer.write(b"".join(packet(self.made + k) for k in range(n)))
            self.made += n
            sent += n
            before = time.monotonic()
            await writer.drain()
            self.blocked = max(self.blocked, time.monotonic() - before)
            late = begun + sent * TS / rate - time.monotonic()
            if late > 0:
                await asyncio.sleep(late)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n"


class Relay:
    def __init__(self, *args):
        self.args = args

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            WEIR, "relay", "--listen", "127.0.0.1:0", *self.args, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL)
        self.log = []
        while True:
            line = (await self.process.stderr.readline()).decode()
            if not line:
                raise RuntimeError("the relay ended: " + "".join(self.log))
            self.log.append(line)
            if "listening on" in line:
                break
        self.port = int(line.rsplit(":", 1)[1])
        self.drain = asyncio.create_task(self.read_log())
        return self

    async def read_log(self):
        while line := await self.process.stderr.readline():
            self.log.append(line.decode())

    async def __aexit__(self, *exc):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        self.rc = await asyncio.wait_for(self.process.wait(), 30)
        await self.drain

    async def request(self, text):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(text)
        try:
            data = await asyncio.wait_for(reader.read(), 30)
        except ConnectionError:
            data = b""
        writer.close()
        return data

    async def get(self, path):
        data = await self.request(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    async def source(self, name="live"):
        return json.loads((await self.get("/status.json"))[1])["sources"][name]

    async def until(self, what, test, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            s = await self.source()
            if test(s):
                return s
            await asyncio.sleep(0.02)
        raise AssertionError("%s: %s\n%s" % (what, json.dumps(s), "".join(self.log)))


class Client:
    """Reads at a rate (None: at once), takes the packets apart, and remembers where it has gaps."""

    def __init__(self, relay, rate=None, version=b"1.0", name="live", rcvbuf=None):
        self.relay, self.rate, self.version, self.name, self.rcvbuf = relay, rate, version, name, rcvbuf
        self.packets = self.bytes = self.gaps = self.missing = 0
        self.next, self.first, self.rest, self.clean = None, None, b"", False
        self.paused = asyncio.Event()
        self.paused.set()

    async def start(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.relay.port, limit=4096)
        self.port = self.writer.get_extra_info("sockname")[1]
        self.writer.write(b"GET /%s HTTP/%s\r\nHost: x\r\n\r\n" % (self.name.encode(), self.version))
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)
        self.status = int(head.split()[1])
        self.chunked = b"Transfer-Encoding: chunked" in head
        self.task = asyncio.create_task(self.run())
        return self

    async def run(self):
        while True:
            await self.paused.wait()
            if self.chunked:
                line = await self.reader.readline()
                if not line:
                    return
                n = int(line, 16)
                if n == 0:
                    self.clean = True
                    return
                data = await self.reader.readexactly(n)
                await self.reader.readexactly(2)
            else:
                data = await self.reader.read(4096)
                if not data:
                    self.clean = True
                    return
            self.hear(data)
            if self.rate:
                await asyncio.sleep(len(data) / self.rate)

    def hear(self, data):
        self.bytes += len(data)
        data = self.rest + data
        whole = len(data) // TS * TS
        self.rest = data[whole:]
        for at in range(0, whole, TS):
            p = data[at:at + TS]
            i = struct.unpack_from("<Q", p, 4)[0]
            if p != packet(i):
                raise AssertionError("a torn packet at %d" % self.packets)
            if self.next is None:
                self.first = i
            elif i != self.next:
                assert i > self.next, "packet %d after %d" % (i, self.next - 1)
                self.gaps += 1
                self.missing += i - self.next
            self.next = i + 1
            self.packets += 1

    def of(self, source):
        return next(c for c in source["clients"] if c["address"].endswith(":%d" % self.port))


def same(got, want, what):
    assert got == want, "%s: %r, expected %r" % (what, got, want)


async def endless(source, writer):
    await asyncio.sleep(3600)


def stream(packets, rate):
    async def step(source, writer):
        writer.write(HEAD)
        await source.send(writer, packets, rate)
        await endless(source, writer)
    return step


async def slow_clients_lose_whole_packets_and_all_are_counted():
    total = 8000
    source = Source([stream(total, 1e6)])
    async with Relay("--unit", "ts", "--ring-bytes", "400000", "--source-timeout", "100", "--source", "live=" + await source.start()) as relay:
        first = Client(relay)
        slow = [Client(relay, rate=2e4 * (k + 1), version=b"1.1" if k % 2 else b"1.0") for k in range(6)]
        started = await asyncio.gather(first.start(), *(c.start() for c in slow))
        assert all(c.status == 200 for c in started)
        await relay.until("all produced", lambda s: s["units"] == total)
        for c in slow:
            c.rate = None  # now take what waits
        s = await relay.until("all drained", lambda s: all(c["lag_bytes"] == 0 for c in s["clients"]))
        for c in [first] + slow:
            told = c.of(s)
            end = time.monotonic() + 20
            while c.packets < told["sent_units"] and time.monotonic() < end:
                await asyncio.sleep(0.02)
            same(c.packets, told["sent_units"], "packets got and said to be sent (%r, first %r next %r, %r %r)" % (told, c.first, c.next, c.version, len(c.rest)))
            same(c.bytes, told["sent_bytes"], "bytes got and said to be sent")
            same(c.rest, b"", "half a packet")
            same(c.first + c.packets + told["dropped_units"], total, "sent + dropped")
            same(c.missing + (total - c.next), told["dropped_units"], "gaps and dropped")
        same(first.gaps, 0, "gaps of the fast client")
        assert sum(c.gaps for c in slow) > 0, "no slow client lost anything"
        assert source.blocked < 1, "the source waited %.1f s" % source.blocked


async def a_broken_source_is_connected_again_and_clients_stay():
    async def breaks(source, writer):
        writer.write(HEAD)
        await source.send(writer, 50, 1e6)
        writer.write(packet(999)[:100])  # half a packet
        await writer.drain()

    async def resets(source, writer):
        writer.write(HEAD)
        await source.send(writer, 50, 1e6)
        await writer.drain()
        writer.transport.abort()

    async def refuses(source, writer):
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
        await writer.drain()

    async def stalls(source, writer):
        writer.write(HEAD)
        await source.send(writer, 50, 1e6)
        await endless(source, writer)

    source = Source([breaks, resets, refuses, stalls, stream(50, 1e6)])
    async with Relay("--unit", "ts", "--source-timeout", "1", "--source", "live=" + await source.start()) as relay:
        c = await Client(relay, version=b"1.1").start()
        s = await relay.until("five connections", lambda s: source.connects >= 5 and s["units"] >= 200)
        same(s["refused_bytes"], 100, "half a packet is refused")
        end = time.monotonic() + 20
        while c.packets < 200 and time.monotonic() < end:
            await asyncio.sleep(0.02)
        assert c.packets >= 200 and c.gaps == 0, "%d packets, %d gaps" % (c.packets, c.gaps)
    await asyncio.wait_for(c.task, 20)
    assert c.clean, "the client's body did not end well on SIGTERM"
    same(relay.rc, 143, "exit status")


async def answers_say_what_is_wrong():
    source = Source([stream(10, 1e6)])
    url = await source.start()
    dead = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    dead_url = "http://127.0.0.1:%d/" % dead.sockets[0].getsockname()[1]
    dead.close()
    await dead.wait_closed()
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


async def who_reads_seldom_gets_all_and_who_reads_slowly_gets_nothing_old():
    source = Source([stream(10 ** 9, 5e5)])
    async with Relay("--unit", "ts", "--source", "live=" + await source.start()) as relay:
        slow = await Client(relay, rate=5e4).start()
        seldom = Client(relay)
        sock = socket.create_connection(("127.0.0.1", relay.port))
        sock.sendall(b"GET /live HTTP/1.0\r\n\r\n")
        sock.setblocking(False)
        head, before = b"", None
        for turn in range(12):
            await asyncio.sleep(0.6)
            try:
                while data := sock.recv(1 << 20):
                    if b"\r\n\r\n" not in head:
                        head += data
                        data = head.partition(b"\r\n\r\n")[2]
                    seldom.hear(data)
            except BlockingIOError:
                pass
            if turn == 4:  # by now it is known that it reads all
                before = seldom.packets, seldom.missing
        got, lost = seldom.packets - before[0], seldom.missing - before[1]
        assert lost <= got / 5, "who reads every 600 ms got %d packets and lost %d" % (got, lost)
        told = slow.of(await relay.source())
        unread = told["sent_bytes"] - slow.bytes
        assert told["dropped_units"] > 0 and unread <= 250000, "%d bytes are sent and not read, 50,000 a second are" % unread
        sock.close()


async def an_encoder_pushes_with_a_token():
    os.environ["WEIR_RELAY_TOKEN"] = "s3cret"
    try:
        async with Relay("--unit", "ts", "--source", "live=push:") as relay:
            c = Client(relay)
            starting = asyncio.create_task(c.start())
            await relay.until("it waits", lambda s: s["state"] == "connecting")
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


async def chaos_leaves_nothing_behind():
    rng = random.Random(7)
    source = Source([stream(10 ** 9, 5e5)])
    async with Relay("--unit", "ts", "--age-max", "0", "--always", "--source", "live=" + await source.start()) as relay:
        steady = await Client(relay).start()
        fds = "/proc/%d/fd" % relay.process.pid
        before = len(os.listdir(fds))

        async def vandal():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
                kind = rng.randrange(6)
                if kind == 0:
                    writer.write(bytes(rng.randrange(256) for _ in range(200)))
                elif kind == 1:
                    writer.write(b"GET /live HTTP/1.1\r\nX: " + b"y" * 1000000)
                elif kind == 2:
                    writer.write(b"GET /live HTTP/1.1\r\n\r\n")  # never reads
                    await asyncio.sleep(rng.random())
                elif kind == 3:
                    writer.write(b"GET /live HTTP/1.1\r\n\r\n")
                    await reader.read(rng.randrange(1, 5000))
                elif kind == 4:
                    writer.write(b"GET /li")
                else:
                    writer.write(b"GET /live HTTP/1.0\r\n\r\n" + b"junk" * rng.randrange(30000))
                if rng.randrange(2):
                    writer.transport.abort()
                else:
                    writer.close()
            except OSError:
                pass

        for _ in range(10):
            await asyncio.gather(*(vandal() for _ in range(100)))
        await relay.until("only the steady one", lambda s: len(s["clients"]) == 1, 60)
        # This process was busy with the vandals, too: what the steady one has lost is not asked, only whether it goes on.
        got = steady.packets
        end = time.monotonic() + 30
        while steady.packets == got and time.monotonic() < end:
            await asyncio.sleep(0.02)
        assert steady.packets > got, "the steady client gets nothing any more"
        end = time.monotonic() + 30
        while len(os.listdir(fds)) > before and time.monotonic() < end:
            await asyncio.sleep(0.05)
        assert len(os.listdir(fds)) <= before, "descriptors: %d, were %d" % (len(os.listdir(fds)), before)
    same(relay.rc, 143, "exit status")


async def main():
    failed = 0
    for name in sys.argv[2:]:
        try:
            await asyncio.wait_for(globals()[name](), 120)
            print("ok - relay:", name.replace("_", " "), flush=True)
        except Exception as e:
            failed = 1
            print("not ok - relay:", name.replace("_", " "), flush=True)
            print("#   %s: %s" % (type(e).__name__, e), flush=True)
    os._exit(failed)


asyncio.run(main())
