#!/bin/bash
# Does the function do with each object what its rule says: the file of handlers/validate/README.md, as it stands there, with
# rules, schemas and objects in a folder, behind weir invoke and weir local; and with metadata and schemas on S3?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
export SCRIPT MEMORY=128
[ $ASAN -eq 0 ] || MEMORY=10240

# ---- the example ----

store=$T/store
b=$store/bkt
mkdir -p "$b/uploads/"{scratch,orders,events,partners} "$store/example-conf/schemas" conf/schemas
export AWS_ENDPOINT_URL_S3=file://$store
sed -n '/^## Rules/,/^## /p' "$ROOT/handlers/validate/README.md" | sed -n '/^```json/,/^```$/p' | sed '/^```/d' >conf/rules.json
check "the README has an example" python3 -c 'import json; assert len(json.load(open("conf/rules.json"))) == 5'
echo '{"required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"maxLength": 5}}}' >conf/schemas/orders.json
echo '{"required": ["at"], "properties": {"at": {"format": "date"}}}' >"$store/example-conf/schemas/event.json"
echo '{"properties": {"price": {"type": "number"}}}' >conf/schemas/prices.json
echo '{"properties": {"count": {"type": "integer"}}}' >conf/schemas/stock.json
echo '{"properties": {"eventId": {"pattern": "^E"}}}' >conf/events.schema.json
printf 'id;name\n1;M\374ller\n2;=A1\nx;b\n' >"$b/uploads/orders/a.csv"
printf '{"at":"2026-01-01"}\n{"at":"2026-13-01"}\n{}\n' >"$b/uploads/events/e.jsonl"
printf 'price\n1.5\nabc\n' | tee "$b/uploads/partners/p.csv" >"$b/uploads/scratch/s.csv"
printf 'eventId\nE1\nF1\n' >"$b/uploads/x.csv"
has() { printf '%b' "$2" | cmp - "$1" || { cat "$1"; return 1; }; }
rules=(-- --env "WEIR_RULES=$T/conf/rules.json")

batch() { invoke "$1" "m1=s3://bkt/uploads/scratch/s.csv" "m2=s3://bkt/uploads/orders/a.csv" "m3=s3://bkt/uploads/events/e.jsonl" \
    "m4=s3://bkt/uploads/partners/p.csv" "m5=s3://bkt/uploads/x.csv" "${rules[@]}"; }
check "a batch by the rules" batch example
check "fails only where an object names no schema" expect_failures example m4
check "whose reason is told" grep -q 'm4 failed.*WEIR_RULES: /3: the object names no schema (x-amz-meta-weir-schema)' example.log
check "orders: the valid rows, in their dialect" bash -c 'gzip -dc "$0" >got' "$b/validations/orders/a.csv.gz"
check "orders: as they were, in UTF-8, and no formulas" has got 'id;name\n'"2;'=A1"'\n'
check "orders: the others, with their errors" has "$b/invalid/orders/a.csv" 'id;name;errors\n1;Müller;name: must have at most 5 characters\nx;b;id: must be an integer\n'
check "orders: the summary" python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); assert (s["rows"], s["invalid"], s["keywords"]) == (3, 2, {"maxLength": 1, "type": 1}), s' "$b/summaries/orders/a.json"
check "events: a report in JSON Lines, by a schema on S3" python3 -c 'import json, sys
r = [json.loads(l) for l in open(sys.argv[1])]
assert [(x["row"], x["pointer"], x["keyword"]) for x in r] == [(2, "/at", "format"), (3, "/at", "required")], r' "$b/problems/events/e.ndjson"
check "all else: the last rule" bash -c '[ "$(gzip -dc "$0" | sed -n 3p | cut -d , -f 1,2)" = "F1,false" ]' "$b/validations/x.csv.gz"
check "ignored: done, with a line" grep -q 'uploads/scratch/s.csv: skipped: the rule /0 ignores it' example.log
check "and nothing else is there" only "$b" uploads/scratch/s.csv uploads/orders/a.csv uploads/events/e.jsonl uploads/partners/p.csv uploads/x.csv \
    validations/orders/a.csv.gz invalid/orders/a.csv summaries/orders/a.json problems/events/e.ndjson validations/x.csv.gz

if python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.weir-schema", b"prices")' "$b/uploads/partners/p.csv" 2>/dev/null; then
    check "partners: the file's attribute names the schema" batch named
    check "and the object is done" expect_failures named ""
    check "by that schema" bash -c '[ "$(gzip -dc "$0" | sed -n 3p)" = "abc,false,price: must be a number" ]' "$b/validations/partners/p.csv.gz"
else
    skip "partners: the file's attribute names the schema" "this file system has no attributes"
fi

# ---- rules on S3, mistakes ----

mkdir "$store/conf"
cp -r conf/. "$store/conf/"
rm -rf "$b/validations"
invoke on-s3 "m1=s3://bkt/uploads/x.csv" -- --env WEIR_RULES=s3://conf/rules.json
check "a file of rules on S3, and schemas beside it" expect_failures on-s3 ""
check "it works as the other" test -s "$b/validations/x.csv.gz"
echo '[{"prefix": "in/", "schema": "conf/events.schema.json"}]' >small.json
invoke none "m1=s3://bkt/uploads/x.csv" -- --env WEIR_RULES=small.json
check "a key that no rule takes is a failure" expect_failures none m1
check "which says so" grep -q 'WEIR_RULES: no rule takes the key' none.log
echo '[{"prefix": "in/", "schema": "conf/events.schema.json", "output_kye": "x"}]' >mistake.json
# bad NAME=VALUE... TEXT: an init error of one line with that text
bad() {
    local env=() want=${!#}
    while [ $# -gt 1 ]; do env+=(--env "$1"); shift; done
    invoke bad "m1=s3://bkt/uploads/x.csv" -- "${env[@]}" && return 1
    grep -qF -- "$want" bad.log || { cat bad.log; return 1; }
}
check "a mistake is an init error with its pointer" bad WEIR_RULES=mistake.json 'WEIR_RULES: mistake.json: /0/output_kye: no such member of a rule'
rm "$store/conf/schemas/stock.json"
check "a schema that is not there, too" bad WEIR_RULES=s3://conf/rules.json 'WEIR_RULES: /3/schemas/stock: '
check "an output under an input's prefix, too" bad 'WEIR_SUMMARY_KEY=uploads/{stem}.json' 'WEIR_SUMMARY_KEY begins with WEIR_INPUT_PREFIX (uploads/)'
printf 'name\na\n' >"$b/uploads/orders/lacks.csv"
lacks() { invoke lacks "m1=s3://bkt/uploads/orders/lacks.csv" -- --env WEIR_SCHEMA=conf/schemas/orders.json; grep -q 'WARN .*validate s3://bkt/uploads/orders/lacks.csv: the header lacks 1 column.*: id' lacks.log; }
check "the log tells of columns that are not there" lacks
printf 'ID;name\n1;a\n' >"$b/uploads/orders/strange.csv"
strange() { invoke strange "m1=s3://bkt/uploads/orders/strange.csv" -- --env WEIR_SCHEMA=conf/schemas/orders.json; grep -q 'WARN .*validate s3://bkt/uploads/orders/strange.csv: the header has no column that the schema names; is the delimiter right' strange.log; }
check "... and that none is one of the schema's" strange
check "options by the environment" invoke options "m1=s3://bkt/uploads/orders/a.csv" -- --env WEIR_SCHEMA=conf/schemas/orders.json \
    --env 'WEIR_OPTIONS={"delimiter":";","encoding":"latin-1","output":"report"}' --env 'WEIR_OUTPUT_KEY=reports/{stem}.{ext}'
check "are those of weir validate" bash -c '"$WEIR" validate "$0/uploads/orders/a.csv" -o want.csv -s conf/schemas/orders.json -d ";" --encoding latin-1 --output report -q >/dev/null
    cmp want.csv "$0/reports/orders/a.csv"' "$b"

# ---- weir local ----

mkdir -p local/weir/uploads/orders
cp "$b/uploads/orders/a.csv" local/weir/uploads/orders/
cp "$b/uploads/x.csv" local/weir/uploads/
mkdir -p local/example-conf/schemas
cp "$store/example-conf/schemas/event.json" local/example-conf/schemas/
"$WEIR" local --root "$T/local" --listen 127.0.0.1:0 --memory $((ASAN ? 0 : 128)) --env "WEIR_RULES=$T/conf/rules.json" 2>local.log </dev/null &
pid=$!
check "weir local starts" until_true 30 grep -q 'http://127' local.log
check "weir local: an object by its rule" until_true 30 test -s local/weir/invalid/orders/a.csv -a -s local/weir/summaries/orders/a.json -a -s local/weir/validations/orders/a.csv.gz
check "weir local: and another by another" until_true 30 test -s local/weir/validations/x.csv.gz
url=$(sed -n 's|.*\(http://127.0.0.1:[0-9]*\)/.*|\1|p' local.log | head -n 1)
listed() { curl -sS --max-time 60 "$url/status.json" | python3 -c 'import json, sys
v = {x["key"]: (x["output"], x["state"]) for x in json.load(sys.stdin)["validated"]}
assert v == {"uploads/orders/a.csv": ("validations/orders/a.csv.gz", "unknown"), "uploads/x.csv": ("validations/x.csv.gz", "counted")}, v'; }
check "weir local: the page knows where their outputs are" until_true 30 listed
kill "$pid" && wait "$pid"

# ---- metadata, and schemas that change, on S3 ----

unset AWS_ENDPOINT_URL_S3
timeout -k 10 900 python3 "$INTEG/rules_s3.py" $MEMORY || FAILED=1
finish
