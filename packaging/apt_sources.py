#!/usr/bin/env python3
"""The machine's entries of its own Debian release, for binaries and sources: apt_sources.py CODENAME /etc/apt

Reads sources.list and sources.list.d/*.{list,sources} and prints entries in the deb822 form. Other repositories are left out:
they may lack an architecture or the sources.
"""
import glob
import re
import sys


def stanzas(folder):
    for name in sorted(glob.glob(folder + "/sources.list.d/*.sources")):
        for text in re.split(r"\n\s*\n", open(name, encoding="utf-8").read()):
            fields = {}
            for line in text.splitlines():
                if line.startswith("#") or not line.strip():
                    continue
                if line[0] in " \t":
                    fields[last] += "\n" + line
                else:
                    last, value = line.split(":", 1)
                    last = last.strip().title()
                    fields[last] = value.strip()
            if fields and fields.get("Enabled", "yes").lower() != "no":
                yield fields
    for name in [folder + "/sources.list"] + sorted(glob.glob(folder + "/sources.list.d/*.list")):
        try:
            lines = open(name, encoding="utf-8").read().splitlines()
        except FileNotFoundError:
            continue
        for line in lines:
            m = re.match(r"\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line)
            if not m:
                continue
            fields = {"Types": "deb", "Uris": m[2], "Suites": m[3], "Components": m[4].strip()}
            signed = re.search(r"signed-by=(\S+)", m[1] or "")
            if signed:
                fields["Signed-By"] = signed[1]
            yield fields


def main(codename, folder):
    own = {codename + end for end in ("", "-updates", "-security", "/updates")}
    seen = set()
    for fields in stanzas(folder):
        suites = [s for s in fields.get("Suites", "").split() if s in own]
        if not suites or "main" not in fields.get("Components", "").split():
            continue
        fields.update({"Types": "deb deb-src", "Suites": " ".join(suites), "Components": "main"})
        fields.pop("Architectures", None)
        text = "\n".join(f"{name}: {value}" for name, value in fields.items())
        if text not in seen:
            print(text + "\n")
            seen.add(text)


main(*sys.argv[1:])
