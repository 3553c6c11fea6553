#!/bin/bash
# Are rows split, and problems reported and counted, as docs/CSV.md says, of CSV and of JSON Lines, whatever the window sizes?
# And do several outputs appear together, or none of them?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

cat >s.json <<'JSON'
{"required": ["id", "email"], "properties": {"id": {"type": "integer"}, "email": {"format": "email"},
  "o": {"type": "object", "properties": {"a": {"type": "number"}}}}}
JSON
printf 'id,email\n1,a@b.c\nx,a@b.c\n\n2,\n3,a@b.c,zz\n"4"q,a@b.c\n' >in.csv
printf '{"id":1,"email":"a@b.c"}\n{"id":"x","o":{"a":"q"}}\r\n\n{bad\n[1]\n{"id":2,"email":"q@r.s"}' >in.jsonl

# run STATUS IN FLAGS...: to out, twice, with windows of one byte too
run() {
    local want=$1 in=$2
    shift 2
    status "$want" "$WEIR" validate "$in" -o out1 -s s.json "$@" || return 1
    cp err err1
    WEIR_EDGE_BYTES=1 status "$want" "$WEIR" validate "$in" -o out2 -s s.json "$@" || return 1
    [ "$want" -gt 1 ] || cmp out1 out2
}
# has FILE TEXT: byte for byte, with %b escapes
has() { printf '%b' "$2" | cmp - "$1" || { cat "$1"; return 1; }; }

check "split: the valid rows are as they were" run 1 in.csv --output split --invalid bad.csv
check "and only they" has out1 'id,email\n1,a@b.c\n'
check "the others have their errors" has bad.csv 'id,email,errors\nx,a@b.c,id: must be an integer\n2,,email: required\n3,a@b.c,"row: 3 fields, the header has 2: zz"\n"""4""q",a@b.c,row: text after the closing quote of field 1; id: must be an integer\n'
check "the invalid rows alone are on stdout" bash -c '"$WEIR" validate in.csv -o x.csv -s s.json --output split --invalid - >out3 2>err
    [ $? -eq 1 ] && cmp out3 bad.csv && grep -q "^{\"rows\":5," err; rc=$?; rm -f x.csv; exit $rc'
check "split, compressed" bash -c '"$WEIR" validate in.csv -o ok.csv.gz -s s.json --output split --invalid bad.csv.gz -q >/dev/null; [ $? -eq 1 ] &&
    [ "$(gunzip -c ok.csv.gz)" = "$(cat out1)" ] && [ "$(gunzip -c bad.csv.gz)" = "$(cat bad.csv)" ]'
check "split needs two places" status 2 "$WEIR" validate in.csv -o x.csv -s s.json --output split
check "and the output is not made" gone x.csv
check "two outputs are not one file" status 2 "$WEIR" validate in.csv -o out1 -s s.json --output split --invalid ./out1
check "nor one that is not there yet" status 2 "$WEIR" validate in.csv -o x.csv -s s.json --output split --invalid x.csv
check "a place for the invalid rows where they stay" status 2 "$WEIR" validate in.csv -o x.csv -s s.json --invalid y.csv

check "a report" run 1 in.csv --output report
check "has the place of each problem" has out1 'row,line,byte,column,pointer,keyword,message\n2,3,17,id,,type,must be an integer\n3,5,26,email,,required,required\n4,6,29,,,fields,"3 fields, the header has 2"\n5,7,40,,,quote,text after the closing quote of field 1\n5,7,40,id,,type,must be an integer\n'
check "a report in JSON Lines" run 1 in.csv --output report --report ndjson
"$WEIR" validate in.csv -o report.csv -s s.json --output report -q >/dev/null
check "JSON and CSV say the same" python3 -c '
import csv, json
a = [{k: "" if v is None else str(v) for k, v in json.loads(l).items()} for l in open("out1")]
assert a == list(csv.DictReader(open("report.csv"))), a'

check "JSON Lines" run 1 in.jsonl --input ndjson
check "each with its errors" has out1 '{"valid":true,"errors":[],"row":{"id":1,"email":"a@b.c"}}\n{"valid":false,"errors":[{"pointer":"/id","keyword":"type","message":"must be an integer"},{"pointer":"/o/a","keyword":"type","message":"must be a number"},{"pointer":"/email","keyword":"required","message":"required"}],"row":{"id":"x","o":{"a":"q"}}}\n{"valid":false,"errors":[{"pointer":"","keyword":"json","message":"must be JSON: a name in quotes is expected at byte 2"}],"row":"{bad"}\n{"valid":true,"errors":[],"row":[1]}\n{"valid":true,"errors":[],"row":{"id":2,"email":"q@r.s"}}\n'
check "by its name" bash -c '"$WEIR" validate in.jsonl -o out3 -s s.json -q >/dev/null; cmp out1 out3'
check "JSON Lines, split" run 1 in.jsonl --output split --invalid bad.jsonl
check "the valid lines are as they were" has out1 '{"id":1,"email":"a@b.c"}\n[1]\n{"id":2,"email":"q@r.s"}\n'
check "the others are in objects" same "$(wc -l <bad.jsonl)" 2
check "JSON Lines, reported" run 1 in.jsonl --output report
check "with whole pointers" bash -c 'grep -q "{\"row\":2,\"line\":2,\"byte\":25,\"column\":null,\"pointer\":\"/o/a\",\"keyword\":\"type\"" out1 && [ "$(wc -l <out1)" -eq 4 ]'
printf '{"":{"a":1}}\n' >noname.jsonl
echo '{"properties": {"": {"properties": {"a": {"type": "string"}}}}}' >noname.json
check "also where a name is empty" bash -c '"$WEIR" validate noname.jsonl -o out1 -s noname.json --output report -q >/dev/null
    [ $? -eq 1 ] && grep -q "\"pointer\":\"//a\"" out1'
check "and told to people" bash -c '"$WEIR" validate noname.jsonl -o out1 -s noname.json --fail-fast 1 2>err; [ $? -eq 3 ] && grep -qF "\"\"/a: must be a string" err'
: >empty.jsonl
check "no line is no row" run 0 empty.jsonl
check "and no fault" has out1 ''

check "the summary counts by column and keyword" bash -c '"$WEIR" validate in.csv -o a.csv -s s.json --summary sum.json -q >/dev/null; python3 -c "
import json
s = json.load(open(\"sum.json\"))
assert (s[\"rows\"], s[\"valid\"], s[\"invalid\"], s[\"blank\"], s[\"problems\"]) == (5, 1, 4, 1, 5), s
assert s[\"keywords\"] == {\"fields\": 1, \"quote\": 1, \"required\": 1, \"type\": 2}, s
assert {c[\"name\"]: c[\"problems\"] for c in s[\"columns\"]} == {\"id\": 2, \"email\": 1, \"row\": 2}, s
import os; assert s[\"bytes_out\"] == os.path.getsize(\"a.csv\"), s"'
check "and is alone on stdout" bash -c '"$WEIR" validate in.csv -o a.csv -s s.json --summary - >out 2>err
    [ $? -eq 1 ] && [ "$(wc -l <out)" -eq 1 ] && grep -q "\"columns\":" out && ! grep -q "\"columns\":" err && grep -q "^{\"rows\":5," err'
check "what is not described is counted" run 1 in.csv --max-errors 1
check "and no cell is lost" has out1 'id,email,valid,errors\n1,a@b.c,true,\nx,a@b.c,false,id: must be an integer\n2,,false,"1 problem, not described"\n3,a@b.c,false,"row: 3 fields, the header has 2: zz"\n"""4""q",a@b.c,false,row: text after the closing quote of field 1; and 1 more\n'
check "a report is no longer than it may be" bash -c '"$WEIR" validate in.csv -o a.csv -s s.json --output report --max-errors 2 -q >out; [ "$(wc -l <a.csv)" -eq 3 ] && grep -q "\"problems\":5,.*\"described\":2" out'
rm -f out1 out2 bad.csv sum.json
check "fail_fast fails as a whole" run 3 in.csv --fail-fast 2 --output split --invalid bad.csv --summary sum.json
check "and names the row, its line and its first problem" grep -qF 'row 3: in line 5: email: required (fail_fast: 2)' err1
check "strict fails as a whole" run 3 in.csv --strict --output split --invalid bad.csv --summary sum.json
check "and names the line" grep -q 'row 4: in line 6: 3 fields, the header has 2' err1
check "strict, of JSON" run 3 in.jsonl --strict --summary sum.json
printf 'id,email\n1,a@b.c\n2,"' >broken.csv
check "a broken input" run 3 broken.csv --output split --invalid bad.csv --summary sum.json
check "and none of the outputs is there" gone out1 out2 bad.csv sum.json
check "formulas are not" bash -c 'printf "id,email\n=1,a@b.c\n-5,a@b.c\n" >f.csv; "$WEIR" validate f.csv -o a.csv -s s.json --escape-formulas -q >/dev/null; grep -q "^.=1,a@b.c,false" a.csv && grep -q "^-5,a@b.c,true" a.csv'
check "two outputs are two" bash -c 'for c in "--output split --invalid ./x.csv -o x.csv" "-o - --output split --invalid -" "-o - --summary -" "-o y --summary $PWD/y"; do "$WEIR" validate in.csv $c -s s.json -q >/dev/null 2>err; [ $? -eq 2 ] && grep -q "the same place as -o" err || exit 1; done'
check "and neither of them is made" gone x.csv y
finish
