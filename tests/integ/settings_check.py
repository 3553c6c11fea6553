#!/usr/bin/env python3
"""Is each setting in template.yaml one that its function reads; is each that is read documented; is each that a table of the
documents has read by anybody?

  settings_check.py TEMPLATE
"""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import template as cfn  # noqa: E402

SCRIPT = os.environ.get("SCRIPT", "settings")
NAME = r"(?:WEIR|AWS|BUCKET)_[A-Z0-9_]*[A-Z0-9]"
failures = 0


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


def find(pattern, *globs):
    return {m for g in globs for path in glob.glob(os.path.join(ROOT, g), recursive=True) for m in re.findall(pattern, open(path, encoding="utf-8").read(), re.M)}


def main():
    t = cfn.Template(sys.argv[1], ApiAuthorization="NONE", ElbLogsTo="-", Archive="true", SchemaKey="s.json", RulesPrefix="rules/")
    literal = f'"({NAME})"'
    lib = find(literal, "lib/**/*.[ch]")
    for function, properties in t.functions.items():
        read = lib | find(literal, f"handlers/{properties['Handler']}/*.[ch]")
        unread = set(t.environment(function)) - read
        check(t.environment(function) and not unread, f"{function} reads the settings that the template gives it", *sorted(unread))
    for folder in sorted(os.listdir(os.path.join(ROOT, "handlers"))):
        read = find(literal, f"handlers/{folder}/*.[ch]")
        told = find(f"`({NAME})", f"handlers/{folder}/README.md", *(["docs/HANDLERS.md"] if folder == "hello" else []))
        missing = {n for n in read if n.startswith(("WEIR", "BUCKET"))} - told
        check(read and not missing, f"handlers/{folder}: the {len(read)} settings that it reads are documented", *sorted(missing))
    missing = {n for n in lib if n.startswith("WEIR")} - find(f"({NAME})", "docs/*.md", "handlers/*/README.md")
    check(lib and not missing, "lib: so are those that all handlers read", *sorted(missing))
    rows = find(rf"^\| (?:`{NAME}`,? ?(?:else )?)*`({NAME})`", "docs/S3.md", "handlers/*/README.md")
    unread = rows - find(literal, *(f"{d}/**/*.[ch]" for d in ("lib", "handlers", "bootstrap", "cli")))
    check(len(rows) > 20 and not unread, f"each of the {len(rows)} settings that the documents have in tables is read", *sorted(unread))
    sys.exit(1 if failures else 0)


main()
