#!/usr/bin/env python3
"""Is a validated file right? check_output.py INPUT.csv OUTPUT[.gz] [--truth FILE] [--rows N]

Standard library only, none of weir's code: one gzip member and nothing after it; one header; one row per input row, in order,
its cells those of the input (padded or cut where the row is ragged); `valid` as the truth says (row numbers of the invalid rows, first data row = 1); `errors` empty
exactly where a row is valid; minimal quoting; LF; a final newline. Reads both files as streams.
"""
import argparse
import csv
import io
import sys
import zlib


class Gunzip(io.RawIOBase):
    """One gzip member as a raw stream; anything after it, or its end missing, is an error."""

    def __init__(self, f):
        self.f, self.z, self.rest = f, zlib.decompressobj(31), b""

    def readable(self):
        return True

    def readinto(self, buf):
        while not self.z.eof:
            data = self.z.unconsumed_tail or self.f.read(1 << 18)
            if not data:
                raise SystemExit("the gzip member is cut short")
            got = self.z.decompress(data, len(buf))
            if got:
                buf[:len(got)] = got
                return len(got)
        if self.z.unused_data or self.f.read(1):
            raise SystemExit("there is more after the first gzip member")
        return 0


class Lines:
    """Text lines, decoded so that any byte survives; keeps what the csv module consumed, to compare it as text."""

    def __init__(self, raw):
        self.f = io.TextIOWrapper(io.BufferedReader(raw, 1 << 18), encoding="utf-8", errors="surrogateescape", newline="\n")
        self.seen = []

    def __iter__(self):
        for line in self.f:
            self.seen.append(line)
            yield line

    def take(self):
        text, self.seen = "".join(self.seen), []
        return text


def quoted(cell):
    if any(c in cell for c in ',"\n\r'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def appended(header):
    """The names of the two new columns; where one is taken, both get a number."""
    n = 1
    while True:
        names = ["valid", "errors"] if n == 1 else [f"valid_{n}", f"errors_{n}"]
        if not set(names) & set(header):
            return names
        n += 1


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("input")
    ap.add_argument("output")
    ap.add_argument("--truth")
    ap.add_argument("--rows", type=int)
    a = ap.parse_args()
    csv.field_size_limit(1 << 30)

    raw = open(a.output, "rb")
    magic = raw.read(2)
    raw.seek(0)
    lines = Lines(Gunzip(raw) if magic == b"\x1f\x8b" else open(a.output, "rb", buffering=0))
    out = csv.reader(lines)
    src = csv.reader(open(a.input, encoding="utf-8", errors="surrogateescape", newline=""))
    truth = {int(n) for n in open(a.truth)} if a.truth else None

    header = next(src)
    want = header + appended(header)
    got = next(out, None)
    if got != want:
        raise SystemExit(f"header: {got}, expected {want}")
    lines.take()

    n = bad = 0
    row = None
    for row in src:
        if not row:
            continue
        n += 1
        got = next(out, None)
        if got is None:
            raise SystemExit(f"row {n}: the output ends")
        text = lines.take()
        if text != ",".join(map(quoted, got)) + "\n":
            raise SystemExit(f"row {n}: not written with minimal quoting and LF: {text[:200]!r}")
        # A short row is padded; what a long one has too much is in its message.
        if got[:-2] != (row + [""] * len(header))[:len(header)]:
            raise SystemExit(f"row {n}: cells differ from the input's")
        if len(row) != len(header) and f"row: {len(row)} field" not in got[-1]:
            raise SystemExit(f"row {n}: {len(row)} fields, errors is {got[-1]!r}")
        if got[-2] not in ("true", "false"):
            raise SystemExit(f"row {n}: valid is {got[-2]!r}")
        invalid = got[-2] == "false"
        bad += invalid
        if invalid != bool(got[-1]):
            raise SystemExit(f"row {n}: valid is {got[-2]}, errors is {got[-1]!r}")
        if truth is not None and invalid != (n in truth):
            raise SystemExit(f"row {n}: valid is {got[-2]} against the truth; errors: {got[-1]!r}")
    if next(out, None) is not None:
        raise SystemExit(f"more than {n} rows in the output")
    if truth is not None and bad != len(truth):
        raise SystemExit(f"{bad} invalid rows, the truth has {len(truth)}")
    if a.rows is not None and n != a.rows:
        raise SystemExit(f"{n} rows, expected {a.rows}")
    print(f"{n} rows, {bad} invalid")


if __name__ == "__main__":
    main()
