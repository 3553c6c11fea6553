#!/bin/bash
# Is every row with a key that another had before found, and no other, of CSV and of JSON Lines, whatever the windows are? And when
# the memory for keys is used up, is that an error and nothing else?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

cat >s.json <<'JSON'
{"properties": {"id": {"type": ["integer", "string"]}, "code": {"type": "string"}, "o": {"type": "object"}, "b": {"type": ["null", "boolean"]}}}
JSON

# run STATUS IN FLAGS...: to out1, twice, with windows of one byte too
run() {
    local want=$1 in=$2
    shift 2
    status "$want" "$WEIR" validate "$in" -o out1 -s s.json "$@" || return 1
    cp out sums
    cp err err1
    WEIR_EDGE_BYTES=1 status "$want" "$WEIR" validate "$in" -o out2 -s s.json "$@" || return 1
    [ "$want" -gt 1 ] || cmp out1 out2
}
# has FILE TEXT: byte for byte, with %b escapes
has() { printf '%b' "$2" | cmp - "$1" || { cat "$1"; return 1; }; }
says() { grep -qF -- "$1" err1 || { echo "not told: $1"; head -n 5 err1; return 1; }; }

printf 'id,code\n1,a\n\n2,b\n1.0,"c\n"\nx,d\n2,a\n,e\n,f\nx,1\ny,1.0\n' >in.csv
check "a key that comes twice" run 1 in.csv --unique id
check "is told with the first place of it, numbers by value" has out1 'id,code,valid,errors
1,a,true,\n2,b,true,\n1.0,"c\n",false,id: must be unique: row 1 (line 2) has the same id
x,d,true,\n2,a,false,id: must be unique: row 2 (line 4) has the same id\n,e,true,\n,f,true,
x,1,false,id: must be unique: row 4 (line 7) has the same id\ny,1.0,true,\n'
check "texts are compared as texts" run 1 in.csv --unique code
check "and 1.0 is not 1" bash -c '! grep -q "^y,1.0,false" out1 && grep -q "^2,a,false,code: must be unique: row 1 (line 2) has the same code" out1'
check "several keys, each by itself" run 1 in.csv --unique code --unique id --unique id
check "are told of one row together" grep -qxF '2,a,false,code: must be unique: row 1 (line 2) has the same code; id: must be unique: row 2 (line 4) has the same id' out1
check "and counted" grep -q '"problems":4,"keywords":{"unique":4}' sums
check "libcsv tells the same places" bash -c '"$WEIR" validate in.csv -o out3 -s s.json --unique code --unique id --csv-engine libcsv -q >/dev/null; cmp out1 out3'
printf 'id,\n1,a\n2,a\n' >noname.csv
check "a column without a name" run 1 noname.csv --unique '""'
check "is called two quotes" grep -qF '2,a,false,"column 2: must be unique: row 1 (line 2) has the same """""' out1
printf 'code,id,"a,b"\nA,1,x\nA,2,x\nB,1,x\nA,1.0,y\nA,1,\nA,,x\nA,1e0,x\n' >two.csv
check "columns together" run 1 two.csv --unique code,id
check "are a key together" has out1 'code,id,"a,b",valid,errors
A,1,x,true,\nA,2,x,true,\nB,1,x,true,\nA,1.0,y,false,"row: must be unique: row 1 (line 2) has the same code, id"
A,1,,false,"row: must be unique: row 1 (line 2) has the same code, id"\nA,,x,true,
A,1e0,x,false,"row: must be unique: row 1 (line 2) has the same code, id"\n'
check "a name with a comma" run 1 two.csv --unique '"a,b",code,id'
check "and a row that lacks one of them is not compared" has out1 'code,id,"a,b",valid,errors
A,1,x,true,\nA,2,x,true,\nB,1,x,true,\nA,1.0,y,true,\nA,1,,true,\nA,,x,true,
A,1e0,x,false,"row: must be unique: row 1 (line 2) has the same a,b, code, id"\n'
printf '{"unique":["code",["a,b","id"]]}' >c.json
check "a configuration" run 1 two.csv --config c.json
check "says it as arrays and names" bash -c '"$WEIR" validate two.csv -o out3 -s s.json --unique code --unique "\"a,b\",id" -q >/dev/null; cmp out1 out3'
check "flags go before it" bash -c '"$WEIR" validate two.csv -o out4 -s s.json --config c.json --unique id -q >/dev/null; "$WEIR" validate two.csv -o out5 -s s.json --unique id -q >/dev/null; cmp out4 out5'
check "an empty cell may be a text" run 1 in.csv --unique id --empty string
check "and then is compared" grep -qF ',f,false,id: must be unique: row 6 (line 9) has the same id' out1
printf 'o,b\n"{""a"":1,""b"":2}",null\n"{""b"":2.0, ""a"":1}",null\n"{",true\n"{",TRUE\n"{}",true\nshort\n' >cells.csv
check "cells of JSON by value, null is none" run 1 cells.csv --unique o --unique b --booleans any
check "and what is no JSON as text" has out1 'o,b,valid,errors
"{""a"":1,""b"":2}",null,true,\n"{""b"":2.0, ""a"":1}",null,false,o: must be unique: row 1 (line 2) has the same o
{,true,false,o: must be JSON: the text ends too early at byte 2
{,TRUE,false,o: must be JSON: the text ends too early at byte 2; o: must be unique: row 3 (line 4) has the same o; b: must be unique: row 3 (line 4) has the same b
{},true,false,b: must be unique: row 3 (line 4) has the same b\nshort,,false,"row: 1 field, the header has 2; o: must be JSON: a value is expected at byte 1"\n'
check "a report" run 1 in.csv --unique id --unique id,code --output report
check "has the keyword and both places" has out1 'row,line,byte,column,pointer,keyword,message
3,5,17,id,,unique,must be unique: row 1 (line 2) has the same id
5,8,30,id,,unique,must be unique: row 2 (line 4) has the same id
8,11,40,id,,unique,must be unique: row 4 (line 7) has the same id\n'
check "split" run 1 in.csv --unique id --output split --invalid bad.csv
check "the first of them is valid" has out1 'id,code\n1,a\n2,b\nx,d\n,e\n,f\ny,1.0\n'
check "no header" run 1 in.csv --unique column_2 --no-header
check "a summary by column" bash -c '"$WEIR" validate in.csv -o a.csv -s s.json --unique id --summary sum.json -q >/dev/null; grep -q "\"columns\":\[{\"name\":\"id\",\"problems\":3}\]" sum.json'

printf '{"id":1,"o":{"a":[1,2]}}\n{"id":"1"}\n\n{"o":{"a":[1.0,2e0]},"id":1.0}\n[1]\n[1]\n{bad\n{bad\n{"id":null}\n{"id":null}\n{"\\u0069d":"1"}\n{"a/b":1}\n{"a/b":1}\n' >in.jsonl
check "JSON Lines" run 1 in.jsonl --unique id --unique o,id --unique a/b
check "by property, by value" bash -c 'python3 - <<PY
import json
rows = [json.loads(l) for l in open("out1")]
got = [(i, [(e["pointer"], e["message"]) for e in r["errors"] if e["keyword"] == "unique"]) for i, r in enumerate(rows, 1)]
want = {3: [("/id", "must be unique: row 1 (line 1) has the same id"), ("", "must be unique: row 1 (line 1) has the same o, id")],
        10: [("/id", "must be unique: row 2 (line 2) has the same id")],
        12: [("/a~1b", "must be unique: row 11 (line 12) has the same a/b")]}
assert got == [(i, want.get(i, [])) for i in range(1, 13)], got
PY'

# What fails, fails as a whole.
rm -f out1 out2 bad.csv
check "a column that is not there" run 2 in.csv --unique idd
check "is named" says 'validate: unique: the header has no column "idd"'
check "names that are none" run 2 in.csv --unique '"id'
check "a size that is none" run 2 in.csv --unique id --unique-memory 12
check "memory that is used up" bash -c '{ echo id; seq 1 1000; } >many.csv; "$WEIR" validate many.csv -o out1 -s s.json --unique id --unique-memory 4KiB >out 2>err1; [ $? -eq 3 ]'
check "names the row and the setting" grep -qE '^weir: validate: row [0-9]+: unique: the memory for keys is used up: [0-9]+ of them take the 4096 bytes of unique_memory$' err1
cp err1 err0
check "is at the same row again" bash -c '"$WEIR" validate many.csv -o out1 -s s.json --unique id --unique-memory 4KiB 2>err1; [ $? -eq 3 ] && cmp err0 err1'
check "and with split" run 3 many.csv --unique id --unique-memory 4KiB --output split --invalid bad.csv --summary sum2.json
check "nothing is left of it" gone out1 out2 bad.csv sum2.json
check "more memory is enough" run 0 many.csv --unique id --unique-memory 100KiB
python3 -c 'print("id\n" + "x" * 1100000)' >long.csv
rm -f out1
check "a key that is too long" bash -c '"$WEIR" validate long.csv -o out1 -s s.json --unique id 2>err1; [ $? -eq 3 ] && grep -q "row 1: unique: id: a key of more than 1048576 bytes" err1 && [ ! -e out1 ]'

# Against a reference that knows no blocks: quoted line ends, every kind of line end, keys that come up to a thousand times.
cat >reference.py <<'PY'
import csv, json, random, sys
from decimal import Decimal
r = random.Random(10)
rows, text, line = [], ["id,word,n\n"], 2
for i in range(60000):
    cells = ["" if r.random() < .05 else str(r.choice([r.randrange(200000), "k%d" % r.randrange(200000), "%d.0" % r.randrange(200000)])),
             r.choice(["a", "b", "a b", "", "x\ny", 'q"', "\r\n"]) + "z" * r.randrange(3), str(r.randrange(300))]
    raw = ",".join('"%s"' % c.replace('"', '""') if any(x in c for x in ',"\n\r') or r.random() < .1 else c for c in cells) + r.choice(["\n", "\r\n", "\n\n"])
    text.append(raw)
    rows.append((cells, line))
    line += raw.count("\n")
open("big.csv", "w", newline="").write("".join(text))
with open("big.jsonl", "w") as f:
    for cells, _ in rows:
        f.write(json.dumps({k: v for k, v in zip(("id", "word", "n"), cells) if v}) + "\n")


def value(column, cell, typed):
    if column == 0 and typed and cell.replace(".", "", 1).isdigit():
        return Decimal(cell)
    return cell


for name, typed, json_lines in (("want.csv", True, False), ("want.jsonl", False, True)):
    seen, out = {}, []
    for i, (cells, at) in enumerate(rows, 1):
        at = i if json_lines else at
        for key, columns in enumerate(((0,), (1, 2))):
            if any(not cells[c] for c in columns):
                continue
            k = (key, tuple((type(v := value(c, cells[c], typed)).__name__, v) for c in columns))
            if k in seen:
                out.append("%d %d %s" % (i, at, "must be unique: row %d (line %d) has the same %s" % (*seen[k], ["id", "word, n"][key])))
            else:
                seen[k] = (i, at)
    open(name, "w").write("\n".join(out) + "\n")
PY
python3 reference.py
told() { # IN WANT FLAGS...
    local in=$1 want=$2
    shift 2
    status 1 "$WEIR" validate "$in" -o told.jsonl -s s.json --unique id --unique word,n --output report "$@" -q || return 1
    python3 -c 'import json
for l in open("told.jsonl"):
    p = json.loads(l)
    print(p["row"], p["line"], p["message"])' >told || return 1
    cmp told "$want"
}
check "60,000 rows as the reference has them" told big.csv want.csv --report ndjson
check "and as JSON Lines" told big.jsonl want.jsonl
"$WEIR" validate big.csv -o big1.csv -s s.json --unique id --unique word,n -q >/dev/null
check "annotated and reported alike" bash -c '[ "$(python3 -c "import csv, sys; csv.field_size_limit(1 << 24); print(sum(r[-1].count(\"must be unique\") for r in csv.reader(open(\"big1.csv\", newline=\"\"))))")" = "$(wc -l <want.csv)" ]'

# A million keys and the memory that they take.
if [ "$ASAN" = 1 ]; then skip "a million keys" "a sanitized build"; finish; fi
python3 -c '
import sys
n = 1000000
sys.stdout.write("id\n" + "".join("%08x-0000-4000-8000-%012x\n" % (i * 2654435761 % (1 << 32), i) for i in range(n)))' >uuids.csv
million() {
    python3 - <<'PY'
import os, resource, subprocess
rc = subprocess.run([os.environ["WEIR"], "validate", "uuids.csv", "-o", "uuids.out", "-s", "s.json", "--unique", "id", "-q"], stdout=subprocess.DEVNULL).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print("exit", rc, "peak", peak, "MiB")
assert rc == 0 and peak < 64, peak
PY
}
check "a million UUIDs fit the default, in less than 64 MiB in all" million

# The function, by its settings, and what its smallest has room for.
export AWS_ENDPOINT_URL_S3=file://$T/store
mkdir -p store/b/uploads
cp s.json store/b/s.json
{ cat uuids.csv; tail -n 1 uuids.csv; } >store/b/uploads/u.csv
check "a function of 128 MB" invoke u "m1=s3://b/uploads/u.csv" -- --env WEIR_SCHEMA=s3://b/s.json --env 'WEIR_OPTIONS={"unique":["id"]}'
check "does it" expect_failures u ""
check "for a million and one" bash -c '[ "$(gzip -dc store/b/validations/u.csv.gz | grep -c ",true,$")" -eq 1000000 ] &&
    gzip -dc store/b/validations/u.csv.gz | tail -n 1 | grep -q "false,id: must be unique: row 1000000 (line 1000001) has the same id$"'
used=$(report u "Max Memory Used")
check "with room to spare: $used MB" test "${used%.*}" -lt 110
check "and fails when it cannot" invoke v "m1=s3://b/uploads/u.csv" -- --env WEIR_SCHEMA=s3://b/s.json --env 'WEIR_OPTIONS={"unique":"id","unique_memory":"1MiB"}' --env 'WEIR_OUTPUT_KEY=v/{stem}.csv'
check "the message that asked for it" expect_failures v m1
check "with its reason" grep -q 'row [0-9]*: unique: the memory for keys is used up' v.log
check "and no output" gone store/b/v
finish
