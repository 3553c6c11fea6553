#!/bin/bash
# Are CSV's odd corners read and written as the contract says, whatever the window sizes?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

echo '{}' >any.json
cat >types.json <<'JSON'
{"type": "object", "required": ["email"], "properties": {
  "int": {"type": "integer", "maximum": 9007199254740992}, "num": {"type": "number"}, "bool": {"type": "boolean"},
  "obj": {"type": "object", "properties": {"totalAmount": {"type": "number"}}, "additionalProperties": false},
  "arr": {"type": "array", "items": {"type": "string"}}, "pat": {"pattern": "b"}, "email": {"format": "email"}}}
JSON

# run SCHEMA INPUT: both texts with %b escapes; leaves got, got.err, and the exit status in RC; fails when windows matter
run() {
    printf '%b' "$2" >in.csv
    timeout 60 "$WEIR" validate in.csv -o got -s "$1" >got.out 2>got.err </dev/null
    RC=$?
    WEIR_EDGE_BYTES=1 timeout 60 "$WEIR" validate - -o - -s "$1" <in.csv >got1 2>got1.err
    local rc1=$?
    [ $RC -eq $rc1 ] || { echo "exit $RC, with windows of one byte $rc1: $(cat got.err got1.err)"; return 1; }
    [ $RC -gt 1 ] || cmp got got1
}

# csv NAME INPUT OUTPUT [SCHEMA]: the output, byte for byte
csv() {
    if ! out=$(run "${4:-any.json}" "$2" 2>&1); then not_ok "$1: $out"; return; fi
    printf '%b' "$3" >want
    if cmp -s got want; then ok "$1"; else not_ok "$1: $(cat got.err; diff <(cat -A want) <(cat -A got))"; fi
}

# csv_like NAME INPUT PATTERN [SCHEMA]: a line of the output matches
csv_like() {
    if ! out=$(run "${4:-any.json}" "$2" 2>&1); then not_ok "$1: $out"; return; fi
    if grep -aqE -- "$3" got; then ok "$1"; else not_ok "$1: no line like $3 in: $(cat -A got got.err)"; fi
}

h='a,b,valid,errors\n'
csv "one row" 'a,b\n1,2\n' "${h}1,2,true,\n"
csv "no newline at the end" 'a,b\n1,2' "${h}1,2,true,\n"
csv "CRLF" 'a,b\r\n1,2\r\n3,4\r\n' "${h}1,2,true,\n3,4,true,\n"
csv "CR" 'a,b\r1,2\r3,4\r' "${h}1,2,true,\n3,4,true,\n"
csv "all kinds of line end in one file" 'a,b\r\n1,2\n3,4\r5,6' "${h}1,2,true,\n3,4,true,\n5,6,true,\n"
csv "a comma in quotes" 'a,b\n"1,x",2\n' "${h}\"1,x\",2,true,\n"
csv "a line feed in quotes" 'a,b\n"1\nx",2\n' "${h}\"1\nx\",2,true,\n"
csv "CRLF in quotes is kept" 'a,b\n"1\r\nx",2\n' "${h}\"1\r\nx\",2,true,\n"
csv "CR in quotes is kept" 'a,b\n"1\rx",2\n' "${h}\"1\rx\",2,true,\n"
csv "doubled quotes" 'a,b\n"say ""hi""",""""\n' "${h}\"say \"\"hi\"\"\",\"\"\"\",true,\n"
csv "quotes that are not needed go" '"a","b"\n"1","2"\n' "${h}1,2,true,\n"
csv "empty cells" 'a,b\n,\n' "${h},,true,\n"
csv "quoted empty cells" 'a,b\n"",""\n' "${h},,true,\n"
csv "a quoted empty cell alone is a row" 'a\n""\n' 'a,valid,errors\n,true,\n'
csv "nothing is trimmed" 'a,b\n 1 ,\t2\t\n' "${h} 1 ,\t2\t,true,\n"
csv "blanks around quotes are text" 'a,b\n1, "2"\n' "${h}1,\" \"\"2\"\"\",true,\n"
csv "a quote inside a cell is text" 'a,b\n1"x,2\n' "${h}\"1\"\"x\",2,true,\n"
csv "JSON in a cell" 'a,b\n"{""k"": [1, 2]}",2\n' "${h}\"{\"\"k\"\": [1, 2]}\",2,true,\n"
csv "UTF-8" 'a,b\nʤ,日本\n' "${h}ʤ,日本,true,\n"
csv "a BOM at the start is dropped" '\xef\xbb\xbfa,b\n1,2\n' "${h}1,2,true,\n"
csv "a BOM before a quoted header" '\xef\xbb\xbf"a",b\n1,2\n' "${h}1,2,true,\n"
csv "a BOM elsewhere is text" 'a,b\n\xef\xbb\xbf1,2\n' "${h}\xef\xbb\xbf1,2,true,\n"
csv "blank lines are no rows" '\n\na,b\n\n1,2\n\r\n\n3,4\n\n' "${h}1,2,true,\n3,4,true,\n"
check "and are counted" bash -c 'grep -qE "\"blank\": *[0-9]*[1-9]" got.out'
csv "a header alone" 'a,b\n' "$h"
csv "a header alone, without a newline" 'a,b' "$h"
csv "a column named valid" 'valid,b\nx,2\n' 'valid,b,valid_2,errors_2\nx,2,true,\n'
csv "columns named valid and errors" 'valid,errors\nx,y\n' 'valid,errors,valid_2,errors_2\nx,y,true,\n'
csv "headers like numbers keep their order" '2,1,__proto__\nx,y,z\n' '2,1,__proto__,valid,errors\nx,y,z,true,\n'
csv "headers twice" 'a,a\n1,2\n' 'a,a,valid,errors\n1,2,true,\n'
csv "a header with a comma" '"a,b",c\n1,2\n' '"a,b",c,valid,errors\n1,2,true,\n'

csv_like "a long row: its surplus moves into the message" 'a,b\n1,2,xyz\n' '^1,2,false,"row: 3 fields, the header has 2.*xyz'
csv_like "a short row is padded" 'a,b,c\n1,2\n' '^1,2,,false,"row: 2 fields, the header has 3"$'
csv_like "a line of blanks is a row" 'a,b\n  \n' '^  ,,false,"row: 1 fields?, the header has 2"$'
csv_like "text after a closing quote" 'a,b\n"x"y,2\n' '^"""x""y",2,false,.*row: text after the closing quote of field 1'
csv_like "and the rows around it stand" 'a,b\n1,2\n"x" ,2\n3,4\n' '^3,4,true,$'
csv_like "bytes that are not UTF-8 are passed on" 'a,b\n\xff\xfe,2\n' '^'$'\xff\xfe'',2,false,a: .*UTF-8'

t='int,num,bool,obj,arr,pat,email\n'
csv "empty cells are absent" "${t},,,,,,a@b.example\n" "int,num,bool,obj,arr,pat,email,valid,errors\n,,,,,,a@b.example,true,\n" types.json
csv_like "an empty cell does not meet required" "${t}1,,,,,,\n" '^1,,,,,,,false,email: required$' types.json
for n in 1 -1 0 1.0 1e2 9007199254740992; do csv_like "integer: $n" "${t}$n,,,,,,a@b.example\n" '^[^,]*,,,,,,a@b.example,true,$' types.json; done
for n in 007 +5 .5 ' 5' 5. 1.5 0x1 1e NaN 9007199254740993; do csv_like "no integer in range: '$n'" "${t}$n,,,,,,a@b.example\n" ',false,"?int: ' types.json; done
for n in 1.5 -0 1e400 -1.25E-3; do csv_like "number: $n" "${t},$n,,,,,a@b.example\n" ',true,$' types.json; done
for n in 1.5.2 Infinity 1_000 01 '1 '; do csv_like "no number: '$n'" "${t},$n,,,,,a@b.example\n" ',false,"?num: must be a number' types.json; done
csv_like "boolean: true" "${t},,true,,,,a@b.example\n" ',true,$' types.json
for b in TRUE 1 yes; do csv_like "no boolean: $b" "${t},,$b,,,,a@b.example\n" ',false,"?bool: ' types.json; done
csv_like "a pointer in the message" "${t},,,\"{\"\"totalAmount\"\": \"\"1\"\"}\",,,a@b.example\n" ',false,obj/totalAmount: must be a number$' types.json
csv_like "a property that may not be there" "${t},,,\"{\"\"x\"\": 1}\",,,a@b.example\n" ',false,"?obj.*x' types.json
for j in '{' '{a:1}' '{"a":01}' '[1]x' "{'a':1}" '{"a":1,}' 'nul'; do
    csv_like "no JSON: $j" "${t},,,\"${j//\"/\"\"}\",,,a@b.example\n" ',false,"?obj' types.json
done
csv_like "an item of an array" "${t},,,,\"[\"\"x\"\", 2]\",,a@b.example\n" ',false,"?arr/1: ' types.json
csv_like "a pattern is not anchored" "${t},,,,,abc,a@b.example\n" ',true,$' types.json
csv_like "several problems are joined" "${t}x,y,,,,,\n" ',false,"?int: .*; num: must be a number; email: required' types.json

# ---- sizes that do not fit a window or a block ----

python3 - <<'PY'
with open("long.csv", "w", newline="") as f:
    f.write("a,b\n")
    for n in (65534, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 3 << 20):
        f.write('"%s\n""%s",%d\r\n' % ("x" * (n // 2), "," * (n - n // 2), n))
with open("wide.csv", "w") as f:
    f.write(",".join("c%d" % i for i in range(2000)) + "\n")
    for r in range(50):
        f.write(",".join(str(r * i) for i in range(2000)) + "\n")
with open("crlf.csv", "w", newline="") as f:
    f.write("a,b\r\n")
    for r in range(200000):
        f.write("%d,\"%d\r\n\"\"\"\r\n" % (r, r) if r % 7 == 0 else "%d,%d\r\n" % (r, r))
with open("row.csv", "w") as f:
    f.write("a,b\n1,2\n%s,3\n" % ("x" * (17 << 20)))
PY
for f in long wide crlf; do
    check "$f: exit 0" status 0 "$WEIR" validate $f.csv -o $f.out.gz -s any.json --gzip
    check "$f: every row is right" check_output $f.csv $f.out.gz --truth /dev/null
done
check "a row over the limit fails as a whole: exit 3" status 3 "$WEIR" validate row.csv -o row.out -s any.json
check "and leaves nothing" gone row.out
finish
