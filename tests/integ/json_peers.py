#!/usr/bin/env python3
"""JSON and what nearly is, through the strict parser and through Python's: json_peers.py DRIVER TEXTS [--seed N] [FILE...].

TEXTS texts are made, many of them broken in one place; files are texts, too. Both parsers have to accept the same ones and find
the same values in them. Python's is made strict: no NaN and no Infinity, a name only once in an object, no half of a surrogate
pair, and nothing that nests deeper than 128. Status 1 when there is a difference.
"""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys

DEPTH_MAX = 128
PIECES = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"0", b"-", b"1", b"9", b".", b"e", b"E", b"+", b" ", b"\t", b"\n", b"\r", b"\f",
          b"\0", b"null", b"true", b"false", b"NaN", b"Infinity", b"tru", b'""', b'"a"', b'"a":', b'"\\u0061":', b"\\u", b"\\ud83d",
          b"\\ude00", b"\\u0000", b"\\n", b"\\x", b"\\/", "ä".encode(), "😀".encode(), b"\xff", b"\xc0\x80", b"\xed\xa0\x80",
          b"\xef\xbb\xbf", b"\x7f", b"\x1f", b"//", b"/**/", b"'", b"01", b"1.", b".5", b"1e5", b"-0", b"0x1", "\u2028".encode(), b"\xa0"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def blank(self):
        return b"" if self.r.random() < 0.8 else self.r.choice([b" ", b"\n", b"\t", b"\r\n", b"  "])

    def string(self):
        r = self.r
        return b'"' + b"".join(r.choice([b"a", b"bc", b"\\n", b"\\\"", b"\\\\", b"\\/", b"\\u0041", b"\\u00e4", b"\\uD83D\\uDE00", b"\\u0000",
                                         b"\\uffff", "ä".encode(), "€".encode(), "😀".encode(), b"x" * 40, b"'"])
                               for _ in range(r.choice([0, 1, 1, 2, 3, 9]))) + b'"'

    def number(self):
        r = self.r
        digits = str(r.choice([0, r.randint(1, 9), r.randint(10, 10**6), r.randint(10**18, 10**30)]))
        return (r.choice(["", "-"]) + digits + r.choice(["", "", "." + str(r.randint(0, 10**5))]) +
                r.choice(["", "", r.choice("eE") + r.choice(["", "+", "-"]) + str(r.randint(0, 999))])).encode()

    def value(self, depth=0):
        r, b = self.r, self.blank
        kind = r.random()
        if depth > 5 or kind < 0.5:
            return r.choice([self.string, self.number, lambda: r.choice([b"null", b"true", b"false"])])()
        n = r.choice([0, 1, 2, 3, 3, 20])
        if kind < 0.75:
            return b"[" + b() + b",".join(b() + self.value(depth + 1) + b() for _ in range(n)) + b"]"
        return b"{" + b() + b",".join(b() + self.string() + b() + b":" + b() + self.value(depth + 1) + b() for _ in range(n)) + b"}"

    def text(self):
        r = self.r
        kind = r.random()
        if kind < 0.15:
            return b"".join(r.choice(PIECES) for _ in range(r.randint(0, 12)))
        if kind < 0.17:
            n = r.randint(120, 136)
            return r.choice([b"[" * n + b"]" * n, b'{"a":' * n + b"1" + b"}" * n])
        text = self.blank() + self.value() + self.blank()
        for _ in range(r.choice([0, 0, 1, 1, 2])):
            at = r.randint(0, len(text))
            text = text[:at] + r.choice([b"", r.choice(PIECES)]) + text[at + r.choice([0, 1, 1, 4]):]
        return text


class Number(str):
    pass


class Object(list):
    pass


def refuse(_):
    raise ValueError("not a number")


def members(pairs):
    names = [n for n, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name twice")
    return Object(pairs)


DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=refuse, object_pairs_hook=members)


def shown(value, depth=0):
    """As the driver shows it; ValueError where it is no strict JSON."""
    if isinstance(value, Number):
        return "n" + value
    if isinstance(value, str):
        return "s" + value.encode("utf-8").hex()  # half a pair is a UnicodeEncodeError, which is a ValueError
    if isinstance(value, list):
        if depth == DEPTH_MAX:
            raise ValueError("too deep")
        if isinstance(value, Object):
            return "{" + "".join(f"{shown(n)}:{shown(v, depth + 1)}," for n, v in value) + "}"
        return "[" + "".join(f"{shown(v, depth + 1)}," for v in value) + "]"
    return {None: "null", True: "true", False: "false"}[value]


def python(text):
    try:
        return shown(DECODER.decode(text.decode("utf-8")))
    except ValueError:
        return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("driver")
    p.add_argument("texts", type=int)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("files", nargs="*")
    a = p.parse_intermixed_args()
    sys.setrecursionlimit(20000)
    maker = Maker(a.seed)
    texts = [pathlib.Path(f).read_bytes() for f in a.files] + [maker.text() for _ in range(a.texts)]
    out = subprocess.run([a.driver], input=b"".join(b"%d\n%b" % (len(t), t) for t in texts), capture_output=True, check=True).stdout
    answers = out.decode("utf-8").splitlines()
    assert len(answers) == len(texts)
    counts, bad = collections.Counter(), 0
    for text, ours in zip(texts, answers):
        theirs = python(text)
        same = ours.startswith("refused ") if theirs is None else ours == theirs
        counts["refused by both" if theirs is None else "the same value"] += same
        if not same:
            bad += 1
            if bad <= 20:
                print(f"{text}\n  here  {ours}\n  there {theirs or 'refused'}")
    print(f"{len(texts)} texts: " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    return 1 if bad else 0


sys.exit(main())
