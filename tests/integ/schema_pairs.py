#!/usr/bin/env python3
"""Random schemas and instances through several validators: schema_pairs.py DRIVER PAIRS [--seed N] [--ajv FOLDER] [--dir D].

PAIRS (schema, instance) pairs are made, ten instances for each schema. The driver's verdicts are compared with those of ajv,
where FOLDER has its node_modules, and of Python's jsonschema, where it is installed. A difference is either of a kind that is
listed in KNOWN, and counted, or an error. Prints one line for each validator and kind; status 1 when there is an error.
"""
import argparse
import collections
import importlib.metadata
import importlib.util
import json
import pathlib
import random
import subprocess
import sys
import warnings

URIS = {7: "http://json-schema.org/draft-07/schema#", 2020: "https://json-schema.org/draft/2020-12/schema"}
NAMES = ["a", "b", "c", "dd", "e~/f", "ä"]
STRINGS = ["", "a", "b", "ab", "abc", "aab", "x1", "12", "ä", "😀", "😀😀", "A", "a b", "true", "1"]
NUMBERS = [0, 1, -1, 2, 3, 4, 5, 7, 10, 100, 1.0, 2.0, 0.5, 1.5, -2.5, 3.25, 1e2, -0.0]
# What JavaScript's and Python's numbers cannot hold, or cannot divide.
HARD = [9007199254740993, 9007199254740992, 0.1, 0.3, 0.7, 1e400, 123456789012345678901234567890, 1.1]
PATTERNS = ["^a", "b$", "^[a-c]+$", "[0-9]", "^.{2,3}$", "a|x", "^(a|b)*$", "\\d\\d", "^\\w+$", "^$", "ä", "(a)\\1"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def number(self):
        return self.r.choice(HARD) if self.r.random() < 0.02 else self.r.choice(NUMBERS)

    def value(self, depth=0):
        r = self.r
        kind = r.choice("nbsis" if depth >= 3 else "nbsisaoao")
        if kind == "n":
            return None
        if kind == "b":
            return r.random() < 0.5
        if kind == "s":
            return r.choice(STRINGS)
        if kind == "i":
            return self.number()
        if kind == "a":
            return [self.value(depth + 1) for _ in range(r.choice([0, 1, 1, 2, 2, 3, 4, 12]))]
        return {n: self.value(depth + 1) for n in r.sample(NAMES, r.randint(0, 4))}

    def schema(self, draft, depth=0):
        r = self.r
        if r.random() < 0.08:
            return r.random() < 0.6
        s = {}
        for _ in range(r.choice([1, 1, 2, 2, 3, 4])):
            getattr(self, "k_" + r.choice(self.LEAVES if depth >= 3 else self.ALL))(s, draft, depth)
        return s

    def sub(self, draft, depth):
        return self.schema(draft, depth + 1)

    def subs(self, draft, depth, most=3):
        return [self.sub(draft, depth) for _ in range(self.r.randint(1, most))]

    def named(self, draft, depth):
        return {n: self.sub(draft, depth) for n in self.r.sample(NAMES, self.r.randint(1, 3))}

    LEAVES = ["type", "type", "types", "enum", "const", "bounds", "bounds", "multiple", "length", "pattern", "counts",
              "required", "unique", "needs"]
    ALL = LEAVES + ["properties", "properties", "properties", "patterns", "additional", "names", "items", "items", "prefix",
                    "contains", "all", "any", "one", "not", "if", "ref", "ref", "dependent", "unevaluated", "unevaluated_items",
                    "anchor"]

    def k_type(self, s, d, n):
        s["type"] = self.r.choice(["null", "boolean", "number", "integer", "string", "array", "object"])

    def k_types(self, s, d, n):
        s["type"] = self.r.sample(["null", "boolean", "number", "integer", "string", "array", "object"], self.r.randint(1, 4))

    def k_enum(self, s, d, n):
        values = []
        for v in [self.value(1) for _ in range(self.r.randint(1, 4))]:
            if all(json.dumps(v, sort_keys=True) != json.dumps(o, sort_keys=True) for o in values):
                values.append(v)
        s["enum"] = values

    def k_const(self, s, d, n):
        s["const"] = self.value(1)

    def k_bounds(self, s, d, n):
        s[self.r.choice(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])] = self.number()

    def k_multiple(self, s, d, n):
        s["multipleOf"] = self.r.choice([1, 2, 3, 0.5, 0.25, 2.0, 0.1, 0.01])

    def k_length(self, s, d, n):
        s[self.r.choice(["minLength", "maxLength"])] = self.r.randint(0, 4)

    def k_pattern(self, s, d, n):
        s["pattern"] = self.r.choice(PATTERNS)

    def k_counts(self, s, d, n):
        s[self.r.choice(["minItems", "maxItems", "minProperties", "maxProperties"])] = self.r.randint(0, 4)

    def k_required(self, s, d, n):
        s["required"] = self.r.sample(NAMES, self.r.randint(0, 3))

    def k_unique(self, s, d, n):
        s["uniqueItems"] = self.r.random() < 0.9

    def k_needs(self, s, d, n):
        s["dependentRequired" if d == 2020 else "dependencies"] = {
            self.r.choice(NAMES): self.r.sample(NAMES, self.r.randint(0, 2))}

    def k_properties(self, s, d, n):
        s["properties"] = self.named(d, n)

    def k_patterns(self, s, d, n):
        s["patternProperties"] = {p: self.sub(d, n) for p in self.r.sample(PATTERNS, self.r.randint(1, 2))}

    def k_additional(self, s, d, n):
        s["additionalProperties"] = self.sub(d, n)

    def k_names(self, s, d, n):
        s["propertyNames"] = self.sub(d, n)

    def k_items(self, s, d, n):
        s["items"] = self.sub(d, n)

    def k_prefix(self, s, d, n):
        if d == 2020:
            s["prefixItems"] = self.subs(d, n)
        else:
            s["items"] = self.subs(d, n)
            s["additionalItems"] = self.sub(d, n)

    def k_contains(self, s, d, n):
        s["contains"] = self.sub(d, n)
        if d == 2020 and self.r.random() < 0.6:
            s[self.r.choice(["minContains", "maxContains"])] = self.r.randint(0, 3)

    def k_all(self, s, d, n):
        s["allOf"] = self.subs(d, n)

    def k_any(self, s, d, n):
        s["anyOf"] = self.subs(d, n)

    def k_one(self, s, d, n):
        s["oneOf"] = self.subs(d, n)

    def k_not(self, s, d, n):
        s["not"] = self.sub(d, n)

    def k_if(self, s, d, n):
        s["if"] = self.sub(d, n)
        for name in self.r.choice([["then"], ["else"], ["then", "else"]]):
            s[name] = self.sub(d, n)

    def k_ref(self, s, d, n):
        if d == 7:
            s.clear()
        s["$ref"] = self.r.choice(["#/$defs/one", "#/$defs/two", "#/$defs/tree"])

    def k_anchor(self, s, d, n):
        if d == 2020:
            s["$ref"] = self.r.choice(["#named", "other.json", "other.json#inner"])

    def k_dependent(self, s, d, n):
        s["dependentSchemas" if d == 2020 else "dependencies"] = {self.r.choice(NAMES): self.sub(d, n)}

    def k_unevaluated(self, s, d, n):
        if d == 2020:
            s["unevaluatedProperties"] = self.sub(d, n)

    def k_unevaluated_items(self, s, d, n):
        if d == 2020:
            s["unevaluatedItems"] = self.sub(d, n)

    def document(self):
        """A schema with all that its references may name; these lead on to parts of the value only, so none goes in a circle."""
        draft = self.r.choice([7, 2020, 2020])
        s = self.schema(draft)
        if isinstance(s, bool):
            s = {"allOf": [s]}
        while True:
            one, two = self.schema(draft, 3), self.schema(draft, 3)
            if "$ref" not in json.dumps([one, two]):
                break
        defs = {"one": one, "two": two,
                "tree": {"type": ["object", "array", "number", "string"], "properties": {"a": {"$ref": "#/$defs/tree"}},
                         "items": {"$ref": "#/$defs/tree"}, "maxItems": 3, "maxProperties": 3}}
        if draft == 2020:
            defs["named"] = {"$anchor": "named", "type": ["string", "number", "object"]}
            defs["other"] = {"$id": "other.json", "properties": {"b": {"$ref": "#inner"}},
                             "$defs": {"x": {"$anchor": "inner", "not": {"type": "null"}}}}
            s["$id"] = "https://schemas.example/main.json"
        if draft == 7 and "$ref" in s:
            s = {"allOf": [s]}
        return draft, {"$schema": URIS[draft], **s, "$defs": defs}

    def instances(self, schema):
        out = [self.value() for _ in range(7)]
        # Some that are near to what the schema names.
        found = [v for v in walk(schema) if isinstance(v, (dict, list, str, int, float))]
        while len(out) < 10:
            v = self.r.choice(found)
            out.append(v if not isinstance(v, dict) or "$ref" not in v else self.value())
        return out


def walk(v):
    yield v
    for part in v.values() if isinstance(v, dict) else v if isinstance(v, list) else []:
        yield from walk(part)


def numbers(v):
    return [x for x in walk(v) if isinstance(x, (int, float)) and not isinstance(x, bool)]


def hard(schema, instance):
    return any(x in HARD for x in numbers(schema) + numbers(instance))


def decimal_multiple(schema, instance):
    """multipleOf a decimal that is no sum of powers of two, or of an integer by what was made so."""
    return any(isinstance(x, dict) and isinstance(x.get("multipleOf"), float) and x["multipleOf"] in (0.1, 0.01)
               for x in walk(schema))


def beside_ref(schema, instance):
    return schema["$schema"] == URIS[7] and any(isinstance(x, dict) and "$ref" in x and len(x) > 1 for x in walk(schema))


def python_words(schema, instance):
    patterns = [v for x in walk(schema) if isinstance(x, dict) for v in [x.get("pattern"), *x.get("patternProperties", {})]
                if isinstance(v, str)]
    texts = [v for v in walk(instance) if isinstance(v, str)] + [n for v in walk(instance) if isinstance(v, dict) for n in v]
    return any("\\w" in p or "\\d" in p for p in patterns) and any(not t.isascii() for t in texts)


KNOWN = [("numbers that a double cannot hold", hard), ("multipleOf 0.1 or 0.01, which doubles cannot divide by", decimal_multiple)]


def has(*names):
    return lambda schema, instance: any(isinstance(v, dict) and n in v for v in walk(schema) for n in names)


# What one validator has alone, while another has our verdict.
ALONE = [("unevaluatedItems beside contains or branches", has("unevaluatedItems")),
         ("contains of a schema that takes anything, in arrays without an element", has("contains"))]


def text(value):
    # 1e400 has no double: it is written as such.
    return json.dumps(value, ensure_ascii=False).replace("Infinity", "1e400")


def run_driver(driver, pairs):
    lines = []
    for _, schema, instances in pairs:
        lines.append("S " + text(schema))
        lines += ["I " + text(i) for i in instances]
    out = subprocess.run([driver], input="\n".join(lines) + "\n", capture_output=True, text=True, encoding="utf-8", check=True)
    answers = iter(out.stdout.splitlines())
    verdicts = []
    for (_, schema, instances) in pairs:
        loaded = next(answers)
        if loaded != "ok":
            raise SystemExit(f"schema_pairs: {loaded}: {text(schema)}")
        verdicts.append([next(answers) == "valid" for _ in instances])
    return verdicts


AJV = """
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
const require = createRequire(process.argv[2] + '/');
const options = { strict: false, validateFormats: false, validateSchema: false, logger: false, code: { optimize: false } };
const Ajv7 = require('ajv').default, Ajv2020 = require('ajv/dist/2020').default;
const ajv = { 7: new Ajv7(options), 2020: new Ajv2020(options) };
for await (const line of createInterface({ input: process.stdin })) {
    const { d, s, i } = JSON.parse(line);
    try {
        ajv[d].removeSchema();
        const check = ajv[d].compile(s);
        console.log(i.map((x) => (check(x) ? '1' : '0')).join(''));
    } catch (e) {
        console.log('refused ' + String(e.message).split('\\n')[0]);
    }
}
"""


def run_ajv(folder, pairs, work):
    script = pathlib.Path(work) / "ajv.mjs"
    script.write_text(AJV, encoding="utf-8")
    lines = "\n".join('{"d":%d,"s":%s,"i":%s}' % (d, text(s), text(i)) for d, s, i in pairs) + "\n"
    out = subprocess.run(["node", str(script), str(pathlib.Path(folder).resolve())], input=lines, capture_output=True,
                         text=True, encoding="utf-8", check=True)
    return [None if a.startswith("refused") else [c == "1" for c in a] for a in out.stdout.splitlines()]


def run_python(pairs):
    warnings.simplefilter("ignore")
    import jsonschema
    verdicts = []
    for d, s, instances in pairs:
        cls = jsonschema.Draft7Validator if d == 7 else jsonschema.Draft202012Validator
        try:
            check = cls(s)
            verdicts.append([check.is_valid(i) for i in instances])
        except Exception:  # its own limits: infinite numbers, unevaluated... within $ref
            verdicts.append(None)
    return verdicts


def compare(name, pairs, ours, theirs, extra, third=None):
    """third: verdicts of one more; where these are ours, the kinds of ALONE count, too."""
    kinds, errors, refused = collections.Counter(), [], 0
    for i, ((_, schema, instances), mine, other) in enumerate(zip(pairs, ours, theirs, strict=True)):
        if other is None:
            refused += len(instances)
            continue
        for instance, a, b in zip(instances, mine, other, strict=True):
            if a == b:
                kinds["the same verdict"] += 1
                continue
            known = KNOWN + extra + (ALONE if third is not None and third[i] == mine else [])
            kind = next((k for k, is_kind in known if is_kind(schema, instance)), None)
            if kind is None:
                errors.append(f"{name}: {'valid' if b else 'invalid'} there, {'valid' if a else 'invalid'} here: "
                              f"{text(schema)} {text(instance)}")
            else:
                kinds[kind] += 1
    if refused:
        kinds["not compared: it does not take the schema"] = refused
    for kind, n in kinds.most_common():
        print(f"{name}: {n} {kind}")
    for e in errors[:20]:
        print(e)
    if errors:
        print(f"{name}: {len(errors)} differences that are not listed")
    return not errors


def main():
    p = argparse.ArgumentParser()
    p.add_argument("driver")
    p.add_argument("pairs", type=int)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--ajv")
    p.add_argument("--dir", default=".")
    a = p.parse_args()
    maker = Maker(a.seed)
    pairs = []
    for _ in range(a.pairs // 10):
        draft, schema = maker.document()
        pairs.append((draft, schema, maker.instances(schema)))
    ours = run_driver(a.driver, pairs)
    share = sum(v for vs in ours for v in vs) / sum(len(vs) for vs in ours)
    print(f"{len(pairs)} schemas, {sum(len(vs) for vs in ours)} instances, {100 * share:.0f} % of them valid")
    good = True
    python = run_python(pairs) if importlib.util.find_spec("jsonschema") else None
    if a.ajv:
        good = compare("ajv", pairs, ours, run_ajv(a.ajv, pairs, a.dir),
                       [("keywords beside $ref in draft-07, which it looks at", beside_ref)], python) and good
    if python is not None:
        kinds = [("\\w and \\d, which it takes for those of Unicode", python_words)]
        if tuple(int(n) for n in importlib.metadata.version("jsonschema").split(".")[:2]) < (4, 20):
            kinds.append(("unevaluated..., as old versions have it", has("unevaluatedProperties", "unevaluatedItems")))
        good = compare("jsonschema", pairs, ours, python, kinds) and good
    return 0 if good else 1


sys.exit(main())
