"""A live source, `weir relay` and its clients, for tests that check what comes packet by packet.

Packets of a transport stream carry their number, so that what a client got can be held against what the relay says:
whole packets, in order, and sent + dropped = produced. A test is a coroutine; run_all runs those that are named.
"""
import asyncio, json, os, signal, socket, struct, sys, time, traceback

WEIR = os.environ["WEIR"]
TS = 188


ENTRY = 50  # a decoder can begin at every such packet


def packet(i):
    return b"\x47\x00\x00" + (b"\x10\xff\xff\xff\xff" if i % ENTRY else b"\x30\x01\x40\xff\xff") + struct.pack("<Q", i) + b"\xff" * (TS - 16)


class Source:
    """An HTTP server that streams numbered packets; what it does is a list of steps.

    follows: a client that it never gets far ahead of, however busy the machine is: what that one loses it does not lose for want of
    a processor.
    """
    AHEAD = 300  # packets

    def __init__(self, steps):
        self.steps, self.made, self.connects, self.server = steps, 0, 0, None
        self.follows = None

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
            while self.follows and self.follows.next is not None and self.made - self.follows.next > self.AHEAD:
                await asyncio.sleep(0.002)
            writer.write(b"".join(packet(self.made + k) for k in range(n)))
            self.made += n
            sent += n
            await writer.drain()
            late = begun + sent * TS / rate - time.monotonic()
            if late > 0:
                await asyncio.sleep(late)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n"


class Relay:
    """`weir relay` on a free port; before runs in its process before it does."""

    def __init__(self, *args, before=None):
        self.args, self.before = args, before

    running = set()  # processes, to be ended with the test whatever becomes of it

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(WEIR, "relay", "--listen", "127.0.0.1:0", *self.args, stderr=asyncio.subprocess.PIPE,
                                                            stdin=asyncio.subprocess.DEVNULL, preexec_fn=self.before)
        Relay.running.add(self.process)
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
        self.rc = await asyncio.wait_for(self.process.wait(), 120)
        Relay.running.discard(self.process)
        await self.drain

    async def request(self, text):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(text)
        try:
            data = await asyncio.wait_for(reader.read(), 120)
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

    async def metrics(self):
        """The samples by what stands before the value; a counter's type is not asked."""
        text = (await self.get("/metrics"))[1].decode()
        return {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}

    async def until(self, what, test, seconds=300, name="live"):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            s = await self.source(name)
            if test(s):
                return s
            await asyncio.sleep(0.02)
        raise AssertionError("%s: %s\n%s" % (what, json.dumps(s), "".join(self.log)))


class Client:
    """Reads at a rate (None: at once), takes the packets apart, and remembers where it has gaps.

    behind: (source, n), for one that is n times slower than the source, whatever the machine lets that do.
    """

    def __init__(self, relay, rate=None, version=b"1.0", name="live", address="127.0.0.1", behind=None):
        self.relay, self.rate, self.version, self.name, self.address, self.behind = relay, rate, version, name, address, behind
        self.packets = self.bytes = self.gaps = self.missing = 0
        self.next, self.first, self.rest, self.clean = None, None, b"", False
        self.gap_to = None  # the first packet after the last gap
        self.paused = asyncio.Event()
        self.paused.set()

    async def start(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.relay.port, limit=4096, local_addr=(self.address, 0))
        self.port = self.writer.get_extra_info("sockname")[1]
        self.writer.write(b"GET /%s HTTP/%s\r\nHost: x\r\n\r\n" % (self.name.encode(), self.version))
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 120)
        self.status = int(head.split()[1])
        self.chunked = b"Transfer-Encoding: chunked" in head
        self.type = head.split(b"Content-Type: ")[1].split(b"\r\n")[0].decode()
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
            if self.behind:
                source, times = self.behind
                until_made = source.made + len(data) // TS * times
                while self.behind and source.made < until_made:
                    await asyncio.sleep(0.002)

    def hear(self, data):
        self.bytes += len(data)
        data = self.rest + data
        whole = len(data) // TS * TS
        self.rest = data[whole:]
        for at in range(0, whole, TS):
            p = data[at:at + TS]
            i = struct.unpack_from("<Q", p, 8)[0]
            if p != packet(i):
                raise AssertionError("a torn packet at %d" % self.packets)
            if self.next is None:
                self.first = i
            elif i != self.next:
                assert i > self.next, "packet %d after %d" % (i, self.next - 1)
                self.gaps += 1
                self.gap_to = i
                self.missing += i - self.next
            self.next = i + 1
            self.packets += 1

    def of(self, source):
        return next(c for c in source["clients"] if c["address"].endswith(":%d" % self.port))


async def until(what, test, seconds=300):
    """Poll until test() is true; what is the error, or makes it."""
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, what() if callable(what) else what
        await asyncio.sleep(0.02)


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


def run_all(scenarios, names, seconds=900):
    """Run the coroutines of these names: "ok - ..." or "not ok - ..." for each; ends the process."""
    async def main():
        failed = 0
        for name in names:
            try:
                said = await asyncio.wait_for(scenarios[name](), seconds)
                print("ok - relay:", name.replace("_", " ") + (": " + said if said else ""), flush=True)
            except Exception as e:
                failed = 1
                print("not ok - relay:", name.replace("_", " "), flush=True)
                print("#   %s: %s" % (type(e).__name__, e), flush=True)
                for line in traceback.format_exc().splitlines()[-7:-1]:
                    print("#   " + line, flush=True)
            for process in Relay.running:  # of one that failed
                if process.returncode is None:
                    process.kill()
            Relay.running.clear()
        os._exit(failed)
    asyncio.run(main())
