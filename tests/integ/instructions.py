#!/usr/bin/env python3
"""instructions.py PROFILE PROGRAM [N]: how many instructions a profile of callgrind says that the program's own code took,
and its N costliest functions.

Only the program's object counts. The C library and others choose their code by the processor, and so do their counts; what is
compiled into the program is the same wherever it is run, as long as the compiler is. The profile has to be written with
--compress-strings=no."""
import collections
import os
import sys


def costs(path):
    """(object, function, instructions) of each line of cost, calls not included."""
    where, function, call = None, None, False
    with open(path) as f:
        for line in f:
            if line.startswith("ob="):
                where = line[3:].strip()
            elif line.startswith("fn="):
                function = line[3:].strip()
            elif line.startswith("calls="):
                call = True  # what was called has its own lines; the next one is its sum
            elif line[:1].isdigit() or line[:1] in "+-*":
                if not call:
                    yield where, function, int(line.split()[1])
                call = False


def main():
    program = os.path.realpath(sys.argv[2])
    total, by_function = 0, collections.Counter()
    for where, function, n in costs(sys.argv[1]):
        if where is not None and os.path.realpath(where) == program:
            total += n
            by_function[function] += n
    print(total)
    for function, n in by_function.most_common(int(sys.argv[3]) if len(sys.argv) > 3 else 0):
        print(f"{n:12} {100 * n / total:5.1f} % {function}")


main()
