#!/usr/bin/env python3
"""Does the README's table of settings say what the code reads?

For each handler the variables in its part of the table are those that its code reads, both ways, and where the code has a
default, the table has it too. What lib/ and bootstrap/ read is in some document, and what docs/S3.md's table says is read.
What template.yaml sets is in the table.
"""
import glob, os, re, sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
NAME = r"(?:WEIR|AWS)_[A-Z0-9_]*[A-Z0-9]|BUCKET_NAME"
bad = []


def read(*patterns):
    return "\n".join(open(p).read() for pattern in patterns for p in sorted(glob.glob(pattern, recursive=True)))


def rows(text):
    for line in text.splitlines():
        if line.startswith("| "):
            yield [c.strip() for c in line.strip("|").split(" | ")]


def names(text):
    return re.findall(rf"`({NAME})`", text)


def code_names(text):
    return set(re.findall(rf'"({NAME})"', text))


table, owner = {}, None
readme = open("README.md").read()
for first, *rest in rows(readme[readme.index("## The functions") : readme.index("## The schema")]):
    head = re.match(r"\*\*\[?([a-z0-9_]+)", first)
    if head:
        owner = head[1]
        table[owner] = {}
    for name in names(first):
        table.setdefault(owner, {})[name] = " | ".join(rest)

constants = {}  # what a macro of the code stands for: a text, or a number
for name, value in re.findall(r"^#define (\w+) (\S.*?)\s*(?:/\*.*)?$", read("lib/**/*.h", "handlers/*/*.[ch]"), re.M):
    value = re.sub(r"\((?:int64_t|size_t)\)", "", value)
    if re.fullmatch(r'"[^"]*"', value):
        constants[name] = value
    elif re.fullmatch(r"[\d\s()*+]+", value):
        constants[name] = str(eval(value))  # digits and operators

handlers = sorted(os.path.basename(os.path.dirname(p)) for p in glob.glob("handlers/*/*.h"))
for h in sorted(set(handlers)):
    code = read(f"handlers/{h}/*.c")
    said, wanted = table.get(h, {}), code_names(code)
    if '#include "event/metrics.h"' in code:
        wanted |= code_names(read("lib/event/metrics.c")) - {"AWS_LAMBDA_FUNCTION_NAME"}
    bad += [f"README.md: {h} reads {n}, which its table has not" for n in sorted(wanted - set(said))]
    bad += [f"README.md: {h} has {n}, which nothing reads" for n in sorted(set(said) - wanted)]
    for name, default in re.findall(rf'weir_env_(?:text|int)\("({NAME})",\s*("[^"]*"|\w+)', code):
        default = constants.get(default, default).strip('"')
        if default != "NULL" and name in said and not re.search(rf"(^|[`\s]){re.escape(default)}([`\s]|$)", said[name]):
            bad.append(f"README.md: the default of {name} is {default}")

# What a program may not be given (child_env.c) is no setting.
library = code_names("".join(open(p).read() for p in glob.glob("lib/**/*.c", recursive=True) + glob.glob("bootstrap/*.c") if not p.endswith("child_env.c")))
platform = {"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_MAX_CONCURRENCY"}
documents = readme + read("docs/*.md")
bad += [f"{n} is read and in no document" for n in sorted(library - platform) if not re.search(rf"\b{n}\b", documents)]
s3 = open("docs/S3.md").read()
for first, *_ in rows(s3[: s3.index("## Credentials")]):
    bad += [f"docs/S3.md: {n} is read by nothing" for n in names(first) if n not in library]

if os.path.exists("template.yaml"):
    known = {n for group in table.values() for n in group} | set(names(s3))
    for n in sorted(set(re.findall(rf"^\s+({NAME}):", open("template.yaml").read(), re.M)) - known):
        bad.append(f"template.yaml: {n} is in no table")

if len(table) < 5 or not library:
    bad.append("check_settings.py: it does not find what it is to compare")
for line in bad:
    print("not ok - " + line)
print(f"settings: {sum(map(len, table.values()))} in the table, {len(library)} in lib/, {len(bad)} wrong")
sys.exit(1 if bad else 0)
