#!/usr/bin/env python3
"""Small hostile CSV files through weir and through csv-parse and csv-stringify (npm): csv_peers.py DRIVER FILES --node FOLDER
[--seed N] [--table FILE] [--documented FILE] [--golden FOLDER].

FILES files are made, in a dozen dialects. The driver's records are compared with those of csv-parse, and what the driver writes of
them with what csv-stringify writes of the same records, byte for byte. A difference is either of a kind that is listed in READ or
WRITE, each of which says exactly how the two differ, and counted, or an error. --table writes the counts as the table of
docs/CSV.md; --documented wants each kind that comes up to be in that file. --golden checks the files of a folder first. Status 1
when something is not as it should be.
"""
import argparse
import collections
import dataclasses
import itertools
import json
import pathlib
import random
import re
import subprocess
import sys

NONE = -1
BOM = b"\xef\xbb\xbf"
BATCH = 5000


@dataclasses.dataclass(frozen=True)
class Dialect:
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    skip: int = 0
    formulas: bool = False

    def marks(self):
        return [ord(m) if m else NONE for m in (self.delimiter, self.quote, self.escape, self.comment)]


DIALECTS = [
    Dialect(),
    Dialect(),
    Dialect(),
    Dialect(),
    Dialect(delimiter=";"),
    Dialect(delimiter="\t", quote=""),
    Dialect(delimiter=";", quote="'"),
    Dialect(escape="\\"),
    Dialect(delimiter="|", quote="'", escape="/"),
    Dialect(comment="#"),
    Dialect(skip=2),
    Dialect(delimiter="\t", escape="\\", comment="#", skip=1),
    Dialect(delimiter=" ", quote="~", comment="%"),
    Dialect(delimiter="\x01"),
    Dialect(formulas=True),
]


# ---- the files ----

class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def token(self, d):
        """A piece of a file: marks and line ends more often than anything else."""
        r = self.r
        marks = [d.delimiter, d.quote or '"', d.escape or "\\", d.comment or "#"]
        kind = r.random()
        if kind < 0.45:
            return r.choice([marks[0], marks[0], marks[0], marks[1], marks[1], 2 * marks[1], marks[2], marks[3]]).encode()
        if kind < 0.60:
            return r.choice([b"\n", b"\n", b"\n", b"\r\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n"])
        if kind < 0.90:
            return r.choice([b"a", b"bc", b"1", b"-5", b"=x", b"@", b"+1e3", b" ", b"  ", b"\t", b";", b",", b"'", b"def", b"0.5", b"-"])
        return r.choice([b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", BOM, "ä".encode(), "😀".encode(), "\u2028".encode(), b"\x0b",
                         b"\x1a", b"\x85", b"\x7f"])

    def soup(self, d):
        return b"".join(self.token(d) for _ in range(self.r.randint(0, 40)))

    def field(self, d):
        """A field's value."""
        r = self.r
        kind = r.random()
        if kind < 0.2:
            return b""
        if kind < 0.6:
            return b"".join(r.choice([b"a", b"1", b"bc", b"x y", "é".encode()]) for _ in range(r.randint(1, 4)))
        if kind < 0.7:
            return b"x" * r.randint(50, 140)
        return b"".join(self.token(d) for _ in range(r.randint(1, 5)))

    def quoted(self, d, value):
        q, e = d.quote.encode(), (d.escape or d.quote).encode()
        for mark in {q, e}:
            value = value.replace(mark, b"\0\0" + mark)
        return q + value.replace(b"\0\0", e) + q

    def written(self, d, value):
        """A field as a careful writer has it, most of the time."""
        r = self.r
        special = [m.encode() for m in (d.delimiter, d.quote, d.comment) if m] + [b"\n", b"\r"]
        needs = any(m in value for m in special)
        if d.quote and (needs or r.random() < 0.3) and r.random() < 0.97:
            text = self.quoted(d, value)
            return text + r.choice([b" ", b"x", b"\0", d.quote.encode()]) if r.random() < 0.01 else text
        return value if r.random() < 0.03 else re.sub(rb"[\r\n]", b"", value).replace(d.delimiter.encode(), b"_")

    def table(self, d):
        """Records, with a few changes of a byte or two."""
        r = self.r
        end, columns, out = r.choice([b"\n", b"\n", b"\r\n", b"\r", None]), r.randint(1, 6), b""
        for _ in range(r.randint(0, 9)):
            n = columns if r.random() < 0.9 else r.randint(1, 8)
            if d.comment and r.random() < 0.15:
                out += d.comment.encode() + self.field(d).replace(b"\n", b"").replace(b"\r", b"")
            elif r.random() > 0.07:  # else it is blank
                out += d.delimiter.encode().join(self.written(d, self.field(d)) for _ in range(n))
            out += end or r.choice([b"\n", b"\r\n", b"\r"])
        if r.random() < 0.3:
            out = out.rstrip(b"\r\n")
        for _ in range(r.choice([0, 0, 0, 0, 1, 2])):
            at = r.randint(0, len(out))
            out = out[:at] + r.choice([b"", self.token(d)]) + out[at + r.randint(0, 2):]
        return out

    def case(self):
        r = self.r
        d = r.choice(DIALECTS)
        text = self.soup(d) if r.random() < 0.4 else self.table(d)
        start = r.random()
        if start < 0.06:
            text = BOM + text
        elif start < 0.065:
            text = r.choice([b"\xff\xfe", b"\xfe\xff", b"\xef\xbb", b"\xef"]) + text
        return d, text


# ---- the two sides ----

def netstrings(data):
    """The driver's records, as lists of bytes."""
    records, record, at = [], [], 0
    while at < len(data):
        if data[at] == 10:
            records.append(record)
            record, at = [], at + 1
            continue
        colon = data.index(b":", at)
        end = colon + 1 + int(data[at:colon])
        record.append(data[colon + 1:end])
        at = end + 1
    return records


@dataclasses.dataclass
class Side:
    """What one of them makes of a file: why it refuses it, or its records; and what it writes."""
    refused: str = ""
    records: list = None
    written: bytes = b""
    quote: int = NONE  # what it writes with
    raw: bytes = b""


def frames(out):
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        head, at = out[at:end].split(b" ", 1), end + 1
        lengths = [] if head[0] == b"refused" else [int(n) for n in head[1].split()]
        parts = []
        for n in lengths[-2:]:
            parts.append(out[at:at + n])
            at += n
        yield head, lengths, parts


def run_driver(driver, cases):
    frame = []
    for i, (d, text) in enumerate(cases):
        numbers = d.marks() + [int(d.formulas), d.skip, (1, 64, 1 << 20)[i % 3], len(text)]
        frame += [" ".join(map(str, numbers)).encode(), b"\n", text]
    out = subprocess.run([driver], input=b"".join(frame), capture_output=True, check=True).stdout
    sides = []
    for head, lengths, parts in frames(out):
        if head[0] == b"refused":
            sides.append(Side(refused=head[1].decode()))
        else:
            sides.append(Side(quote=lengths[0], raw=parts[0], written=parts[1]))
    return sides


PEERS = """
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const require = createRequire(process.argv[2] + '/');
const { parse } = require('csv-parse/sync'), { stringify } = require('csv-stringify/sync');
const input = readFileSync(0), out = [];

function records(b) {
    const all = [];
    let record = [];
    for (let at = 0; at < b.length;) {
        if (b[at] === 10) {
            all.push(record);
            record = [];
            at++;
            continue;
        }
        const colon = b.indexOf(58, at), end = colon + 1 + Number(b.toString('latin1', at, colon));
        record.push(b.toString('latin1', colon + 1, end));
        at = end + 1;
    }
    return all;
}

function netstrings(all, encoding) {
    const parts = [];
    for (const record of all) {
        for (const f of record) {
            const bytes = Buffer.from(f, encoding);
            parts.push(Buffer.from(`${bytes.length}:`), bytes, Buffer.from(','));
        }
        parts.push(Buffer.from('\\n'));
    }
    return Buffer.concat(parts);
}

// A byte order mark makes csv-parse forget the encoding that it was told.
const marked = (b) => [0xefbbbf, 0xfffe].some((m) => b.length >= (m > 0xffff ? 3 : 2) && b.readUIntBE(0, m > 0xffff ? 3 : 2) === m);

for (let at = 0; at < input.length;) {
    const end = input.indexOf(10, at), { p, w, n, m } = JSON.parse(input.toString('latin1', at, end));
    const text = input.subarray(end + 1, end + 1 + n), ours = input.subarray(end + 1 + n, end + 1 + n + m);
    at = end + 1 + n + m;
    const written = w === null ? Buffer.alloc(0) : Buffer.from(stringify(records(ours), w), 'latin1');
    try {
        const read = netstrings(parse(text, p), p.bom && marked(text) ? 'utf8' : 'latin1');
        out.push(Buffer.from(`ok ${read.length} ${written.length}\\n`), read, written);
    } catch (e) {
        if (e.code === undefined) throw e;
        out.push(Buffer.from(`fault 0 ${written.length}\\n`), written, Buffer.from(`refused ${e.code}\\n`));
    }
}
process.stdout.write(Buffer.concat(out));
"""


def parse_options(d, text):
    """csv-parse told to do what weir does, as far as it can be told."""
    ends = set(re.findall(rb"\r\n|\n|\r", text))
    return {
        "delimiter": d.delimiter, "quote": d.quote or None, "escape": (d.escape or d.quote) or None, "comment": d.comment or None,
        "comment_no_infix": True, "relax_column_count": True, "relax_quotes": True,
        "skip_empty_lines": True, "encoding": "latin1",
        "from_line": 1 if skipped_marks(d, text) else d.skip + 1, "bom": not skipped_marks(d, text),
        # Left to itself it takes the first line end for all of them.
        **({} if len(ends) < 2 else {"record_delimiter": ["\r\n", "\n", "\r"]}),
    }


def skipped_marks(d, text):
    """Whether csv-parse would see marks in the lines to skip."""
    marks = (d.quote + d.comment).encode()
    return any(c in marks for c in text[:behind_skipped(d, text)])


def run_peers(folder, work, cases, ours):
    script = pathlib.Path(work) / "peers.mjs"
    script.write_text(PEERS, encoding="utf-8")
    frame = []
    for (d, text), side in zip(cases, ours):
        options = parse_options(d, text)
        if skipped_marks(d, text):
            text = text[behind_skipped(d, text):]
        quote = chr(side.quote) if not side.refused else ""
        w = None if side.refused else {"delimiter": d.delimiter, "quote": quote, "escape": d.escape or quote,
                                       "record_delimiter": "\n", "escape_formulas": d.formulas}
        head = json.dumps({"p": options, "w": w, "n": len(text), "m": len(side.raw)})
        frame += [head.encode(), b"\n", text, side.raw]
    out = subprocess.run(["node", str(script), str(pathlib.Path(folder).resolve())], input=b"".join(frame), capture_output=True,
                         check=True).stdout
    sides = []
    for head, _, parts in frames(out):
        if head[0] == b"refused":
            sides[-1].refused = head[1].decode()
        else:
            sides.append(Side(raw=parts[0], written=parts[1]))
    return sides


# ---- what may differ ----
#
# A model of the reader, and one of the writer, with a switch for each difference. With all switches off the reader's has to give
# weir's records and with some of them on those of csv-parse, byte for byte; the writer's the other way round. Where no set of
# switches does, the difference is an error.

READ = {  # csv-parse's, and why ours is otherwise
    "doubled": ("text after a closing quote: doubled or escaped quotes before it are undone, though the field is not",
                "the cell is its source bytes, so that nothing is lost; its row is invalid"),
    "nul": ("NUL after a closing quote ends the quoted field, and is the field's next byte", "NUL is a byte like any other"),
    "comment": ("a comment mark after a closing quote ends the quoted field, or is a comment",
                "only a line that begins with it is a comment"),
    "utf8": ("a byte order mark: bytes that are not valid UTF-8 become U+FFFD", "they are passed on, and the row is invalid"),
}
UTF16 = ("UTF-16 by its mark: taken for that, or for Latin-1", "refused, unless `--encoding` says so")
SKIPPED = ("a quote or a comment mark in lines to skip counts there (it got the text behind these lines)",
           "lines to skip are lines, whatever is in them")
WRITE = {  # ours, and why
    "cr": ("a CR stands in quotes here, and there only where it ends the record", "a reader may take a CR for a line end"),
    "empty": ("a record of one empty field is two quotes here, and nothing there", "a line without a byte is no record"),
    "comment": ("a first field that begins with the comment mark stands in quotes here", "its row would become a comment"),
    "number": ("formulas: a number such as -5 gets no apostrophe here", "it is no formula, and stays a number"),
}


def switched(names, tries):
    """The smallest set of names for which tries() is true, or None."""
    for n in range(len(names) + 1):
        for how in itertools.combinations(names, n):
            if tries(how):
                return how
    return None


def behind_skipped(d, text):
    """Where the text behind the lines to skip begins."""
    at = len(BOM) if text.startswith(BOM) else 0
    for _ in range(d.skip):
        end = re.compile(rb"\r\n|\n|\r").search(text, at)
        at = end.end() if end else len(text)
    return at


def read(d, text, how):
    """The records, or None where a quote is never closed."""
    delimiter, quote, escape, comment = d.marks()
    records, record, field = [], [], b""
    quoting = quoted = broken = commenting = False
    start, i = 0, behind_skipped(d, text)

    def field_ends():
        nonlocal field, quoted, broken
        if broken and "doubled" not in how:
            field = text[start:i]
        record.append(field.decode("utf-8", "replace").encode() if "utf8" in how else field)
        field, quoted, broken = b"", False, False

    def record_ends():
        nonlocal record, commenting
        if quoted or record or field:
            field_ends()
            records.append(record)
        record, commenting = [], False

    while i < len(text):
        c, after = text[i], text[i + 1] if i + 1 < len(text) else None
        step = 1
        if quoting and after is not None and (c == escape or (escape == NONE and c == after == quote)):
            field += text[i + 1:i + 2]
            step = 2
        elif quoting and c == quote:
            quoting = False
            quoted = True
            if not (after is None or after in (delimiter, 10, 13) or (after == 0 and "nul" in how) or
                    (after == comment and "comment" in how)):
                broken = True
                field = text[i:i + 1] + field + text[i:i + 1]
        elif quoting:
            field += text[i:i + 1]
        elif c in (10, 13):
            record_ends()
        elif commenting:
            pass
        elif c == comment and not record and not field and (not quoted or "comment" in how):
            commenting = True
        elif c == quote and not field:
            quoting, start = True, i
        elif c == delimiter:
            field_ends()
        else:
            field += text[i:i + 1]
        i += step
    if quoting:
        return None
    record_ends()
    return records


def write(d, quote, records, how):
    q, e, out = bytes([quote]), d.escape.encode() or bytes([quote]), b""
    comment = d.comment.encode()
    number = re.compile(rb"[+-](\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
    for record in records:
        line = []
        for i, v in enumerate(record):
            special = d.delimiter.encode() in v or q in v or b"\n" in v or ("cr" in how and b"\r" in v)
            special = special or ("comment" in how and i == 0 and comment and v.startswith(comment))
            if d.formulas and v[:1] in b"=+-@\t\r" and v and not ("number" in how and number.fullmatch(v)):
                v = b"'" + v
            if special:
                v = v.replace(e, e + e).replace(q, e + q) if e != q else v.replace(q, q + q)
                v = q + v + q
            line.append(v)
        out += (q + q if "empty" in how and record == [b""] else d.delimiter.encode().join(line)) + b"\n"
    return out


def differ_read(d, text, a, b):
    """In what csv-parse differs, or None."""
    if "UTF-16" in a.refused:
        return [UTF16[0]] if text[:2] in (b"\xff\xfe", b"\xfe\xff") else None
    ours, theirs = (None if side.refused else netstrings(side.raw) for side in (a, b))
    if read(d, text, ()) != ours:
        return None
    how = switched(READ, lambda how: read(d, text, how) == theirs)
    return how and [READ[name][0] for name in how]


def differ_written(d, a, b):
    """In what csv-stringify differs, or None."""
    records = netstrings(a.raw)
    if write(d, a.quote, records, ()) != b.written:
        return None
    how = switched(WRITE, lambda how: write(d, a.quote, records, how) == a.written)
    return how and [WRITE[name][0] for name in how]


def compare(cases, ours, theirs, counts, errors):
    for (d, text), a, b in zip(cases, ours, theirs, strict=True):
        if skipped_marks(d, text):
            counts["read", SKIPPED[0]] += 1
        if (a.refused and b.refused) or (not a.refused and not b.refused and a.raw == b.raw):
            counts["read", "refused by both" if a.refused else "the same records"] += 1
        else:
            kinds = differ_read(d, text, a, b)
            if not kinds:
                errors.append(f"read: {d} {text}\n  here  {a.refused or netstrings(a.raw)}\n  there {b.refused or netstrings(b.raw)}")
            for kind in kinds or ():
                counts["read", kind] += 1
        if a.refused:
            continue
        if a.written == b.written:
            counts["written", "the same bytes"] += 1
            continue
        kinds = differ_written(d, a, b)
        if not kinds:
            errors.append(f"written: {d} {netstrings(a.raw)}\n  here  {a.written}\n  there {b.written}")
        for kind in kinds or ():
            counts["written", kind] += 1


def table(counts, files):
    out = [f"| of {files:,} files | files | why ours |", "|---|---|---|"]
    for what, same, kinds in [("read", ["the same records", "refused by both"], [*READ.values(), UTF16, SKIPPED]),
                              ("written", ["the same bytes"], WRITE.values())]:
        out += [f"| {what}: {s} | {counts[what, s]:,} | |" for s in same]
        found = [(counts[what, name], name, why) for name, why in kinds if counts[what, name]]
        out += [f"| {what}: {name} | {n:,} | {why} |" for n, name, why in sorted(found, reverse=True)]
    return "\n".join(out) + "\n"


def golden(driver, folder):
    """Each NAME.csv of the folder has the records of NAME.json; its dialect may be there, too."""
    good = True
    for path in sorted(pathlib.Path(folder).glob("*.csv")):
        want = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        d = Dialect(**want.get("dialect", {}))
        side = run_driver(driver, [(d, path.read_bytes())])[0]
        records = [[f.decode() for f in r] for r in netstrings(side.raw)]
        if side.refused or records != want["records"]:
            print(f"{path.name}: {side.refused or records}, not {want['records']}")
            good = False
    return good


def main():
    p = argparse.ArgumentParser()
    p.add_argument("driver")
    p.add_argument("files", type=int)
    p.add_argument("--node")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--table")
    p.add_argument("--documented")
    p.add_argument("--golden")
    a = p.parse_args()
    good = golden(a.driver, a.golden) if a.golden else True
    if not a.node:
        return 0 if good else 1
    maker, counts, errors = Maker(a.seed), collections.Counter(), []
    for start in range(0, a.files, BATCH):
        cases = [maker.case() for _ in range(min(BATCH, a.files - start))]
        ours = run_driver(a.driver, cases)
        compare(cases, ours, run_peers(a.node, ".", cases, ours), counts, errors)
    for (what, name), n in counts.most_common():
        print(f"{what}: {n} {name}")
    for e in errors[:20]:
        print(e)
    if errors:
        print(f"{len(errors)} differences that are not listed")
    if a.table:
        pathlib.Path(a.table).write_text(table(counts, a.files), encoding="utf-8")
    if a.documented:
        text = pathlib.Path(a.documented).read_text(encoding="utf-8")
        for what, name in counts:
            if f"| {what}: {name} |" not in text:
                print(f"not in {a.documented}: {what}: {name}")
                good = False
    return 0 if good and not errors else 1


sys.exit(main())
