#!/usr/bin/env python3
"""Strings near to each format, here and in ajv-formats: schema_formats.py DRIVER FOLDER STRINGS [SEED].

FOLDER has ajv-formats in its node_modules. Of each format STRINGS strings are made out of valid ones by a few changes. Where the
verdicts differ, the difference has to be of a kind that KNOWN has; docs/SCHEMA.md says why. Status 1 when one is not.
"""
import collections
import json
import pathlib
import random
import re
import subprocess
import sys

SEEDS = {
    "date": ["2024-02-29", "1999-12-31"],
    "time": ["23:59:60Z", "08:30:06.5+01:30", "12:00:00-08:00"],
    "date-time": ["2024-05-12T09:00:00Z", "1998-12-31T23:59:60.5+00:00"],
    "duration": ["P1Y2M3DT4H5M6S", "P2W", "PT36H", "P1D"],
    "email": ["joe.bloggs@example.com", "a+b@c.d"],
    "hostname": ["www.example.com", "a-b.c1"],
    "ipv4": ["192.168.0.1", "255.255.255.255"],
    "ipv6": ["2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"],
    "uri": ["http://a.b/c?d=e#f", "urn:x:y", "http://u@[::1]:80/%20"],
    "uri-reference": ["/a/b?c#d", "//h/p", "a/b", "#f"],
    "uri-template": ["http://a/{b}{?c,d*}", "{+x:3}/y"],
    "uuid": ["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"],
    "json-pointer": ["/a/b~0c~1", "", "/"],
    "relative-json-pointer": ["1/a", "0#", "2"],
    "regex": ["^a+$", "[a-z]", "(?<n>a|b){1,2}\\k<n>"],
}
ALPHABET = list("0123456789abzAZ:/?#[]@!$&'()*+,;=-._~%{}|\\^`\"<> TZPWt") + ["é"]


def matches(pattern):
    return lambda s: re.search(pattern, s) is not None


# Format, who takes the string, what is known of it, how to tell.
KNOWN = [
    ("time", "ajv", "an offset without a colon, or hours alone", matches(r"[+-]\d\d(\d\d)?$")),
    ("date-time", "ajv", "an offset without a colon, or hours alone", matches(r"[+-]\d\d(\d\d)?$")),
    ("date-time", "ajv", "a blank for the T", matches(r"^.{10}\s")),
    ("duration", "ajv", "a unit left out in between", matches(r"Y\d+D|H\d+S")),
    ("email", "weir", "a domain without a dot", lambda s: "." not in s.rsplit("@", 1)[-1]),
    ("email", "weir", "quoted local parts, address literals", matches(r'^"|@\[')),
    ("hostname", "ajv", "a dot at the end", matches(r"\.$")),
    ("hostname", "ajv", "an A-label that decodes to none", matches(r"(?i)(^|\.)..--")),
    ("uri", "weir", "nothing behind the scheme", matches(r"^[a-zA-Z0-9+.-]+:([?#]|$)")),
    ("uri", "ajv", "brackets in a path", matches(r"^[^/?#]*:(/?[^/]|$).*[\[\]]")),
    ("uri", "ajv", "a host or port that is none", matches(r"^[^/?#]*://")),
    ("uri-reference", "ajv", "a host or port that is none", matches(r"^([^/?#]*:)?//")),
    ("relative-json-pointer", "weir", "a number that is added to an index, as its draft has it", matches(r"^\d+[+-]\d")),
    ("uri-template", "weir", "a dot in a variable's name", matches(r"\{[^}]*\.")),
    ("regex", "ajv", "back references to nothing, as without the u flag", matches(r"\\([0-9]|\W)")),
    ("regex", "ajv", "lookaheads that are repeated, as without the u flag", matches(r"\(\?[=!].*\)[*+?{]")),
    ("uri", "weir", "brackets with a future version of IP", matches(r"\[[vV]")),
    ("uri-reference", "ajv", "quotes", matches('"')),
    ("uri-reference", "ajv", "a colon in the first segment of what has no scheme", matches(r"^[^/?#]*:")),
    ("uri-template", "weir", "an apostrophe, as the erratum to RFC 6570 has it", matches("'")),
    ("uri-template", "ajv", "a variable with two modifiers or an operator it has not", matches(r"\{")),
    ("regex", "ajv", "letters that are escaped for nothing", matches(r"\\[a-zA-Z\u0080-\U0010FFFF]")),
    ("regex", "weir", "marks that are escaped for nothing, braces and brackets for themselves", matches(r"[\\{}\]]")),
]

AJV = """
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
const formats = createRequire(process.argv[2] + '/')('ajv-formats/dist/formats').fullFormats;
for await (const line of createInterface({ input: process.stdin })) {
    const { f, s } = JSON.parse(line);
    const check = formats[f].validate ?? formats[f];
    console.log(check instanceof RegExp ? check.test(s) : Boolean(check(s)));
}
"""


def change(r, s):
    chars = list(s)
    for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
        kind, at = r.random(), r.randrange(len(chars) + 1)
        if kind < 0.35 and chars:
            del chars[min(at, len(chars) - 1)]
        elif kind < 0.7 or not chars:
            chars.insert(at, r.choice(ALPHABET))
        else:
            chars[min(at, len(chars) - 1)] = r.choice(ALPHABET)
    return "".join(chars)


def run(command, lines):
    out = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, encoding="utf-8", check=True)
    return out.stdout.splitlines()


def main():
    driver, folder, n = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve()), int(sys.argv[3])
    r = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    cases = [(f, change(r, r.choice(seeds))) for f, seeds in SEEDS.items() for _ in range(n)]
    script = pathlib.Path("formats.mjs")
    script.write_text(AJV, encoding="utf-8")
    theirs = [a == "true" for a in run(["node", str(script), folder], [json.dumps({"f": f, "s": s}) for f, s in cases])]
    lines = []
    for i, (f, s) in enumerate(cases):
        if i % n == 0:
            lines.append("S " + json.dumps({"format": f}))
        lines.append("I " + json.dumps(s))
    ours = [a == "valid" for a in run([driver], lines) if a != "ok"]
    kinds, errors = collections.Counter(), []
    for (f, s), here, there in zip(cases, ours, theirs, strict=True):
        if here == there:
            kinds["the same verdict"] += 1
            continue
        who = "weir" if here else "ajv"
        kind = next((k for form, w, k, is_kind in KNOWN if form == f and w == who and is_kind(s)), None)
        if kind is None:
            errors.append(f"{f}: only {who} takes {json.dumps(s, ensure_ascii=False)}")
        else:
            kinds[f"{f}: only {who} takes {kind}"] += 1
    for kind, count in kinds.most_common():
        print(f"{count} {kind}")
    for e in errors[:40]:
        print(e)
    return 1 if errors else 0


sys.exit(main())
