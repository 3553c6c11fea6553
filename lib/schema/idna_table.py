#!/usr/bin/env python3
"""Writes lib/schema/idna_table.c: what IDNA2008 (RFC 5892) knows of each code point. idna_table.py >lib/schema/idna_table.c

Needs the Python package idna, whose data comes from the Unicode Character Database; marks and viramas come from Python's own
unicodedata. Where that is older, a mark that it does not know is told by its joining type: transparent, as marks are that take no
room, which are most of them. The table is part of the repository: it changes with Unicode's versions, once a year.
"""
import sys
import unicodedata

from idna import idnadata

TYPES = {"T": 1, "D": 2, "L": 3, "R": 4, "C": 2}
SCRIPTS = {"Greek": 1, "Hebrew": 2, "Hiragana": 3, "Katakana": 3, "Han": 3}


def spread(ranges, value, into):
    for r in ranges:
        for cp in range(r >> 32, r & 0xFFFFFFFF):
            into[cp] = value


def main():
    pvalid, joining, scripts = {}, {}, {}
    spread(idnadata.codepoint_classes["PVALID"], True, pvalid)
    for name, ranges in idnadata.joining_types.items():
        spread(ranges, TYPES[name], joining)
    for name, value in SCRIPTS.items():
        spread(idnadata.scripts[name], value, scripts)
    points, last = [], None
    for cp in range(0x110000):
        flags = (cp in pvalid) | joining.get(cp, 0) << 3 | scripts.get(cp, 0) << 6
        char = chr(cp)
        category = unicodedata.category(char)
        mark = category[0] == "M" or (category == "Cn" and joining.get(cp) == TYPES["T"])
        flags |= mark << 1 | (unicodedata.combining(char) == 9) << 2
        if flags != last:
            points.append(cp << 11 | flags)
            last = flags
    out = [f"/* Unicode {idnadata.__version__}, marks {unicodedata.unidata_version}; made by idna_table.py. */",
           '#include "schema/idna.h"', "", "/* clang-format off */",
           "const uint32_t weir_idna_table[] = {"]
    for i in range(0, len(points), 9):
        out.append("    " + " ".join(f"0x{p:x}," for p in points[i:i + 9]))
    out += ["};", "/* clang-format on */", "", f"const size_t weir_idna_table_n = {len(points)};"]
    sys.stdout.write("\n".join(out) + "\n")


main()
