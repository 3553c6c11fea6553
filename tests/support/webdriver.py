"""A small client of the W3C WebDriver protocol (https://www.w3.org/TR/webdriver2/), enough to drive headless Chromium
through chromedriver: python's standard library and two Debian packages, chromium and chromium-driver."""
import base64, http.client, json, subprocess, tempfile, time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1000,900", "--hide-scrollbars", "--force-color-profile=srgb"]


class Browser:
    def __init__(self, prefs=()):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-chromium-")
        for _ in range(10):  # it picks a port, and ends when that is not free for both IPv4 and IPv6
            self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.port = None
            for line in self.driver.stdout:
                if "started successfully on port" in line:
                    self.port = int(line.rsplit(" ", 1)[1].rstrip(".\n"))
                    break
            if self.port:
                break
            self.driver.wait()
        else:
            raise RuntimeError("chromedriver does not start")
        options = {"args": FLAGS + ["--user-data-dir=" + self.folder.name] + list(prefs)}
        caps = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}}
        try:
            self.session = self.call("POST", "/session", caps)["sessionId"]
        except BaseException:
            self.end()
            raise

    def call(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        c.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        r = c.getresponse()
        value = json.loads(r.read())["value"]
        c.close()
        if r.status >= 400:
            raise RuntimeError(f"{value['error']}: {value['message'][:300]}")
        return value

    def do(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def find(self, css):
        return self.do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def text(self, css):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def type(self, css, text):
        self.do("POST", f"/element/{self.find(css)}/value", {"text": text})

    def click(self, css):
        self.do("POST", f"/element/{self.find(css)}/click", {})

    def run(self, script, *args):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def log(self):
        """What the page wrote to its console since the last time: errors of scripts, refused requests."""
        return [e["message"] for e in self.do("POST", "/se/log", {"type": "browser"})]

    def wait(self, what, seconds=300):
        """Poll until what() is true; its last value is in the error when it never is."""
        end = time.monotonic() + seconds
        while True:
            value = what()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s")
            time.sleep(0.05)

    def fit(self):
        """Make the window as high as the page."""
        high = self.run("scrollTo(0, 0); return document.documentElement.scrollHeight + outerHeight - innerHeight")
        self.do("POST", "/window/rect", {"width": 1000, "height": high})

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.do("GET", "/screenshot")))

    def close(self):
        try:
            self.do("DELETE", "")
        finally:
            self.end()

    def end(self):
        self.driver.terminate()
        self.driver.wait()
        self.folder.cleanup()
