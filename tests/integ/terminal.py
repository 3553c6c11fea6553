#!/usr/bin/env python3
"""What a program shows on a terminal: terminal.py [--columns N] [--until TEXT] [--stdout FILE] PROGRAM ARGS... <INPUT

stderr is a terminal of N columns (0: one that does not say), and so is stdout, unless it goes to FILE. What comes to the terminal
is printed as it is; the exit status is the program's.

With --until the program is held back, where it reads and where it writes, until the terminal shows TEXT: it gets half of the INPUT
before that, and nobody reads what goes to FILE. A program that ends without having shown TEXT is a failure (100).
"""
import argparse, fcntl, os, pty, struct, subprocess, sys, termios, threading, tty

args = argparse.ArgumentParser()
args.add_argument("--columns", type=int, default=80)
args.add_argument("--until", default="")
args.add_argument("--stdout")
args.add_argument("command", nargs=argparse.REMAINDER)
args = args.parse_args()

terminal, theirs = pty.openpty()
tty.setraw(theirs)  # its LF stays one
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, args.columns, 0, 0))
text = sys.stdin.buffer.read()
program = subprocess.Popen(
    args.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE if args.stdout else theirs, stderr=theirs)
os.close(theirs)
seen = threading.Event()


def feed():
    try:
        program.stdin.write(text[: len(text) // 2])
        program.stdin.flush()
        seen.wait()
        program.stdin.write(text[len(text) // 2 :])
        program.stdin.close()
    except BrokenPipeError:
        pass


def keep():
    seen.wait()
    with open(args.stdout, "wb") as f:
        while got := program.stdout.read(65536):
            f.write(got)


others = [threading.Thread(target=f) for f in ([feed, keep] if args.stdout else [feed])]
for t in others:
    t.start()
shown = b""
while True:
    if args.until.encode() in shown:
        seen.set()
    try:
        got = os.read(terminal, 65536)
    except OSError:  # how a terminal tells its end
        break
    if not got:
        break
    shown += got
missed = not seen.is_set()
seen.set()
for t in others:
    t.join()
sys.stdout.buffer.write(shown)
sys.exit(100 if missed else program.wait())
