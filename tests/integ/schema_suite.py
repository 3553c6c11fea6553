#!/usr/bin/env python3
"""The official JSON-Schema-Test-Suite through the command: schema_suite.py WEIR SUITE [--table FILE].

SUITE is the folder that holds `tests/`. Each schema is a run of `weir validate --input ndjson`, each instance a line of it. Writes the table of cases passed,
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


class Weir:
    """The command, with files of its own in the working folder."""

    def __init__(self, path):
        self.path = path

    def validate(self, schema, instances, formats):
        """Why the schema is refused, or None; and the verdict of each instance: the output's line."""
        schema_file, lines = pathlib.Path("schema.json"), pathlib.Path("instances")
        schema_file.write_text(schema, encoding="utf-8")
        lines.write_text("".join(f"{i}\n" for i in instances), encoding="utf-8")
        run = subprocess.run([self.path, "validate", lines, "-o", "verdicts", "-s", schema_file, "--input", "ndjson", "--formats", formats,
                              "--quiet"], capture_output=True, text=True, encoding="utf-8", timeout=60)
        if run.returncode == 2:
            return run.stderr.strip().removeprefix(f"weir: validate: {schema_file}: "), []
        verdicts = [json.loads(v) for v in pathlib.Path("verdicts").read_text(encoding="utf-8").splitlines()]
        if run.returncode != int(not all(v["valid"] for v in verdicts)) or len(verdicts) != len(instances):
            raise SystemExit(f"schema_suite: exit {run.returncode}, {len(verdicts)} verdicts of {len(instances)}: {schema}: {run.stderr}")
        return None, verdicts


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


def run_file(weir, path, uri, misses, reasons, where):
    passed = cases = refused = 0
    # This one file is about formats that only describe.
    formats = "annotate" if path.name == "format.json" else "assert"
    for group in raw_members(path.read_text(encoding="utf-8")):
        name, tests = json.loads(group["description"]), group["tests"]
        said, verdicts = weir.validate(one_line(with_draft(group["schema"], uri)), [one_line(t["data"]) for t in tests], formats)
        if said is not None:
            refused += len(tests)
            why = next((m for r, m in REASONS.items() if re.search(r, said)), None)
            if why is None:
                misses.append(f"{where}: {name}: refused: {said}")
                why = "another reason"
            reasons[why] = reasons.get(why, 0) + len(tests)
            continue
        for test, verdict in zip(tests, verdicts):
            cases += 1
            good = verdict["valid"] == json.loads(test["valid"])
            passed += good
            if not good:
                misses.append(f"{where}: {name}: {json.loads(test['description'])}: "
                              f"{'valid' if test['valid'] == 'true' else 'invalid'} there, here {'valid' if verdict['valid'] else verdict}")
    return passed, cases, refused


def collect(weir, suite):
    rows, misses, reasons = {}, [], {}
    for draft, uri in DRAFTS.items():
        top = suite / "tests" / draft
        for path in sorted(top.rglob("*.json")):
            name = path.relative_to(top).with_suffix("").as_posix()
            where = f"{draft} {name}"
            rows.setdefault(name, {})[draft] = run_file(weir, path, uri, misses, reasons, where)
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
    weir, suite = Weir(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows, misses, reasons = collect(weir, suite)
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
