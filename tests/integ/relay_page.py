#!/usr/bin/env python3
"""The relay's page in a real browser: relay_page.py SCENARIO...; WEIR_SCREENSHOT=FILE keeps a picture of it."""
import asyncio, os, re, sys

sys.path.insert(0, os.environ["SUPPORT"])
from relay_lab import *
from webdriver import Browser

HOSTILE = b'video/mp2t; x="><img src=x onerror=document.title=1><script>document.title=2</script>'


def number(text):
    """"1,234 (56.7 kB)": what stands first, in bytes where it has a unit."""
    m = re.match(r"([\d,.]+) ?([kMG]?)B?", text)
    return float(m.group(1).replace(",", "")) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[m.group(2)] if m else 0


class Page:
    """What can be read on it. The browser is driven from a thread: source and clients run on meanwhile."""

    def __init__(self, browser):
        self.browser = browser

    async def run(self, script, *args):
        return await asyncio.to_thread(self.browser.run, script, *args)

    async def until(self, what, test, seconds=300):
        end = time.monotonic() + seconds
        while True:
            seen = await self.look()
            if seen and test(seen):
                return seen
            assert time.monotonic() < end, "%s: %s" % (what, seen)
            await asyncio.sleep(0.05)

    async def look(self):
        """One look at all of it, or the page could change in between."""
        return await self.run("""
            const section = document.querySelector('section[data-source=live]');
            if (!section) return null;
            const texts = (e, css) => [...e.querySelectorAll(css)].map(x => x.textContent);
            return {
                state: document.querySelector('#state').textContent, dot: document.querySelector('#state').dataset.state,
                totals: document.querySelector('#totals').textContent,
                names: texts(document, 'h2 a'), states: texts(document, 'h2 .dot'),
                text: section.innerText,
                terms: Object.fromEntries([...section.querySelectorAll('dl div')].map(d => [d.children[0].textContent, d.children[1].textContent])),
                head: texts(section, 'th'),
                rows: [...section.querySelectorAll('tbody tr')].map(tr => texts(tr, 'td')),
                bad: texts(section, 'td.bad'),
                graph: section.querySelector('path.in').getAttribute('d'), lost: section.querySelector('path.lost').getAttribute('d'),
                links: [...document.querySelectorAll('h2 a')].map(a => a.getAttribute('href')),
                foreign: document.querySelectorAll('img, iframe, main script').length, title: document.title};""")


async def hostile(source, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % HOSTILE)
    await source.send(writer, 10 ** 9, 3e5)


async def the_page_shows_who_gets_what_and_what_is_lost():
    source = Source([hostile])
    names = ["live", "__proto__", "constructor"]  # they are names like others
    args = ["--unit", "ts", "--age-max", "0", "--source", "live=" + await source.start(), "--source", "__proto__=push:", "--source", "constructor=push:"]
    browser = await asyncio.to_thread(Browser)
    page = Page(browser)
    try:
        async with Relay(*args) as relay:
            source.follows = fast = await Client(relay).start()
            slow = await Client(relay, rate=3e4, name="live?policy=latest&age_max=2").start()
            await asyncio.to_thread(browser.open, "http://127.0.0.1:%d/" % relay.port)
            seen = await page.until("clients and a rate", lambda p: len(p["rows"]) == 2 and number(p["terms"]["in"]) > 0 and number(p["terms"]["out"]) > 0)
            same((seen["title"], seen["names"], seen["links"], seen["states"]), ("weir relay", names, names, ["live", "idle", "idle"]), "sources")
            same(seen["head"], ["client", "for", "rate", "sent", "dropped", "gaps", "waits", "age"], "columns")
            assert HOSTILE.decode() in seen["text"], seen["text"]
            # When it has just been moved on, nothing waits for it.
            seen = await page.until("what is lost and what waits", lambda p: len(p["rows"]) == 2 and p["bad"] and number(p["terms"]["dropped"]) > 0 and number(p["rows"][0][6]) > 0)
            rows = {row[0]: row for row in seen["rows"]}
            same(sorted(rows), sorted(["127.0.0.1:%d" % fast.port, "127.0.0.1:%d (latest)" % slow.port]), "clients")
            of_fast, of_slow = rows["127.0.0.1:%d" % fast.port], rows["127.0.0.1:%d (latest)" % slow.port]
            same(seen["rows"][0], of_slow, "who has lost something comes first")
            assert number(of_slow[4]) > 0 and number(of_slow[5]) > 0 and number(of_slow[6]) > 0, of_slow
            assert number(of_fast[3]) > number(of_slow[3]) and number(of_fast[4]) == 0, (of_fast, of_slow)
            assert re.fullmatch(r"[\d.]+ s", of_slow[7]), of_slow

            # By itself: the graph has a point more for each second, and what was sent grows.
            points = lambda p: len(re.findall("[ML]", p["graph"]))
            # What was lost before the page was there has no place in its graph.
            heights = lambda p: [float(y) for y in re.findall(r"[ML]\d+ ([\d.]+)", p["lost"])]
            later = await page.until("more points, and one of what is lost", lambda p: points(p) >= points(seen) + 2 and p["rows"] and min(heights(p)) < 60 and
                                     number(p["terms"]["received"]) > number(seen["terms"]["received"]))
            assert later["graph"] != seen["graph"] and len(re.findall("[ML]", later["lost"])) == points(later), later["lost"]

            slow.task.cancel()
            slow.writer.transport.abort()
            seen = await page.until("one client less", lambda p: len(p["rows"]) == 1 and p["terms"]["clients"] == "1")
            assert number(seen["terms"]["dropped"]) > 0, "what a client that has gone has lost is forgotten"
            same((seen["foreign"], seen["title"]), (0, "weir relay"), "elements of others, and the title")
            log = await asyncio.to_thread(browser.log)
            same([line for line in log if "favicon" not in line], [], "the console")
        seen = await page.until("that the relay has gone", lambda p: p["dot"] == "away")
        same(seen["state"], "the relay does not answer", "the state")
    finally:
        await asyncio.to_thread(browser.close)


async def a_picture_of_it():
    """Two sources, of which one has slow clients."""
    source, other = Source([stream(10 ** 9, 6e5)]), Source([stream(10 ** 9, 9e4)])
    browser = await asyncio.to_thread(Browser)
    page = Page(browser)
    try:
        async with Relay("--unit", "ts", "--source", "live=" + await source.start(), "--source", "radio=" + await other.start()) as relay:
            clients = [await Client(relay).start() for _ in range(5)] + [await Client(relay, name="radio").start() for _ in range(3)]
            clients += [await Client(relay, name="live?policy=" + policy, rate=rate).start() for policy, rate in (("oldest", 1e5), ("latest", 4e4))]
            await asyncio.to_thread(browser.open, "http://127.0.0.1:%d/" % relay.port)
            await page.until("a graph", lambda p: len(re.findall("[ML]", p["graph"])) > 40 and len(p["bad"]) == 2, 200)
            await asyncio.to_thread(browser.fit)
            await asyncio.to_thread(browser.screenshot, os.environ["WEIR_SCREENSHOT"])
    finally:
        await asyncio.to_thread(browser.close)


run_all(globals(), sys.argv[1:])
