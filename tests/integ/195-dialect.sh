#!/bin/bash
# Is CSV of every dialect and encoding read as what it is, from flags and from a configuration, whatever the window sizes?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

echo '{}' >any.json
echo '{"required": ["a", "x"], "properties": {"a": {"type": "integer"}}}' >required.json

# run INPUT FLAGS...: the input with %b escapes; leaves got, got.out, got.err, and the exit status in got.rc
run() {
    printf '%b' "$1" >in.csv
    shift
    timeout 60 "$WEIR" validate in.csv -o got -s any.json "$@" >got.out 2>got.err </dev/null
    local rc=$? rc1
    WEIR_EDGE_BYTES=1 timeout 60 "$WEIR" validate - -o - -s any.json "$@" <in.csv >got1 2>got1.err
    rc1=$?
    echo $rc >got.rc
    [ $rc -eq $rc1 ] || { echo "exit $rc, with windows of one byte $rc1: $(cat got.err got1.err)"; return 1; }
    [ $rc -gt 1 ] || cmp got got1
}

# csv NAME INPUT OUTPUT FLAGS...: the output, byte for byte
csv() {
    local name=$1 want=$3
    if ! out=$(run "$2" "${@:4}" 2>&1); then not_ok "$name: $out"; return; fi
    printf '%b' "$want" >want
    if cmp -s got want; then ok "$name"; else not_ok "$name: $(cat got.err; diff <(cat -A want) <(cat -A got))"; fi
}

# refused NAME STATUS MESSAGE INPUT FLAGS...
refused() {
    rm -f got
    if ! out=$(run "$4" "${@:5}" 2>&1); then not_ok "$1: $out"; return; fi
    if ! grep -q -- "$3" got.err; then not_ok "$1: $(cat got.rc got.err)"; return; fi
    check "$1" same "$(cat got.rc) $(ls got 2>/dev/null)" "$2 "
}

h='a,b,valid,errors\n'
csv "semicolons" 'a;b\n1,5;2\n"x;y";3\n' 'a;b;valid;errors\n1,5;2;true;\n"x;y";3;true;\n' -d ';'
csv "tabs" 'a\tb\n1\t2\n' 'a\tb\tvalid\terrors\n1\t2\ttrue\t\n' --delimiter tab
csv "a control character" 'a\x01b\n1\x012\n' 'a\x01b\x01valid\x01errors\n1\x012\x01true\x01\n' -d $'\001'
csv "another quote" "a,b\\n'1,\"','2'''\\n" "$h'1,\"','2''',true,\\n" --quote "'"
csv "a delimiter that is a letter of ours" 'aeb\n1e2\n' 'aebevalide"errors"\n1e2e"true"e\n' -d e
csv "a quote that is one" 'a,b\n1,t2,t\n' 'a,b,valid,errors\n1,t2,t,tttruet,\n' --quote t
csv "no quote" 'a\tb\n"1\t"2"\n' 'a\tb\tvalid\terrors\n"""1"\t"""2"""\ttrue\t\n' -d tab --quote none
csv "an escape" 'a,b\n"1\\"\\\\","\\x"\n' "$h"'"1\\"\\\\",x,true,\n' --escape "\\"
csv "comments" '#x\na,b\n#"\n1,#2\n #3,4\n' "${h}1,#2,true,\n #3,4,true,\n" --comment '#'
csv "a cell that looks like a comment is quoted" '#x\na,b\n"#1",2\n' "${h}\"#1\",2,true,\n" --comment '#'
csv "lines to skip" 'Report "x\n\r\na,b\r\n1,2\r\n' "${h}1,2,true,\n" --skip-lines 2
csv "names for a file without a header" '1,2\n3,4\n' 'x,"y,z",valid,errors\n1,2,true,\n3,4,true,\n' --header 'x,"y,z"'
csv "names and an empty file" '' 'x,y,valid,errors\n' --header x,y
csv "numbered columns" '1,2\n3,4\n' 'column_1,column_2,valid,errors\n1,2,true,\n3,4,true,\n' --no-header
csv "names in the place of a header" 'a,b\n1,2\n' 'x,y,valid,errors\n1,2,true,\n' --header x,y --skip-lines 1
csv "the delimiter is found: semicolon" 'a;b\n1,5;2,5\n' 'a;b;valid;errors\n1,5;2,5;true;\n' -d auto
check "and told" grep -q '"delimiter":";"' got.out
csv "the delimiter is found: tab" 'a,x\tb\n1\t2\n3\t4\n' 'a,x\tb\tvalid\terrors\n1\t2\ttrue\t\n3\t4\ttrue\t\n' -d auto
csv "the delimiter is found: comma" 'a,b\n"1;2","3;4"\n' "${h}1;2,3;4,true,\n" -d auto
csv "a surplus cell is told in the dialect" 'a;b\n1;2;3;x,y\n' 'a;b;valid;errors\n1;2;false;"row: 4 fields, the header has 2: 3;x,y"\n' -d ';'
csv "Latin-1" 'a,b\n\xe9,\xa4\n' "${h}é,¤,true,\n" --encoding latin-1
csv "Windows-1252" 'a,b\n\xe9,\x80\n' "${h}é,€,true,\n" --encoding windows-1252
csv "UTF-16 by its mark" '\xff\xfea\0,\0b\0\n\0\x3d\xd8\x00\xde,\0\xac\x20\n\0' "${h}😀,€,true,\n" --encoding auto
csv "UTF-16 that begins with the other byte" '\xfe\xff\0a\0,\0b\0\n\x01\x5b\0,\x002\0\n' "${h}ś,2,true,\n" --encoding auto
csv "UTF-16 without a mark" '\0a\0,\0b\0\n\x001\0,\x002\0\n' "${h}1,2,true,\n" --encoding utf-16be
csv "UTF-8 where the mark is looked for" 'a,b\né,2\n' "${h}é,2,true,\n" --encoding auto
csv "half of a pair makes its cell invalid" '\xfe\xff\0a\0,\0b\0\n\xd8\x3d\0,\x002\0\n' "${h}\xed\xa0\xbd,2,false,a: not valid UTF-8\n" --encoding utf-16
printf '{"delimiter": ";", "skip_lines": 1, "comment": "#", "header": ["x", "y"]}' >config.json
csv "a configuration" 'junk\n#c\n1;2\n' 'x;y;valid;errors\n1;2;true;\n' --config config.json
csv "flags go before it" 'junk\n#c\n1,2\n' 'x,y,valid,errors\n#c,,false,"row: 1 field, the header has 2"\n1,2,true,\n' --config config.json -d , --comment none

refused "UTF-16 that nobody told of" 3 'UTF-16 by its byte order mark' '\xff\xfea\0,\0b\0\n\0'
refused "UTF-16 that is cut" 3 'in the middle of a character' '\xff\xfea\0,\0b\0\n' --encoding auto
refused "UTF-32" 3 'UTF-32' '\xff\xfe\0\0a\0\0\0' --encoding auto
refused "more lines to skip than there are" 3 'the input is empty: it has no header' 'a\nb\n' --skip-lines 3
refused "an empty input without a header" 3 'it has no row' '' --no-header
refused "a quote that is never closed, with its line" 3 'opens in line 4' "#\\nx\\na\\n'1" --comment '#' --skip-lines 1 --quote "'"
refused "an escape at the end" 3 'is never closed' 'a\n"1\\"' --escape "\\"
refused "two marks alike" 2 'quote: must differ from the delimiter' 'a\n' -d '"'
printf '{"delimiter": ";", "skip": 1}' >bad.json
refused "a configuration with a slip" 2 'bad.json: /skip: no such option' 'a\n' --config bad.json

# ---- cells to values ----

cat >cells.json <<'JSON'
{"required": ["s"], "properties": {"s": {"type": "string"}, "n": {"type": ["integer", "null"]}, "b": {"type": "boolean"}}}
JSON
# cells NAME INPUT OUTPUT FLAGS...: against cells.json
cells() {
    printf '%b' "$2" >in.csv
    "$WEIR" validate in.csv -o got -s cells.json -q "${@:4}" >/dev/null 2>got.err
    check "$1" same "$(cat got.err; tail -n +2 got)" "$(printf '%b' "$3")"
}
cells "empty is absent" 's,n,b\n,,\n"","",""\n' ',,,false,s: required\n,,,false,s: required\n'
cells "empty is null" 's,n,b\na,,\n' 'a,,,false,b: must be true or false\n' --empty null
cells "empty is the empty text" 's,n,b\n,1,true\n,,true\n' ',1,true,true,\n,,true,false,n: must be null or an integer\n' --empty string
cells "a quoted empty cell is something else" 's,n,b\n"",,\n,,\n' ',,,true,\n,,,false,s: required\n' --quoted-empty string
cells "a quoted empty cell is absent, others are not" 's,n,b\n,"",""\n' ',,,true,\n' --empty string --quoted-empty absent
cells "1 and 0 are no booleans" 's,n,b\na,,1\n' 'a,,1,false,b: must be true or false\n'
cells "1 and 0 are, when told" 's,n,b\na,,1\na,,true\na,,yes\n' 'a,,1,true,\na,,true,true,\na,,yes,false,b: must be true or false\n' --booleans 1/0
cells "yes and no" 's,n,b\na,,no\na,,No\n' 'a,,no,true,\na,,No,false,b: must be true or false\n' --booleans yes/no
cells "any boolean" 's,n,b\na,,TRUE\na,,oFF\n' 'a,,TRUE,true,\na,,oFF,true,\n' --booleans any
cells "blanks count" 's,n,b\na, 1,true\n' 'a, 1,true,false,n: must be null or an integer\n'
cells "blanks do not count, and stay" 's, n ,b\n \t, 1,true\t\n x,,\n' ' \t, 1,true\t,false,s: required\n x,,,true,\n' --trim

# ---- what is odd ----

check "a header that lacks required columns is told, once" bash -c '
    printf "a\n1\n2\n" >in.csv; "$WEIR" validate in.csv -o got -s required.json >out 2>err; [ $? -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] &&
    grep -q "the header lacks 1 column that the schema requires: x; no row can be valid" err'
strange() { # the file, then whether it is told
    printf '%b' "$1" >in.csv
    echo '{"properties": {"id": {"type": "integer"}, "n": {}}}' >named.json
    status 0 "$WEIR" validate in.csv -o got -s named.json || return 1
    same "$(cat err)" "${2:+weir: validate: warning: in.csv: the header has no column that the schema names; is the delimiter right (delimiter: auto)?}"
}
check "a header without any column of the schema is told: another delimiter" strange 'id;n\nx;1\ny;2\n' told
check "... another case" strange 'ID\nx\n' told
check "... JSON" strange '[{"id":"x"}]\n' told
check "one of them is enough" strange 'x,n\ny,1\n' ''
check "columns of one name are told" bash -c '
    printf "a,b,a,\n1,2,3,4\n" >in.csv; "$WEIR" validate in.csv -o got -s any.json >out 2>err &&
    grep -q "columns 1 and 3 have the same name" err && grep -q "column 4 has no name" err'
check "and not with --quiet" bash -c '"$WEIR" validate in.csv -o got -s any.json -q >out 2>err && [ ! -s err ]'

# every dialect again on megabytes, beside the same rows in the common one
python3 - <<'PY'
import csv, random
random.seed(1)
words = ["x", "", "a b", "it's", 'say "hi"', "1;2", "t\tt", "#no", "l\nl", "b/s", "c,d", "é€", "|"]
rows = [["a", "b", "c"]] + [[random.choice(words) + str(i % 97) * random.randrange(9) for _ in range(3)] for i in range(60000)]
def put(name, encoding="utf-8", start="", **form):
    with open(name, "w", newline="", encoding=encoding) as f:
        f.write(start)
        csv.writer(f, **form).writerows(rows)
put("common.csv", lineterminator="\n")
put("semi.csv", delimiter=";", lineterminator="\r\n")
put("apos.csv", quotechar="'", delimiter="|", quoting=csv.QUOTE_ALL, lineterminator="\r")
put("esc.csv", escapechar="\\", doublequote=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
put("comment.csv", quoting=csv.QUOTE_ALL, start="one\ntwo\n#three\n", lineterminator="\n")
put("u16.csv", encoding="utf-16", delimiter="\t")
PY
"$WEIR" validate common.csv -o common.out -s any.json -q >/dev/null
# same_rows NAME FILE FLAGS...: what is read there are the rows of common.csv
same_rows() {
    "$WEIR" validate "$1.csv" -o "$1.out" -s any.json -q "${@:2}" >/dev/null || return 1
    python3 - "$1.out" <<'PY'
import csv, sys
forms = {"semi.out": dict(delimiter=";"), "apos.out": dict(quotechar="'", delimiter="|"), "u16.out": dict(delimiter="\t"),
         "esc.out": dict(escapechar="\\", doublequote=False)}
with open(sys.argv[1], newline="") as a, open("common.out", newline="") as b:
    for n, (x, y) in enumerate(zip(csv.reader(a, **forms.get(sys.argv[1], {})), csv.reader(b), strict=True)):
        if x != y: sys.exit(f"row {n}: {x} {y}")
PY
}
check "semicolons and CRLF" same_rows semi -d auto
check "another quote and CR" same_rows apos --quote "'" -d '|'
check "an escape" same_rows esc --escape "\\"
check "comments and skipped lines" same_rows comment --comment '#' --skip-lines 2
check "UTF-16" same_rows u16 --encoding auto -d auto
finish
