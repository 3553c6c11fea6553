#!/usr/bin/env python3
"""Does every link in the documents lead to a file, and every #place to a heading of it?"""
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

if seen < 20:
    bad.append("check_links.py: it does not find links")
for line in bad:
    print("not ok - " + line)
print(f"links: {seen} checked, {len(bad)} wrong")
sys.exit(1 if bad else 0)
