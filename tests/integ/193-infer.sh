#!/bin/bash
# Does `weir schema FILE` give a schema by which all rows of the sample are valid, whatever the dialect, and which
# `weir schema --check` takes? And is it bounded, whatever the file?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

says() { grep -qF -- "$1" err || { echo "not told: $1"; head -n 5 err; return 1; }; }

# fits IN INVALID FLAGS...: inferred from all rows (with HOW, flags of the schema alone), twice and with windows of one byte, checked,
# and held against all rows; so many are invalid whatever the schema is
fits() {
    local in=$1 invalid=$2 want how
    shift 2
    read -r -a how <<<"${HOW:-}"
    want=$((invalid > 0))
    status 0 "$WEIR" schema "$in" -o inferred.json --rows 0 "${how[@]}" "$@" || return 1
    cp err told
    status 0 "$WEIR" schema "$in" --rows 0 "${how[@]}" "$@" -q && cmp out inferred.json && [ ! -s err ] || return 1
    if [ "$(stat -Lc %s "$in")" -lt 100000 ]; then
        WEIR_EDGE_BYTES=1 status 0 "$WEIR" schema "$in" --rows 0 "${how[@]}" "$@" && cmp out inferred.json || return 1
    fi
    status 0 "$WEIR" schema --check inferred.json && grep -q ' 0 ignored, 0 refused$' out || return 1
    status "$want" "$WEIR" validate "$in" -o rows.out -s inferred.json "$@" -q || { tail -n 3 rows.out; return 1; }
    grep -q "\"invalid\":$invalid," out || { cat out; tail -n 3 rows.out; return 1; }
    python3 -m json.tool inferred.json >/dev/null
}
# schema_is TEXT: of the last one, without what is the same everywhere
schema_is() { same "$(python3 -c 'import json; s = json.load(open("inferred.json")); del s["$schema"], s["$comment"]; print(json.dumps(s))')" "$1"; }

size=6MB
[ "$ASAN" = 0 ] || size=1MB
for shape in seed var narrow; do
    data "infer-$shape" $size --shape $shape --seed 4
    check "$shape: its rows are valid" fits "$DATA/infer-$shape.csv" 0
    cp inferred.json "$shape.json"
    HOW="--ranges --enum 64" check "$shape: with ranges" fits "$DATA/infer-$shape.csv" 0
    data "infer-bad-$shape" 2MB --shape $shape --seed 5 --invalid 20%
    check "$shape: and those with faults, but for those that no schema takes" bash -c '
        "$WEIR" schema "$DATA/infer-bad-'$shape'.csv" --rows 0 --ranges -o bad.json 2>err || exit 1
        "$WEIR" validate "$DATA/infer-bad-'$shape'.csv" -o bad.jsonl -s bad.json --output report --report ndjson -q >out
        python3 - <<PY
import json, re
left = re.search(r"(\d+) of \d+ rows are left out", open("err").read())
told = {}
for l in open("bad.jsonl"):
    p = json.loads(l)
    told.setdefault(p["row"], set()).add(p["keyword"])
assert all(k & {"fields", "quote", "utf8"} for k in told.values()), [k for k in told.values() if not k & {"fields", "quote", "utf8"}][:3]
assert len(told) == int(left[1] if left else 0), (len(told), left)
PY'
done
check "formats and depth are found" bash -c 'python3 - <<PY
import json
p = json.load(open("var.json"))["properties"]
print(json.dumps(p)[:600])
assert p["eventDate"] == {"type": "string", "format": "date"}, "date"
assert p["organizerInfo"]["type"] == "object" and "organizerName" in p["organizerInfo"]["required"], "object"
PY'
gzip -c "$DATA/infer-narrow.csv" >narrow.csv.gz
check "compressed" bash -c '"$WEIR" schema narrow.csv.gz --rows 0 | cmp - narrow.json'
check "from stdin" bash -c '"$WEIR" schema - --rows 0 <"$DATA/infer-narrow.csv" | cmp - narrow.json'

mkdir -p store/b
cp narrow.csv.gz store/b/n.csv.gz
check "from S3, and to it" bash -c 'export AWS_ENDPOINT_URL_S3=file://$T/store; "$WEIR" schema s3://b/n.csv.gz --rows 0 -o s3://b/n.json && cmp store/b/n.json narrow.json'

printf 'id;name;when;score;tags;ok\n1;a;2024-01-01;1.5;[1,2];true\n2;"b;c";2024-01-02;2;[];false\n3;;2024-01-03;;["x"];true\n' >semi.csv
check "another delimiter" fits semi.csv 0 -d auto
check "is described" schema_is '{"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "when": {"type": "string", "format": "date"}, "score": {"type": "number"}, "tags": {"type": "array", "items": {"type": ["string", "integer"]}}, "ok": {"type": "boolean"}}, "required": ["id", "when", "tags", "ok"]}'
check "empty cells as null" fits semi.csv 0 -d ';' --empty null
check "are null" schema_is '{"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}, "when": {"type": "string", "format": "date"}, "score": {"type": ["number", "null"]}, "tags": {"type": "array", "items": {"type": ["string", "integer"]}}, "ok": {"type": "boolean"}}, "required": ["id", "name", "when", "score", "tags", "ok"]}'
HOW=--ranges check "empty cells as text" fits semi.csv 0 -d ';' --empty string
check "no header" fits semi.csv 0 -d ';' --no-header
check "a header that is given" fits semi.csv 0 -d ';' --skip-lines 1 --header 'a,b,"c,d",e,f,g'
check "a configuration" bash -c 'echo "{\"delimiter\":\";\",\"skip_lines\":1,\"header\":[\"a\",\"b\",\"c,d\",\"e\",\"f\",\"g\"]}" >c.json; "$WEIR" schema semi.csv --config c.json -q | cmp - inferred.json'
printf 'a|b # c\n# nothing\n'"'x|y'"'|yes\n'"'it\\\\'s'"'|no\n 5 |YES\n' >odd.csv
check "quote, escape, comment, words" fits odd.csv 0 -d '|' --quote "'" --escape "\\" --comment '#' --booleans any --trim
check "booleans are found" bash -c 'grep -q "\"b # c\": {\"type\": \"boolean\"}" inferred.json'
printf '\357\273\277a,a,,"x\ny",\377\r\n1,2,3,4,5\r\r\n\n,2,"",null,x\r1,1,1,1\n1,1,1,1,\377\n"1"2,1,1,1,1\n' >strange.csv
check "odd names, line ends, bytes" fits strange.csv 3
check "and what no schema helps is told" grep -qF 'strange.csv: 3 of 5 rows are left out: no schema makes them valid' told
check "and names that are none" grep -qF '1 columns are left out: their names are not valid UTF-8' told
printf 'a,b\n' >header.csv
check "a header alone" fits header.csv 0
check "says little" schema_is '{"type": "object", "properties": {"a": {}, "b": {}}}'
printf 'n\n1\n\n2\n' | python3 -c 'import sys; sys.stdout.buffer.write(sys.stdin.read().encode("utf-16"))' >wide.csv
check "UTF-16" fits wide.csv 0 --encoding auto
check "a mark of UTF-16 that was not told" status 3 "$WEIR" schema wide.csv
python3 - <<'PY'
import json, random
r = random.Random(3)
pool = [0, 1, -5, 1.5, 1e300, 10**30, "", "a", "b", "2024-01-01", "a@b.c", None, True, False, [], {}, [1, "x"], [[2.5]], [{"k": None}], {"k": 1}, {"k": {"k": ["x"]}}, {"": 0, "a/b~": 1}, "\x00\x7f\u2028"]
cell = lambda v: "" if v is None and r.random() < .5 else v if isinstance(v, str) else json.dumps(v)
import csv
for n in range(12):
    names = ["c%d" % i for i in range(8)]
    kinds = [r.sample(pool, r.choice([1, 1, 2, 2, 3, 8])) for _ in names]
    rows = [[r.choice(k) for k in kinds] for _ in range(r.choice([1, 3, 200]))]
    with open("r%d.csv" % n, "w", newline="") as f:
        w = csv.writer(f, delimiter=",;\t|"[n % 4], lineterminator=["\n", "\r\n", "\r"][n % 3])
        w.writerow(names)
        w.writerows([[cell(v) for v in row] for row in rows])
    with open("r%d.jsonl" % n, "w") as f:
        for row in rows:
            f.write(json.dumps({k: v for k, v in zip(names, row) if r.random() < .97}) + "\n")
        if n % 5 == 0:
            f.write("[1]\n\n7\n{bad\n")
PY
random_files() {
    local n
    for n in {0..11}; do
        fits "r$n.csv" 0 -d auto && HOW=--ranges fits "r$n.csv" 0 -d auto --empty null || return 1
        HOW="--enum 3" fits "r$n.csv" 0 -d auto --empty string --booleans any || return 1
        fits "r$n.jsonl" $((n % 5 == 0)) && HOW="--ranges --enum 3" fits "r$n.jsonl" $((n % 5 == 0)) || return 1
    done
}
check "files of any mixture, as CSV and as JSON Lines" random_files
: >empty.jsonl
check "no line at all" fits empty.jsonl 0

# A sample is the beginning.
{ echo n; seq 1 20000; echo x; } >late.csv
first() { status 0 "$WEIR" schema late.csv && says 'late.csv: only the first 10000 rows were looked at; --rows 0: all' && grep -q '"n": {"type": "integer"}' out; }
check "ten thousand rows are the sample" first
check "so many as are asked for" bash -c '"$WEIR" schema late.csv --rows 7 -q | grep -q "inferred from 7 rows"'
check "or all" bash -c '"$WEIR" schema late.csv --rows 0 2>err | grep -q "\"n\": {\"type\": \"string\"}" && [ ! -s err ]'
check "and no more is read than that" bash -c '{ echo n; yes 1; } | timeout 60 "$WEIR" schema - -q | grep -q "inferred from 10000 rows"'

# What fails leaves nothing.
printf 'a\n"x' >open.csv
: >empty.csv
rm -f inferred.json
check "a quote that is never closed is a 3 and names its line" bash -c '"$WEIR" schema open.csv -o inferred.json 2>err; [ $? -eq 3 ] && grep -q "line 2" err && [ ! -e inferred.json ]'
check "an empty input is a 3" status 3 "$WEIR" schema empty.csv -o inferred.json
check "no input is a 2" status 2 "$WEIR" schema gone.csv -o inferred.json
check "both forms at once are a 2" status 2 "$WEIR" schema semi.csv --check var.json
check "neither is a 2" status 2 "$WEIR" schema
check "an enum that is too large is a 2" status 2 "$WEIR" schema semi.csv --enum 65
check "the input is not replaced" status 2 "$WEIR" schema semi.csv -o ./semi.csv
check "nothing is left" gone inferred.json

# Wide, deep, ever new.
python3 - <<'PY'
with open("wide16384.csv", "w") as f:
    f.write(",".join("column %d" % i for i in range(16384)) + "\n" + ",".join("x%d" % i for i in range(16384)) + "\n")
with open("wide16385.csv", "w") as f:
    f.write(",".join("c" for i in range(16385)) + "\n")
with open("maps.jsonl", "w") as f:
    for row in range(500):
        f.write('{"id":%d,"map":{%s}}\n' % (row, ",".join('"k%d":{"v":[{"w":"%d"}]}' % (row * 1000 + i, i) for i in range(1000))))
with open("deep.jsonl", "w") as f:
    f.write('{"a":' * 100 + "1" + "}" * 100 + "\n" + "[" * 100 + "]" * 100 + "\n")
PY
check "as many columns as there can be" fits wide16384.csv 0
check "one more is an error" status 3 "$WEIR" schema wide16385.csv
check "half a million names" fits maps.jsonl 0
check "are no members" bash -c 'grep -q "\"map\": {\"type\": \"object\"}" inferred.json && [ "$(stat -c %s inferred.json)" -lt 500 ]'
check "what nests deep" fits deep.jsonl 0
if [ "$ASAN" = 1 ]; then skip "the memory that it takes" "a sanitized build"; finish; fi
memory() {
    python3 - <<'PY'
import os, resource, subprocess
for name in ("maps.jsonl", "wide16384.csv", os.environ["DATA"] + "/infer-var.csv"):
    subprocess.run([os.environ["WEIR"], "schema", name, "--rows", "0", "-q", "--enum", "64"], stdout=subprocess.DEVNULL, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print("peak", peak, "MiB")
assert peak < 64, peak
PY
}
check "all of it in less than 64 MiB" memory
finish
