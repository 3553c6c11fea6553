#!/usr/bin/env python3
"""Makes what the documents say of the code from the code: docs/LIMITS.md, and the picture of the modules in docs/DESIGN.md.

    docs/make.py            writes them
    docs/make.py --check    writes nothing, and fails when one is not what it would write, or when the code's limits are not as
                            lib/core/limits.h says that they are (tests/run.sh style)
"""
import glob, os, re, subprocess, sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
LIMITS = "lib/core/limits.h"
bad = []


# ---- what limits.h says ----


def text_of(comment):
    """A C comment's words, in one line."""
    return " ".join(line.strip().lstrip("*").strip() for line in comment.strip().removeprefix("/*").removesuffix("*/").splitlines()).strip()


def read_limits():
    """[(section, [(name, expression, reason, set by)])]; a reason of None is the one above."""
    source = open(LIMITS).read().replace("\\\n", " ")
    sections, above = [], None
    token = re.compile(r"^/\* ---- (.*) ---- \*/$|^(/\*(?:.|\n)*?\*/)$|^#define (\w+)[ \t]+(.*?)[ \t]*(/\*(?:.|\n)*?\*/)?$|^()$", re.M)
    for section, comment, name, value, behind, _ in token.findall(source[source.index("#define WEIR_MIB") :]):
        if section:
            sections.append((section, []))
            above = None
        elif comment:
            above = (text_of(comment),)
        elif name and sections:
            reason = text_of(behind) if behind else above[0] if above else ""
            shared = not behind and above and len(above) == 2
            if not behind and above:
                above = (above[0], True)
            found = re.search(r"(?:^|\.? )Set by ([^.]*)\.$", reason)
            sets = re.findall(r"[\w-]+", found[1]) if found else []
            if found:
                reason = reason[: found.start()]
            if not reason:
                bad.append(f"{LIMITS}: {name} has no reason")
            sections[-1][1].append((name, value, None if shared else reason, sets))
        elif not name:
            above = None
    return sections


def number_of(expression, known):
    c = re.sub(r"\(\w+_t\)|(?<=\d)[UuLl]+\b", "", expression)
    c = re.sub(r"\bWEIR_\w+", lambda m: str(known[m[0]]), c)
    if not re.fullmatch(r"[\d\s()*+/<-]+", c):
        raise ValueError(expression)
    return int(eval(c.replace("/", "//")))


def for_people(name, n):
    def scaled(units):
        size, unit = next(u for u in units if n >= u[0])
        text = f"{n // size:,}" if n % size == 0 else f"{n / size:,.2f}".rstrip("0")
        return "1 day" if (text, unit) == ("1", "days") else f"{text} {unit}"

    if name.endswith("_BYTES"):
        units = [(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")]
        return scaled([(1 << 30, "GiB")] * (n % (1 << 30) == 0) + units if n >= 10000 or n % 1024 == 0 else units[2:])
    if name.endswith("_MB"):
        return f"{n:,} MB"
    if name.endswith("_MS") or name.endswith("_S"):
        n = n * (1000 if name.endswith("_S") else 1)
        return scaled([(86400000, "days"), (3600000, "h"), (60000, "min"), (1000, "s"), (1, "ms")])
    return f"{n:,}"


def cell(text):
    text = re.sub(r"(?<![`\w-])(--[a-z][a-z-]+|(?:WEIR|AWS)_[A-Z0-9_]+|[a-z]+[a-z0-9_]*_[a-z0-9_]+)(?![`\w(])", r"`\1`", text)
    text = text.rstrip(".")
    return (text if re.match(r"\w+[_-]", text) else text[:1].upper() + text[1:]).replace("|", "\\|").replace("*", "\\*")


def limits_page(sections):
    out = [
        "# Limits",
        "",
        "Every ceiling of weir, and every default that bounds something, with its reason. Made by `docs/make.py` from",
        "[`lib/core/limits.h`](../lib/core/limits.h), where they are changed. What is set by nothing is changed there, and built.",
        "What happens at each: a ceiling on input is an error that names it, a ceiling on memory makes who fills it wait, or is an",
        "error, and a ceiling on time ends what it waits for.",
    ]
    known = {"WEIR_KIB": 1024, "WEIR_MIB": 1024 * 1024}
    for section, rows in sections:
        out += ["", f"## {section}", "", "| limit | value | why | set by |", "|---|---|---|---|"]
        for name, expression, reason, sets in rows:
            known[name] = number_of(expression, known)
            names = ", ".join(f"`{s}`" for s in sets)
            out.append(f"| `{name}` | {for_people(name, known[name])} | {cell(reason) if reason is not None else 'as above'} | {names} |")
    return "\n".join(out) + "\n"


# ---- does the code agree? ----


def read_code():
    paths = [p for top in ("lib", "handlers", "bootstrap", "cli") for p in glob.glob(f"{top}/**/*.[ch]", recursive=True)]
    return {p: open(p).read() for p in sorted(paths) if p != LIMITS}


def check_limits(sections):
    """Names are used, settings exist, and what bounds or defaults a setting says so; public ceilings are nowhere else."""
    code = read_code()
    everything = "\n".join(code.values())
    reasons, sets_of = {}, {}
    why = ""
    for _, rows in sections:
        for name, _, reason, sets in rows:
            why = why if reason is None else reason
            reasons[name], sets_of[name] = why, sets
    words = set(re.findall(r"\w+", everything + "".join(re.findall(r"^#define \w+[ \t]+(.*)", open(LIMITS).read(), re.M))))
    cli = "\n".join(text for path, text in code.items() if path.startswith("cli/") or path.startswith("handlers/"))
    bad.extend(f"{LIMITS}: {n} is used by nothing" for n in reasons if n not in words)
    for name, sets in sets_of.items():
        for s in sets:
            if f'"{s.removeprefix("--")}"' not in (cli if s.startswith("--") else everything):
                bad.append(f"{LIMITS}: {name} is set by {s}, which nothing reads")
    for variable, arguments in re.findall(r'weir_env_int\(\s*"(\w+)",([^;{]*?)&', everything):
        default, *bounds = arguments.split(",")
        for n in re.findall(r"WEIR_\w+", default):
            if variable not in sets_of.get(n, ()):
                bad.append(f'{LIMITS}: {n} is the default of {variable}; say "Set by {variable}."')
        for n in re.findall(r"WEIR_\w+", " ".join(bounds)):
            if variable not in reasons.get(n, "") and variable not in sets_of.get(n, ()):
                bad.append(f"{LIMITS}: {n} bounds {variable}; its reason should name it")
    for option, n in re.findall(r'\.name = "([a-z-]+)"[^}]*?\.(?:max|min) = (?:\(int64_t\))?(WEIR_\w+)', cli):
        if f"--{option}" not in reasons.get(n, "") and "in seconds" not in reasons.get(n, "") and f"--{option}" not in sets_of.get(n, ()):
            bad.append(f"{LIMITS}: {n} bounds --{option}; its reason should name it")
    for path, text in code.items():
        for n, value in re.findall(r"^#define (WEIR_\w*_MAX(?:_\w+)?)[ \t]+(.*)", text, re.M):
            if re.match(r"\(?\d", value):
                bad.append(f"{path}: {n} is a ceiling: it belongs into {LIMITS}, with its reason")
    if len(reasons) < 100 or "weir_env_int" not in everything:
        bad.append("docs/make.py: it does not find what it is to read")


# ---- the picture of the modules ----


def modules_picture():
    deps = subprocess.run(["tests/check-deps.sh", "--arrows"], capture_output=True, text=True)
    if deps.returncode != 0:
        bad.append(deps.stderr.strip())
    lines = deps.stdout.splitlines()
    level, uses = {}, {}
    for line in lines:
        words = line.split()
        level[words[1]] = int(words[0])
        uses.setdefault(words[1], set())
        if len(words) == 5:
            uses[words[1]].add(words[4])
    order = ["{" + " ".join(dict.fromkeys(m.split("/")[0] for m in sorted(level) if level[m] == n)) + "}" for n in sorted(set(level.values()))]
    order = [o if " " in o else o.strip("{}") for o in order]
    columns = list(dict.fromkeys(m.split("/")[0] for m in sorted(level, key=lambda m: (level[m], m)) if level[m] < max(level.values())))
    rows = sorted(level, key=lambda m: (-level[m], m))
    width = max(map(len, rows))
    out = [" <- ".join(order), "", " " * width + "".join("  " + c for c in columns)]
    for m in rows:
        marks = "".join("  " + ("x" if any(u.split("/")[0] == c for u in uses[m]) else ".").center(len(c)) for c in columns)
        out.append(m.ljust(width) + marks)
    return "```\n" + "\n".join(line.rstrip() for line in out) + "\n```\n"


def design_page():
    page = open("docs/DESIGN.md").read()
    begin, end = "<!-- made by docs/make.py from tests/check-deps.sh -->\n", "<!-- end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1:
        bad.append("docs/DESIGN.md: it has no place for the picture of the modules")
        return page
    return page[: page.index(begin) + len(begin)] + modules_picture() + page[page.index(end) :]


sections = read_limits()
check_limits(sections)
for path, page in (("docs/LIMITS.md", limits_page(sections)), ("docs/DESIGN.md", design_page())):
    old = open(path).read() if os.path.exists(path) else ""
    if old != page and "--check" in sys.argv[1:]:
        bad.append(f"{path} is not what the code says: run docs/make.py")
    elif old != page:
        open(path, "w").write(page)
        print(f"docs/make.py: {path} written")
for line in bad:
    print("not ok - " + line)
sys.exit(1 if bad else 0)
