#!/usr/bin/env python3
"""The page of weir local in a real browser: page.py URL PID UPLOADS-FOLDER GOOD.csv ROWS INVALID BAD.csv [SCREENSHOT.png]

Pick a file, see its upload and its validation with the counts and the errors; a poisoned one in the dead-letter queue; mend
it and press Redrive. A word per step on stdout; the first that fails ends it with 1.
"""
import os, signal, subprocess, sys

sys.path.insert(0, os.environ["SUPPORT"])
from webdriver import Browser

url, pid, folder, good, rows, invalid, bad = sys.argv[1:8]
shot = sys.argv[8] if len(sys.argv) > 8 else None
rows, invalid = f"{int(rows):,}", f"{int(invalid):,}"


def step(name, ok, text=""):
    print(("ok " if ok else "FAILED ") + name, flush=True)
    if not ok:
        print(text)
        b.close()
        sys.exit(1)


def seen(name, css, *words):
    try:
        b.wait(lambda: all(w in b.text(css) for w in words))
        step(name, True)
    except AssertionError as e:
        step(name, False, f"{e}: {css} has {b.text(css)!r}, and not {words}")


b = Browser()
b.open(url)
step("the page has a title", b.run("return document.title") == "weir local")
seen("the function is ready", "#function", "function idle")
seen("nothing yet", "#validated", "none yet")

# What the progress bar showed on its way is written down in the page: a look at it from here could be too late.
b.run("""
window.bars = new Set();
new MutationObserver(() => {
    const p = document.querySelector('#uploads progress'); if (p) window.bars.add(p.value);
}).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
""")
function = int(subprocess.check_output(["pgrep", "-P", pid]))
os.kill(function, signal.SIGSTOP)  # so that what is in work can be seen
b.type("#file", good)
seen("the upload ends", "#uploads", os.path.basename(good), "uploaded as uploads/")
step("the progress bar moved", b.run("return [...window.bars].some(v => v > 0 && v < 1)") or b.run("return window.bars.size") >= 2)
seen("the queue shows it", "#queue", "is validated", os.path.basename(good))
os.kill(function, signal.SIGCONT)
seen("the validated file is there with its counts", "#validated", rows, invalid, "validations/")
seen("and with its first errors", "#validated", "row ", "and ")
step("at most five errors", b.run("return document.querySelectorAll('#validated li').length") == 6)
got = b.run("""
const a = document.querySelector('#validated a'), r = new XMLHttpRequest();
r.open('GET', a.href, false); r.overrideMimeType('text/plain; charset=x-user-defined'); r.send();
return [r.status, r.responseText.charCodeAt(0) & 255, r.responseText.charCodeAt(1) & 255]""")
step("its link leads to a gzip file", got == [200, 0x1F, 0x8B], got)

b.type("#file", bad)
seen("a poisoned file reaches the dead-letter queue", "#dlq", "failed 3×", os.path.basename(bad))
seen("and it says why", "#dlq", "csv: the quote that opens in line 2 is never closed")
seen("the counts at the top", ".flow", "1\nvalidated", "1\ndead letters", "0\nwaiting")
if shot:
    b.fit()
    b.screenshot(shot)
with open(os.path.join(folder, "<img src=x onerror=alert(1)>.csv"), "w") as f:
    f.write('id,name\n1,"<img src=x onerror=alert(2)>"\n')
seen("names and errors are shown as text", "#validated", "<img src=x onerror=alert(1)>")
step("and are no markup", b.run("return document.querySelectorAll('#validated img').length") == 0)

key = b.text("#dlq td.key")
path = os.path.join(folder, key.removeprefix("uploads/"))
mended = os.path.join(folder, ".mended")  # hidden files are no uploads
with open(mended, "w") as f:
    f.write("id\n1\n")
os.rename(mended, path)
b.click("#dlq tbody button")
seen("Redrive empties it", "#dlq", "empty")
seen("and the mended file is validated", "#validated", key.removeprefix("uploads/").removesuffix(".csv"))
step("the button for all is off again", b.run("return document.querySelector('#redrive').disabled"))
log = [m for m in b.log() if "favicon" not in m]
step("the console is clean", log == [], log)
b.close()
