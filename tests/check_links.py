#!/usr/bin/env python3
"""Does every link in the documents lead to a file, and every #place to a heading of it? Is every file, function, test and name of
ours that the pages about the code speak of in the code?"""
import glob, os, re, sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
bad, seen = [], 0


def places(path):
    text = re.sub(r"```.*?```", "", open(path).read(), flags=re.S)
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", h).lower()).replace(" ", "-") for h in heads}


for doc in ["README.md", "CONTRIBUTING.md", *sorted(glob.glob("docs/*.md")), *sorted(glob.glob("handlers/*/*.md"))]:
    text = re.sub(r"```.*?```", "", open(doc).read(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        seen += 1
        path, _, place = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(doc), path)) if path else doc
        if not os.path.exists(path):
            bad.append(f"{doc}: {target} is not there")
        elif place and place not in places(path):
            bad.append(f"{doc}: {target}: there is no such heading")

# In DESIGN.md and STREAMS.md: `stream/pipe.c:breach` is a function there, `unit/stream_pipe:pipe_...` a test, and every weir_name is
# somewhere. The part of a path that is the same everywhere (lib/, tests/) is left out.
code = {}
for top in ("lib", "handlers", "bootstrap", "cli", "tests", "bench", "packaging", "docs"):
    for path in glob.glob(f"{top}/**/*.*", recursive=True):
        if path.endswith((".c", ".h", ".sh", ".py", ".js", ".mjs")) and "node_modules" not in path:
            code[path] = open(path).read()
words = set(re.findall(r"\w+", "\n".join(code.values())))
for doc in ("docs/DESIGN.md", "docs/STREAMS.md"):
    text = open(doc).read()
    for place in re.findall(r"`([^`\s]+)`", re.sub(r"```.*?```", "", text, flags=re.S)):
        path, _, function = place.partition(":")
        unit = re.fullmatch(r"unit/(\w+)", path)
        path = f"tests/unit/test_{unit[1]}.c" if unit else path
        if not ("/" in path and re.search(r"\.(c|h|sh|py)$", path)) or "NAME" in path:
            continue
        seen += 1
        found = next((p for p in (path, "lib/" + path, "tests/" + path) if p in code), None)
        if found is None:
            bad.append(f"{doc}: {place}: there is no such file")
        elif function and not re.search(rf"^\w[^;=\n]*\b{function}\(", code[found], re.M):
            bad.append(f"{doc}: {place}: there is no such function")
        elif unit and len(re.findall(rf"\b{function}\b", code[found])) < 2:
            bad.append(f"{doc}: {place}: the test is not run")
    bad += [f"{doc}: {n} is nowhere in the code" for n in sorted(set(re.findall(r"\b(?:weir_|WEIR_)\w+", text)) - words)]

if seen < 100:
    bad.append("check_links.py: it does not find links")
for line in bad:
    print("not ok - " + line)
print(f"links: {seen} checked, {len(bad)} wrong")
sys.exit(1 if bad else 0)
