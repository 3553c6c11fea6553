#!/usr/bin/env python3
"""What `weir relay` can be told, by flags, by a file and by each client, and what it tells: relay_settings.py SCENARIO..."""
import asyncio, json, os, re, signal, subprocess, sys

sys.path.insert(0, os.environ["SUPPORT"])
from relay_lab import *

# Each setting: a value it may have, and some it may not, with a part of what is said about them.
SETTINGS = {
    "unit": ("ts", [("words", "words: must be one of bytes, lines, ts"), (5, "must be one of"), (None, "must be a number or a string"), ([], "must be a number or a string")]),
    "policy": ("newest", [("random", "must be one of oldest, newest, latest"), (True, "must be a number or a string")]),
    "ring_bytes": ("64KiB", [(1, "not within 4096..1073741824 bytes"), ("2TiB", "not within"), (-1, "is no size"), ("x", "is no size"), ({}, "must be")]),
    "age_max": (1.5, [(-1, "no number of seconds"), ("soon", "no number of seconds"), (1e12, "seconds")]),
    "burst": (188000, [(-1, "is no size"), ("1XB", "is no size"), ("3GiB", "not within")]),
    "disconnect_after": (0.5, [("x", "no number of seconds"), (False, "must be a number or a string")]),
    "idle": ("60", [("never", "no number of seconds")]),
    "client_buffer": ("64KiB", [("1TB", "not within"), ("", "empty value")]),
    "clients": (10, [(0, "must be a whole number from 1 to 65536"), (65537, "whole number from"), (1.5, "whole number from"), ("many", "whole number from")]),
    "clients_per_address": (0, [(-1, "whole number from 0"), (70000, "whole number from 0")]),
    "source_timeout": (2, [(0, "not within 0.100.."), ("x", "no number of seconds")]),
    "rate": ("1MB", [(0, "not within"), ("fast", "is no size")]),
    "random_access": (True, [(1, "must be true or false"), ("yes", "must be true or false")]),
    "always": (False, [("true", "must be true or false"), (None, "must be true or false")]),
    "token": ("t0ken", [(5, "must be a string"), ("", "empty value")]),
}

# Whole files: text, and what is said about it.
FILES = [
    ('{"sources":{"a":"push:"},"listen":8000}', "/listen: must be a string"),
    ('{"sources":{"a":"push:"},"listen":"nowhere"}', "/listen: nowhere is not ADDRESS:PORT"),
    ('{"sources":{"a":"push:"},"ring":1}', "/ring: is no setting"),
    ('{"sources":{"a":"push:"},"source":"a=push:"}', "/source: is no setting"),
    ('{"sources":{"a":"push:"},"config":"b.json"}', "/config: is no setting"),
    ('{"sources":{"a":{"url":"push:","listen":"127.0.0.1:1"}}}', "/sources/a/listen: is no setting"),
    ('{"sources":{"a":{"url":"push:","ring-bytes":65536}}}', "/sources/a/ring-bytes: is no setting"),
    ('{"sources":{"a":{"unit":"ts"}}}', "/sources/a/url: is missing"),
    ('{"sources":{"a":{"url":5}}}', "/sources/a/url: must be a string"),
    ('{"sources":{"a":5}}', "/sources/a: must be a URL, or an object"),
    ('{"sources":{"a":"gopher://x"}}', "a: a source is http"),
    ('{"sources":{"a":"file:clip.ts"}}', "give it a rate"),
    ('{"sources":{"a/b":"push:"}}', "a source's name"),
    ('{"sources":{"":"push:"}}', "a source's name"),
    ('{"sources":{"metrics":"push:"}}', "a source's name"),
    ('{"sources":{"status.json":"push:"}}', "a source's name"),
    ('{"sources":{"' + "n" * 65 + '":"push:"}}', "a source's name"),
    ('{"sources":{"a":"push:","a":"push:"}}', "a"),
    ('{"sources":{}}', "no source"),
    ('{"sources":["push:"]}', "/sources: must be an object"),
    ('{}', "no source"),
    ('{"sources":null}', "/sources: must be an object"),
    ('[]', "must be an object"),
    ('["unit"]', "must be an object"),
    ('5', "must be an object"),
    ('', "config"),
    ('{"sources":{"a":"push:"}', "config"),
    ('{"sources":{"a":"push:"}} x', "config"),
    ('{"sources":{"a":"push:"}, "x":"' + "y" * (1 << 20) + '"}', "too-long"),
    ('{"sources":{' + ",".join('"s%d":"push:"' % i for i in range(65)) + '}}', "more than 64 sources"),
]


def refused(text, *args):
    """What `weir relay` says of such a file, without its "weir: relay: FILE: "; it must be one line, and the status 2."""
    with open("wrong.json", "w") as f:
        f.write(text)
    where = text if len(text) < 200 else text[:100] + "..."
    try:
        p = subprocess.run([WEIR, "relay", "--config", "wrong.json", *args], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise AssertionError("it runs with " + where) from None
    same(p.returncode, 2, "exit status for " + where)
    same(p.stdout, "", "stdout for " + where)
    same(p.stderr.count("\n"), 1, "lines about " + where + ":\n" + p.stderr)
    assert p.stderr.startswith("weir: relay: ") and len(p.stderr) < 400, p.stderr
    return p.stderr


async def every_wrong_value_is_one_line_that_says_where():
    n = 0
    for key, (_, wrong) in SETTINGS.items():
        for value, why in wrong:
            for place, text in (("/" + key, {key: value, "sources": {"a": "push:"}}), ("/sources/a/" + key, {"sources": {"a": {"url": "push:", key: value}}})):
                said = refused(json.dumps(text))
                assert "wrong.json: " + place + ": " in said and why in said, "%s %r: %s" % (place, value, said)
                n += 1
    for text, why in FILES:
        said = refused(text)
        assert why == "too-long" or why in said, "%s: %s" % (text[:100], said)
        n += 1
    same("two sources of that name" in refused('{"sources":{"a":"push:"}}', "--source", "a=push:"), True, "a flag's source and the file's")
    return "%d files" % n


async def every_setting_can_be_in_the_file_for_all_and_for_one():
    good = {key: value for key, (value, _) in SETTINGS.items()}
    source = Source([stream(100, 1e6)])
    url = await source.start()
    with open("all.json", "w") as f:
        json.dump({"listen": "127.0.0.1:0", **good, "sources": {"all": url, "live": {"url": url, **good}, "in": "push:"}}, f)
    async with Relay("--config", "all.json") as relay:
        for name in "all", "live":
            c = await Client(relay, name=name).start()
            same(c.status, 200, name)
            s = await relay.until("packets", lambda s: s["units"] >= 100, name=name)
            same((s["unit"], c.of(s)["policy"]), ("ts", "newest"), "unit and policy of " + name)


async def a_source_has_its_own_before_a_flag_and_a_flag_before_the_file():
    with open("units.json", "w") as f:
        json.dump({"unit": "lines", "sources": {"own": {"url": "push:", "unit": "bytes"}, "live": "push:"}}, f)
    for args, want in ([], "lines"), (["--unit", "ts", "--source", "flag=push:"], "ts"):
        async with Relay("--config", "units.json", *args) as relay:
            same((await relay.source("own"))["unit"], "bytes", "its own")
            same((await relay.source())["unit"], want, "of all, with %s" % args)
            if args:
                same((await relay.source("flag"))["unit"], "ts", "a flag's source")
    with open("settings.json", "w") as f:
        json.dump({"unit": "lines"}, f)
    async with Relay("--config", "settings.json", "--source", "live=push:") as relay:
        same((await relay.source())["unit"], "lines", "a file without sources")


# ---- what a client asks for ----

async def a_client_begins_as_far_back_as_it_asks_and_where_a_decoder_can():
    source = Source([stream(1000, 5e7)])
    async with Relay("--unit", "ts", "--age-max", "0", "--always", "--source-timeout", "100", "--source", "live=" + await source.start()) as relay:
        await relay.until("all of it", lambda s: s["units"] == 1000)
        for query, first in ("burst=10000", 947), ("burst=10000&random_access=1", 900), ("burst=188", 999), ("burst=100000000", 0), ("random_access=1", 950):
            c = await Client(relay, name="live?" + query).start()
            await until(lambda: "%s: at %s" % (query, c.next), lambda: c.next == 1000)
            same(c.first, first, "the first packet with " + query)
        nothing = await Client(relay, name="live").start()
        s = await relay.until("it is a client", lambda s: any(c["address"].endswith(":%d" % nothing.port) for c in s["clients"]))
        same((nothing.of(s)["sent_bytes"], nothing.of(s)["lag_bytes"]), (0, 0), "sent to a client that asks for nothing old")


async def a_client_that_asks_for_what_there_is_not_is_told():
    source = Source([stream(1000, 5e7)])
    async with Relay("--unit", "ts", "--always", "--source", "live=" + await source.start()) as relay:
        for query in "policy=random", "burst=-1", "burst=1k", "age_max=x", "disconnect_after=", "random_access=2", "policy=oldest&burst=x":
            status, body = await relay.get("/live?" + query)
            same(status, 400, query)
            same(body.count(b"\n"), 1, "lines about " + query)
        same((await Client(relay, name="live?t=1&policy=latest&&x").start()).status, 200, "what is not known is ignored")


async def each_client_has_the_policy_it_asks_for_and_each_loss_is_counted():
    go = asyncio.Event()

    async def twice(source, writer):
        writer.write(HEAD)
        await source.send(writer, 100, 1e6)
        await go.wait()
        await source.send(writer, 20000, 5e7)
        await once_more.wait()
        await source.send(writer, 10, 1e6)
        await endless(source, writer)

    once_more = asyncio.Event()
    source = Source([twice])
    async with Relay("--unit", "ts", "--age-max", "0", "--ring-bytes", "400000", "--always", "--source-timeout", "100", "--source", "live=" + await source.start()) as relay:
        await relay.until("the first ones", lambda s: s["units"] == 100)
        clients = [Client(relay, name="live?policy=" + policy, version=v) for policy in ("oldest", "newest", "latest") for v in (b"1.0", b"1.1")]
        for c in clients:
            await c.start()
            c.paused.clear()
            c.first = c.next = 100
        go.set()
        s = await relay.until("all of it", lambda s: s["units"] == 20100)
        same([c.of(s)["policy"] for c in clients], ["oldest", "oldest", "newest", "newest", "latest", "latest"], "policies")
        for c in clients:
            c.paused.set()
        s = await relay.until("nothing waits", lambda s: all(c["lag_bytes"] == 0 for c in s["clients"]))
        once_more.set()
        await until(lambda: "they are at %s" % [c.next for c in clients], lambda: all(c.next == 20110 for c in clients))
        s = await relay.source()
        for c in clients:
            told = c.of(s)
            same((c.packets, c.bytes), (told["sent_units"], told["sent_bytes"]), "got and said to be sent with %s" % c.name)
            same(c.missing, told["dropped_units"], "missing and said to be dropped with %s" % c.name)
            same(c.first + c.packets + c.missing, 20110, "sent + dropped with %s" % c.name)
            assert c.missing > 0, "%s lost nothing" % c.name
        same([c.next - c.gap_to for c in clients if "newest" in c.name], [10, 10], "what comes after the loss of who loses the newest")


async def who_lags_or_reads_nothing_for_too_long_is_closed():
    # The one that reads is not to be taken for one that does not, where the machine has no time for it.
    for flags, name in (["--disconnect-after", "1"], "live"), ([], "live?disconnect_after=1"), (["--idle", "4"], "live"):
        source = Source([stream(10 ** 9, 5e5)])
        async with Relay("--unit", "ts", "--ring-bytes", "400000", "--age-max", "0", *flags, "--source", "live=" + await source.start()) as relay:
            source.follows = reads = await Client(relay, name="live").start()
            lags = await Client(relay, name=name, version=b"1.1").start()
            lags.paused.clear()
            s = await relay.until("it is given up: %s %s" % (flags, name), lambda s: s["given_up"] == 1)
            same([c["address"].rsplit(":", 1)[1] for c in s["clients"]], [str(reads.port)], "who stays")
            same((await relay.metrics())['weir_relay_clients_given_up_total{source="live"}'], 1, "the metric")
            lags.paused.set()
            await asyncio.wait([lags.task], timeout=300)
            same((lags.task.done(), lags.clean, reads.task.done()), (True, False, False), "closed, by a good end, and the other one closed")


# ---- who may come ----

async def a_source_has_so_many_clients_and_so_many_of_an_address():
    source = Source([stream(10 ** 9, 1e5)])
    async with Relay("--clients", "3", "--clients-per-address", "2", "--source", "live=" + await source.start(), "--source", "other=" + await source.start()) as relay:
        a = [await Client(relay, name="live").start() for _ in range(3)]
        same([c.status for c in a], [200, 200, 429], "of one address")
        b = [await Client(relay, name="live", address="127.0.0.2").start() for _ in range(2)]
        same([c.status for c in b], [200, 503], "in all")
        same((await Client(relay, name="other").start()).status, 200, "of another source")
        answer = await relay.request(b"GET /live HTTP/1.1\r\n\r\n")
        assert b"\r\nRetry-After: " in answer, answer
        a[0].writer.close()
        await relay.until("one left", lambda s: s["streaming"] == 2)
        same((await Client(relay, name="live").start()).status, 200, "when one has left")


async def who_pushes_shows_the_token_of_the_source_or_of_all():
    with open("tokens.json", "w") as f:
        json.dump({"sources": {"own": {"url": "push:", "token": "of-one"}, "live": "push:"}}, f)

    async def push(relay, name, credentials):
        head = b"" if credentials is None else b"Authorization: " + credentials + b"\r\n"
        said = await relay.request(b"PUT /%s HTTP/1.1\r\n%sContent-Length: 1\r\n\r\nx" % (name.encode(), head))
        return int(said.split()[1]), said
    basic = b"Basic YW55Om9mLWFsbA=="  # any:of-all
    for env, wanted in (None, 401), ("of-all", 200):
        if env:
            os.environ["WEIR_RELAY_TOKEN"] = env
        try:
            async with Relay("--config", "tokens.json") as relay:
                for name, credentials, want in (("own", b"Bearer of-one", 200), ("own", b"Bearer of-all", 401), ("own", None, 401), ("own", b"Bearer ", 401),
                                                ("own", b"Basic !!!", 401), ("live", b"Bearer of-all", wanted), ("live", b"bearer of-all", wanted),
                                                ("live", basic, wanted), ("live", b"Bearer of-one", 401), ("live", b"Bearer of-al", 401), ("live", b"Digest x", 401)):
                    status, said = await push(relay, name, credentials)
                    same(status, want, "%s with %s" % (name, credentials))
                    assert b"of-" not in said
                    if status == 401:
                        assert b"\r\nWWW-Authenticate: Basic " in said and b"\r\nWWW-Authenticate: Bearer" in said, said
                assert not any("of-" in line for line in relay.log)
        finally:
            os.environ.pop("WEIR_RELAY_TOKEN", None)


# ---- sources and ends ----

async def an_encoder_that_vanishes_is_a_break_and_one_that_ends_is_none():
    os.environ["WEIR_RELAY_TOKEN"] = "t"
    try:
        async with Relay("--unit", "ts", "--source", "live=push:") as relay:
            head = b"PUT /live HTTP/1.1\r\nAuthorization: Bearer t\r\n"
            data = packet(0) * 2
            for kind, end, breaks in ((b"Content-Length: 376\r\n\r\n" + data, None, 0),
                                      (b"Transfer-Encoding: chunked\r\n\r\n178\r\n" + data + b"\r\n0\r\n\r\n", None, 0),
                                      (b"Content-Length: 377\r\n\r\n" + data, "close", 1),
                                      (b"Transfer-Encoding: chunked\r\n\r\n178\r\n" + data + b"\r\n", "close", 2)):
                before = (await relay.source())["units"]
                if end is None:
                    assert b" 200 " in await relay.request(head + kind)
                else:
                    _, writer = await asyncio.open_connection("127.0.0.1", relay.port)
                    writer.write(head + kind)
                    await relay.until("its packets", lambda s: s["units"] == before + 2)
                    writer.transport.abort()
                s = await relay.until("its end", lambda s: s["state"] == "connecting" and s["units"] == before + 2)
                same(s["breaks"], breaks, "breaks")
    finally:
        del os.environ["WEIR_RELAY_TOKEN"]


async def a_source_that_fails_is_tried_again_after_pauses_that_grow():
    async def fails(source, writer):
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def works(source, writer):
        writer.write(HEAD)
        await source.send(writer, 10, 1e6)

    times = 7 if FULL else 3
    source = Source([fails] * times + [works, fails, works])
    async with Relay("--unit", "ts", "--always", "--source", "live=" + await source.start()) as relay:
        await relay.until("it works twice", lambda s: s["connects"] >= 2)
    pauses = [int(m.group(1)) for m in (re.search(r"again in (\d+) ms", line) for line in relay.log) if m]
    # After a stream that has begun, patience begins anew.
    want = [500, 1000, 2000, 4000, 8000, 15000, 15000][:times]
    same(pauses[:times + 2], want + [500, 1000], "pauses")
    return "%s ms" % pauses[:times + 2]


async def a_signal_lets_clients_have_what_waits_and_nobody_come():
    source = Source([stream(3000, 5e7)])
    for sig, status in (signal.SIGTERM, 143), (signal.SIGINT, 130):
        source = Source([stream(3000, 5e7)])
        async with Relay("--unit", "ts", "--age-max", "0", "--always", "--source", "live=" + await source.start()) as relay:
            await relay.until("all of it", lambda s: s["units"] == 3000)
            # The slow one needs half a second; the relay gives both five.
            fast, slow = [await Client(relay, name="live?burst=10000000", version=b"1.1", rate=rate).start() for rate in (None, 1.2e6)]
            await until("nothing comes", lambda: slow.packets > 0)
            relay.process.send_signal(sig)
            await until("it does not drain", lambda: not listens(relay.port))
            for c in fast, slow:
                await asyncio.wait_for(c.task, 120)
                same((c.packets, c.clean), (3000, True), "packets of a client, and whether it has seen a good end")
            await asyncio.wait_for(relay.process.wait(), 120)
        same(relay.rc, status, "exit status")


def listens(port):
    with open("/proc/net/tcp") as f:
        return any(line.split()[1].endswith(":%04X" % port) and line.split()[3] == "0A" for line in f.readlines()[1:])


async def a_signal_does_not_wait_for_who_never_reads():
    source = Source([stream(16000, 5e7)])
    async with Relay("--unit", "ts", "--age-max", "0", "--client-buffer", "64KiB", "--always", "--source", "live=" + await source.start()) as relay:
        await relay.until("all of it", lambda s: s["units"] == 16000)
        c = await Client(relay, version=b"1.1", name="live?burst=10000000").start()
        c.paused.clear()
        relay.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(relay.process.wait(), 120)
        c.paused.set()
        await asyncio.wait([c.task], timeout=120)
        same((c.task.done(), c.clean), (True, False), "closed, by a good end")
    same(relay.rc, 143, "exit status")


# ---- what is told ----

SOURCE_FIELDS = {"state": str, "unit": str, "content_type": str, "clients": list, **{name: int for name in (
    "units bytes refused_units refused_bytes rate_bytes connects breaks served given_up streaming sent_bytes sent_rate_bytes dropped_units "
    "dropped_bytes").split()}}
CLIENT_FIELDS = {"address": str, "policy": str, **{name: int for name in (
    "connected_ms sent_units sent_bytes dropped_units dropped_bytes drops rate_bytes lag_bytes unread_bytes age_ms").split()}}


def metrics_strictly(text):
    """The text format, version 0.0.4, as strictly as Prometheus reads it and as it should be written. Returns the samples."""
    assert text.endswith("\n") and "\r" not in text, "its end"
    samples, types, helped, now = {}, {}, set(), None
    for line in text[:-1].split("\n"):
        m = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line)
        if m:
            kind, name, rest = m.groups()
            if kind == "HELP":
                assert name not in helped, "twice: " + line
                helped.add(name)
            else:
                assert name in helped and name not in types and rest in ("counter", "gauge"), line
                assert (rest == "counter") == name.endswith("_total"), "a counter's name ends in _total: " + line
                types[name], now = rest, name
            continue
        m = re.fullmatch(r'([a-z_]+)\{source="((?:[^"\\\n]|\\[\\"n])*)"\} (\d+)', line)
        assert m, "no sample: " + line
        assert m.group(1) == now, "not with its metric: " + line
        assert m.groups()[:2] not in samples, "twice: " + line
        samples[m.groups()[:2]] = int(m.group(3))
    assert set(types) == helped == {name for name, _ in samples}, "metrics without a sample, a type or a text"
    return samples, types


async def what_is_told_is_complete_and_agrees():
    source = Source([stream(10 ** 9, 1e6)])
    async with Relay("--unit", "ts", "--ring-bytes", "400000", "--source", "live=" + await source.start(), "--source", "a-b_c.d=push:") as relay:
        fast = await Client(relay).start()
        slow = await Client(relay).start()
        slow.paused.clear()
        gone = await Client(relay).start()
        before = None
        for turn in range(3):
            await relay.until("it goes on", lambda s: s["dropped_units"] > 50 * turn and s["units"] > 3000 * turn and len(s["clients"]) == (3, 3, 2)[turn])
            status = json.loads((await relay.get("/status.json"))[1])
            same(sorted(status), ["connections", "sources", "uptime_ms"], "members")
            same(sorted(status["sources"]), ["a-b_c.d", "live"], "sources")
            for s in status["sources"].values():
                same({k: type(v) for k, v in s.items()}, SOURCE_FIELDS, "a source's members")
                for c in s["clients"]:
                    same({k: type(v) for k, v in c.items()}, CLIENT_FIELDS, "a client's members")
            s = status["sources"]["live"]
            same(len(s["clients"]), s["streaming"], "clients")
            head, _, text = (await relay.request(b"GET /metrics HTTP/1.1\r\n\r\n")).decode().partition("\r\n\r\n")
            assert "Content-Type: text/plain; version=0.0.4\r\n" in head, head
            samples, types = metrics_strictly(text)
            promtool(text)
            for metric, field in (("source_units_total", "units"), ("source_bytes_total", "bytes"), ("sent_bytes_total", "sent_bytes"),
                                  ("dropped_units_total", "dropped_units"), ("clients_total", "served"), ("source_breaks_total", "breaks")):
                assert samples["weir_relay_" + metric, "live"] >= s[field], "%s is behind %s" % (metric, field)
            same((samples["weir_relay_up", "live"], samples["weir_relay_up", "a-b_c.d"]), (1, 0), "up")
            for key, value in (before or {}).items():
                assert types[key[0]] == "gauge" or samples[key] >= value, "%s went back" % (key,)
            before = samples
            if turn == 1:  # what it got and lost stays in the sums
                gone.writer.close()
        same(samples["weir_relay_clients", "live"], 2, "clients")
        same(samples["weir_relay_clients_total", "live"], 3, "clients that were served")
        s = json.loads((await relay.get("/status.json?clients=1"))[1])["sources"]["live"]
        same((len(s["clients"]), s["clients"][0]["address"].rsplit(":", 1)[1], s["streaming"]), (1, str(slow.port), 2), "one client: who lost something")
        assert fast.packets > slow.packets


async def the_docs_have_every_setting_and_everything_that_is_told():
    with open(os.path.join(os.environ["ROOT"], "docs", "RELAY.md")) as f:
        doc = f.read()
    known = set(re.findall(r"`([a-z_]+)`", doc))
    flags = set(re.findall(r"`--([a-z-]+)", doc))
    example = json.loads(re.search(r"```json\n(.*?)```", doc, re.S).group(1))
    source = Source([stream(1, 1e6)])
    example["sources"] = {name: dict(s, url=await source.start()) if isinstance(s, dict) and s["url"].startswith("http") else s for name, s in example["sources"].items()}
    with open("docs.json", "w") as f:
        json.dump(example, f)
    async with Relay("--config", "docs.json") as relay:
        samples, _ = metrics_strictly((await relay.get("/metrics"))[1].decode())
        status = json.loads((await relay.get("/status.json"))[1])
        same(sorted(status["sources"]), sorted(example["sources"]), "sources of the example")
    for what, names in (("settings", set(SETTINGS) | {"listen", "sources"}), ("fields", set(SOURCE_FIELDS) | set(CLIENT_FIELDS) | set(status)),
                        ("metrics", {name for name, _ in samples})):
        same(sorted(names - known), [], what + " that the docs do not have")
    said = subprocess.run([WEIR, "help", "relay"], capture_output=True, text=True).stdout
    same(sorted(set(re.findall(r"--([a-z-]+)", said)) - flags - {"quiet", "verbose"}), [], "options that the docs do not have")
    same(sorted(flags - set(re.findall(r"--([a-z-]+)", said))), [], "options that there are not")


def promtool(text):
    try:
        p = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    except FileNotFoundError:
        return
    same((p.returncode, p.stdout + p.stderr), (0, ""), "promtool")


FULL = os.environ.get("FULL", "0") != "0"
run_all(globals(), sys.argv[1:])
