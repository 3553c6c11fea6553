#!/usr/bin/env python3
"""Random patterns on random strings, here and in V8 with the u flag: schema_patterns.py DRIVER PATTERNS [SEED].

Where V8 takes a pattern, it is taken here, or refused for a reason that docs/SCHEMA.md has; where both take it, the same strings
match. Status 1 when not.
"""
import collections
import json
import pathlib
import random
import re
import subprocess
import sys

CHARS = list("abcAZ09_ -/.é\u00a0\u2028\U0001F600α\t\n\\]^$")
PLAIN = list("abcA09_ -é α/😀&,=!<>#@~`'\":;") + ["\\" + c for c in "/.-$^(){}[]|?*+\\"]
ESCAPES = """\\d \\D \\w \\W \\s \\S \\t \\n \\v \\f \\r \\0 \\cJ \\cj \\x41 \\u0041 \\u{1F600} \\uD83D\\uDE00 \\p{L} \\P{L} \\p{Lu} \\p{Script=Greek}
\\p{sc=Latin} \\p{Alphabetic} \\p{ASCII} \\p{Any} \\p{digit} \\p{Letter} \\p{Emoji} \\p{gc=Nd}""".split()
ODD = """\\1 \\2 \\k<n> { } ] {1 {,2} \\a \\Z \\p{Foo} \\u12 \\x1 \\c1 \\01 (?i) (?P<n>a) [[:alpha:]] a++ (*A) \\h \\Q [z-a] a{2,1} (?<1>a) \\e
\\K \\R (?#a) \\_ \\é""".split()
IN_CLASS = ["a", "b", "0", "é", "α", "😀", "-", "_", ".", "[", "^", "$", "(", "\\]", "\\-", "\\\\", "&", "|", "\\b"]
RANGES = ["a-c", "0-9", "A-Z", "α-ω", "\\x30-\\x39", "\\u0041-\\u005A", "\\u{1F600}-\\u{1F64F}", "+--", "a-a", "z-a", "a-\\d", "\\w-z",
          "\\s-", "--a"]
GROUPS = ["(", "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?<n>", "(?<m>"]
TIMES = ["*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?", "??", "{1,2}?"]

V8 = """
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
    const { p, s } = JSON.parse(line);
    try {
        const pattern = new RegExp(p, 'u');
        console.log(s.map((x) => (pattern.test(x) ? '1' : '0')).join(''));
    } catch {
        console.log('refused');
    }
}
"""


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def brackets(self):
        r, s = self.r, "[" + self.r.choice(["", "", "^"])
        for _ in range(r.randint(0, 4)):
            s += r.choice(r.choice([IN_CLASS, RANGES, ESCAPES]))
        return s + "]"

    def atom(self, depth):
        r, k = self.r, self.r.random()
        if k < 0.35:
            return r.choice(PLAIN)
        if k < 0.55:
            return r.choice(ESCAPES)
        if k < 0.6:
            return "."
        if k < 0.72:
            return self.brackets()
        if k < 0.75:
            return r.choice(ODD)
        if k < 0.78:
            return r.choice(["^", "$", "\\b", "\\B"])
        return r.choice(GROUPS) + self.pattern(depth + 1) + ")" if depth < 3 else r.choice(PLAIN)

    def pattern(self, depth=0):
        r = self.r
        parts = ["".join(self.atom(depth) + (r.choice(TIMES) if r.random() < 0.3 else "") for _ in range(r.randint(0, 3)))
                 for _ in range(r.choice([1, 1, 1, 2]))]
        return "|".join(parts)

    def strings(self):
        return ["".join(self.r.choice(CHARS) for _ in range(self.r.randint(0, 5))) for _ in range(6)]


def run(command, lines):
    out = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, encoding="utf-8", check=True)
    return out.stdout.splitlines()


def within_a_pair(pattern, strings, here, there):
    """V8 also looks in the middle of a surrogate pair, where only what takes no character can match."""
    return all(a == b or (a == "0" and any(ord(c) > 0xFFFF for c in s)) for s, a, b in zip(strings, here, there, strict=True))


def main():
    driver, n = sys.argv[1], int(sys.argv[2])
    maker = Maker(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    cases = [(maker.pattern(), maker.strings()) for _ in range(n)]
    script = pathlib.Path("v8.mjs")
    script.write_text(V8, encoding="utf-8")
    theirs = run(["node", str(script)], [json.dumps({"p": p, "s": s}) for p, s in cases])
    loaded = run([driver], ["S " + json.dumps({"pattern": p}) for p, _ in cases])
    taken = [i for i, a in enumerate(loaded) if a == "ok"]
    answers = iter(run([driver], [line for i in taken for line in
                                  ["S " + json.dumps({"pattern": cases[i][0]})] + ["I " + json.dumps(x) for x in cases[i][1]]]))
    ours = {i: [next(answers) for _ in range(7)][1:] for i in taken}
    kinds, errors = collections.Counter(), []
    for i, ((pattern, strings), there) in enumerate(zip(cases, theirs, strict=True)):
        if i not in ours:
            if there == "refused":
                kinds["refused by both"] += 1
            elif re.search("lookbehind assertion is not fixed length", loaded[i]):
                kinds["refused here: a lookbehind of variable length"] += 1
            else:
                errors.append(f"refused here: {json.dumps(pattern, ensure_ascii=False)}: {loaded[i]}")
            continue
        here = "".join("1" if a == "valid" else "0" for a in ours[i])
        if there == "refused":
            kinds["refused there: marks that are escaped for nothing, brackets, braces and hyphens for themselves"] += 1
        elif here == there:
            kinds["the same matches"] += 1
        elif within_a_pair(pattern, strings, here, there):
            kinds["matches there within a surrogate pair"] += 1
        else:
            errors.append(f"{here} here, {there} there: {json.dumps([pattern, strings], ensure_ascii=False)}")
    for kind, count in kinds.most_common():
        print(f"{count} {kind}")
    for e in errors[:20]:
        print(e)
    return 1 if errors else 0


sys.exit(main())
