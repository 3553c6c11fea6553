#!/usr/bin/env python3
"""The official JSON-Schema-Test-Suite against the engine: schema_suite.py DRIVER SUITE [--table FILE].

SUITE is the folder that holds `tests/`. Each instance goes to the driver as one line. Writes the table of cases passed,
keyword by keyword and format by format, and names each case that is not as the suite has it. Status 1 when less than
99.5 % of what is not refused passes, or something is refused for a reason that is not in REASONS.
"""
import json
import pathlib
import re
import subprocess
import sys

DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
# Why a schema of the suite may be refused: what the message says, and what it means.
REASONS = {
    r"a remote \$ref is not supported": "a `$ref` out of the document (another file, a meta-schema)",
    r"/\$dynamic(Ref|Anchor): not supported": "`$dynamicRef`, `$dynamicAnchor`",
    r"/\$vocabulary: not supported": "`$vocabulary`",
    r"/\$schema: not supported: a schema of another draft": "a schema of another draft within the document",
    r"^schema: /\$schema: not supported: it must be": "another `$schema` than the two (2019-09, or the suite's own)",
    r"lookbehind assertion is not fixed length": "a pattern with a lookbehind of variable length",
}


class Driver:
    def __init__(self, path):
        self.p = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, kind, text):
        self.p.stdin.write(f"{kind} {text}\n")
        self.p.stdin.flush()
        answer = self.p.stdout.readline().rstrip("\n")
        if not answer:
            raise SystemExit(f"schema_suite: the driver is gone after {kind} {text}")
        return answer


def one_line(text):
    """The JSON text on one line, numbers and escapes as they stand."""
    return re.sub(r"\n\s*", " ", text)


def raw_members(text):
    """Groups of a file with schema and data as their own source text, so that 1.0 stays 1.0."""
    decoder = json.JSONDecoder()

    def skip(i):
        while text[i] in " \t\r\n":
            i += 1
        return i

    def members(i):
        """Offsets (name, begin, end) of an object's members at i."""
        i = skip(i + 1)
        while text[i] != "}":
            name, i = decoder.raw_decode(text, i)
            i = skip(skip(i) + 1)
            _, end = decoder.raw_decode(text, i)
            yield name, i, end
            i = skip(end)
            if text[i] == ",":
                i = skip(i + 1)

    def elements(i):
        i = skip(i + 1)
        while text[i] != "]":
            _, end = decoder.raw_decode(text, i)
            yield i
            i = skip(end)
            if text[i] == ",":
                i = skip(i + 1)

    for group in elements(skip(0)):
        g = {}
        for name, begin, end in members(group):
            if name == "tests":
                tests = []
                for t in elements(begin):
                    tests.append({n: text[b:e] for n, b, e in members(t)})
                g[name] = tests
            else:
                g[name] = text[begin:end]
        yield g


def with_draft(schema, uri):
    """The suite's schemas of 2020-12 name their draft; those of draft-07 rely on the folder."""
    value = json.loads(schema)
    if isinstance(value, dict) and "$schema" not in value:
        rest = schema.strip()[1:]
        comma = "" if rest.strip() == "}" else ","
        return '{"$schema":"%s"%s%s' % (uri, comma, rest)
    return schema


def run_file(driver, path, uri, misses, reasons, where):
    passed = cases = refused = 0
    # This one file is about formats that only describe.
    driver.ask("F", "annotate" if path.name == "format.json" else "assert")
    for group in raw_members(path.read_text(encoding="utf-8")):
        answer = driver.ask("S", one_line(with_draft(group["schema"], uri)))
        if answer.startswith("refused "):
            refused += len(group["tests"])
            why = next((m for r, m in REASONS.items() if re.search(r, answer[8:])), None)
            if why is None:
                misses.append(f"{where}: {json.loads(group['description'])}: refused: {answer[8:]}")
                why = "another reason"
            reasons[why] = reasons.get(why, 0) + len(group["tests"])
            continue
        for test in group["tests"]:
            cases += 1
            verdict = driver.ask("I", one_line(test["data"]))
            good = verdict == "valid" if test["valid"] == "true" else verdict.startswith("invalid")
            passed += good
            if not good:
                misses.append(f"{where}: {json.loads(group['description'])}: {json.loads(test['description'])}: "
                              f"{'valid' if test['valid'] == 'true' else 'invalid'} there, here {verdict}")
    return passed, cases, refused


def collect(driver, suite):
    rows, misses, reasons = {}, [], {}
    for draft, uri in DRAFTS.items():
        top = suite / "tests" / draft
        for path in sorted(top.rglob("*.json")):
            name = path.relative_to(top).with_suffix("").as_posix()
            where = f"{draft} {name}"
            rows.setdefault(name, {})[draft] = run_file(driver, path, uri, misses, reasons, where)
    return rows, misses, reasons


def cell(result):
    if result is None:
        return "-"
    passed, cases, refused = result
    text = f"{passed} of {cases}" if cases else "-"
    return f"{text}, {refused} refused" if refused else text


def table(rows, reasons, misses):
    out = []
    groups = [("Keyword", [n for n in rows if "/" not in n]),
              ("Optional", [n for n in rows if n.startswith("optional/") and not n.startswith("optional/format/")]),
              ("Format", [n for n in rows if n.startswith("optional/format/")])]
    for title, names in groups:
        out += [f"| {title} | 2020-12 | draft-07 |", "|---|---|---|"]
        for n in names:
            r = rows[n]
            out.append(f"| {n.split('/')[-1]} | {cell(r.get('draft2020-12'))} | {cell(r.get('draft7'))} |")
        sums = [tuple(map(sum, zip(*(rows[n][d] for n in names if d in rows[n])))) for d in DRAFTS]
        out += [f"| **all** | {cell(sums[0])} | {cell(sums[1])} |", ""]
    out += ["| Refused when the schema loads, because of | cases |", "|---|---|"]
    out += [f"| {why} | {n} |" for why, n in sorted(reasons.items(), key=lambda x: -x[1])]
    out += ["", "Not as the suite has it:", ""]
    out += [f"- {m}" for m in misses] or ["- nothing"]
    return "\n".join(out) + "\n"


def main():
    driver, suite = Driver(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows, misses, reasons = collect(driver, suite)
    text = table(rows, reasons, misses)
    if "--table" in sys.argv:
        pathlib.Path(sys.argv[sys.argv.index("--table") + 1]).write_text(text, encoding="utf-8")
    else:
        print(text)
    passed, cases, refused = (sum(r[i] for d in rows.values() for r in d.values()) for i in range(3))
    print(f"{passed} of {cases} cases, {refused} refused: {100 * passed / cases:.2f} %")
    bad = [m for m in misses if ": refused: " in m]
    return 0 if not bad and passed >= 0.995 * cases else 1


sys.exit(main())
