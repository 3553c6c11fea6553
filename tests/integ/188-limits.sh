#!/bin/bash
# What a schema or an input can do to the validator: is each one a named error or a verdict, in bounded time and memory? Every run has
# 512 MiB of address space and 20 s of CPU; it may not have more than 110 MB resident, as in a function of 128 MB.
source "$(dirname "$0")/lib.sh"

# limited STATUS COMMAND...: stdout in ./out, stderr in ./err; the input is a pipe where LIMITED_IN names a function that writes it
cat >limited.py <<'PY'
import os, resource, subprocess, sys
asan = os.environ["ASAN"] == "1"  # a sanitizer reserves terabytes
def limit():
    if not asan:
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
with open("out", "wb") as out, open("err", "wb") as err:
    run = subprocess.run(sys.argv[2:], stdout=out, stderr=err, preexec_fn=limit)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
mb = use.ru_maxrss / 1000
print(f"{use.ru_utime + use.ru_stime:.2f} s, {mb:.0f} MB")
errors = open("err").read()
bad = run.returncode != int(sys.argv[1]) or (mb > 110 and not asan) or (run.returncode >= 2 and errors.count("\n") != 1)
if bad:
    print(f"exit {run.returncode}, expected {sys.argv[1]}:", errors[:1000])
sys.exit(bad)
PY
nothing() { :; }
limited() { "${LIMITED_IN:-nothing}" 2>/dev/null | python3 limited.py "$@"; }

# fails NAME STATUS MESSAGE COMMAND...: it ends so, with that in its only line, and there is no output
fails() {
    local name=$1 want=$2 message=$3 figures
    shift 3
    rm -f got
    if ! figures=$(limited "$want" "$WEIR" "$@"); then not_ok "$name: $figures"; return; fi
    if ! grep -qF -- "$message" err; then not_ok "$name: $(head -c 300 err)"; return; fi
    if [ -e got ]; then not_ok "$name: there is output"; return; fi
    ok "$name ($figures)"
}
# judges NAME STATUS TEXT COMMAND...: it ends so, and the output, ./got, has the text in it
judges() {
    local name=$1 want=$2 text=$3 figures
    shift 3
    rm -f got
    if ! figures=$(limited "$want" "$WEIR" "$@"); then not_ok "$name: $figures"; return; fi
    if ! grep -qaF -- "$text" got; then not_ok "$name: not in the output: $text: $(head -c 300 got)"; return; fi
    ok "$name ($figures)"
}

echo '{}' >any.json
echo '{"properties":{"a":{"type":["object","array"]}}}' >json.json
python3 - <<'PY'
import json
def put(name, value): open(name, "w").write(value if isinstance(value, str) else json.dumps(value))

# regular expressions
explodes = "^(a|aa|a*)*$"
put("explode.json", {"properties": {f"c{i}": {"pattern": explodes} for i in range(64)}})
put("explode.csv", ",".join(f"c{i}" for i in range(64)) + "\n" + (",".join(["a" * 60 + "!"] * 64) + "\n") * 5)
put("names.json", {"patternProperties": {explodes: {"type": "integer"}}, "propertyNames": {"pattern": explodes}})
put("names.csv", ",".join("a" * 60 + f"!{i}" for i in range(2000)) + "\n" + ",".join("1" * 2000) + "\n")
put("keys.ndjson", "{" + ",".join(f'"{"a" * 60}!{i}":1' for i in range(2000)) + "}\n")
put("huge.json", {"properties": {"a": {"pattern": "((a{1,65535}){1,65535}){1,65535}"}}})
put("many.json", {"properties": {f"c{i}": {"pattern": "^" + "(a|b)" * 300 + f"{i}$"} for i in range(1000)}})
put("cells.csv", "a\n" + "a" * 15000000 + "!\n")
put("scan.json", {"properties": {"a": {"pattern": "(.*a){3}b", "type": "string"}}})

# schemas that recurse
defs = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}, {"$ref": f"#/$defs/d{i + 1}"}]} for i in range(28)}
defs["d28"] = {"type": "integer"}
put("double.json", {"$defs": defs, "properties": {"a": {"$ref": "#/$defs/d0"}}})
put("one.csv", "a\n1\nx\n")
put("round.json", {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "properties": {"a": {"$ref": "#/$defs/a"}}})
tree = {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/t"}, {"allOf": [{"$ref": "#/$defs/t"}]}, {"type": "string"}]}}
put("tree.json", {"$defs": {"t": tree}, "properties": {"a": {"$ref": "#/$defs/t"}}})
put("tree.csv", 'a\n"' + "[" * 100 + "1" + "]" * 100 + '"\n')
put("chain.json", {"$defs": {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(100)} | {"d100": {}}, "properties": {"a": {"$ref": "#/$defs/d0"}}})
put("long.json", {"properties": {f"c{i}": {} for i in range(100000)}})
put("wide.json", json.dumps({"properties": {f"{i}": {} for i in range(80000)}}, separators=",:"))
put("unevaluated.json", {"$defs": {"u": {"anyOf": [{"properties": {"x": {"$ref": "#/$defs/u"}}}, {"properties": {"x": {"$ref": "#/$defs/u"}, "y": {}}}],
                                         "unevaluatedProperties": False}}, "properties": {"a": {"type": "object", "$ref": "#/$defs/u"}}})
put("unevaluated.csv", 'a\n"' + '{""x"":' * 100 + "1" + "}" * 100 + '"\n')

# many columns
put("columns.csv", ",".join(f"c{i}" for i in range(100000)) + "\n")
put("most.csv", (",".join(f"c{i}" for i in range(16384)) + "\n") * 40)
put("same.csv", ",".join(["c"] * 16384) + "\n" + ",".join(["1"] * 16384) + "\n")
put("most.json", {"properties": {f"c{i}": {"type": "integer"} for i in range(16384)}, "required": [f"c{i}" for i in range(16384)]})
put("row.csv", "a,b\n1,2\n" + "," * 100000 + "\n")
put("members.ndjson", json.dumps({f"c{i}": i for i in range(100000)}) + "\n")
put("values.ndjson", "[" + "0," * 2000000 + "0]\n1\n")

# deep JSON
put("deep.csv", 'a\n"' + "[" * 1000000 + '"\n')
put("deep.ndjson", '{"a":' * 1000000 + "\n" + "[" * 1000000 + "]" * 1000000 + "\n1\n")
put("deepschema.json", '{"items":' * 100000 + "{}" + "}" * 100000)
put("deepconfig.json", '{"header":' + "[" * 100000 + "]" * 100000 + "}")

# numbers and equality
put("digits.csv", "a\n" + "1" * 10000000 + "\n1e999999999999\n-0.0000000001e-99999999\n")
put("digits.json", '{"properties":{"a":{"multipleOf":0.007,"maximum":1e308,"enum":[1,2,1e999999999]}}}')
put("unique.csv", 'a\n"[' + ",".join(f"{i},{{\"\"a\"\":{i}}},[{i}]" for i in range(60000)) + ']"\n')
put("unique.json", {"properties": {"a": {"type": "array", "uniqueItems": True}}})
put("enum.csv", 'a\n' + ('"[' + ",".join("[0,1,2]" for i in range(20000)) + ']"\n'))
put("enum.json", {"properties": {"a": {"type": "array", "items": {"enum": [[0, 1, i] for i in range(3, 20000)]}}}})
PY

steps='takes too many steps'
judges "64 patterns that explode in each row" 1 "$steps" validate explode.csv -o got -s explode.json -q
fails "the names of columns, with a pattern that explodes" 2 "$steps" validate names.csv -o got -s names.json -q
judges "the names of members, with a pattern that explodes" 1 "$steps" validate keys.ndjson -o got -s names.json -q
fails "a pattern that is huge when compiled" 2 'regular expression' validate one.csv -o got -s huge.json -q
judges "a pattern that looks at 15 MB again and again" 1 "$steps" validate cells.csv -o got -s scan.json -q
fails "references that double 28 times" 2 "takes too many steps" validate one.csv -o got -s double.json -q
fails "references that go in a circle" 2 'go in a circle' validate one.csv -o got -s round.json -q
fails "a chain of 100 references" 2 'more than 64' validate one.csv -o got -s chain.json -q
judges "a tree that doubles at each level" 1 "$steps" validate tree.csv -o got -s tree.json -q
judges "unevaluatedProperties that double" 1 "$steps" validate unevaluated.csv -o got -s unevaluated.json -q
fails "a schema that is too long" 2 'long.json: longer than 1048576 bytes' validate one.csv -o got -s long.json -q
fails "a schema of 80,000 properties" 2 'wide.json: schema: ' validate one.csv -o got -s wide.json -q

fails "a header of 100,000 columns" 3 'csv: a row of more than 16384 fields' validate columns.csv -o got -s any.json -q
fails "a row of 100,000 cells" 3 'csv: a row of more than 16384 fields' validate row.csv -o got -s any.json -q
judges "16,384 columns, each required" 1 'c9: must be an integer' validate most.csv -o got -s most.json -q --summary sum.json
judges "16,384 columns of one name" 0 'true' validate same.csv -o got -s any.json -q --summary sum.json
judges "an object of 100,000 members" 0 '"valid":true' validate members.ndjson -o got -s any.json -q
judges "a line of 2,000,000 values" 1 'values' validate values.ndjson -o got -s any.json -q

judges "a cell that nests a million deep" 1 'nested deeper than 128 levels' validate deep.csv -o got -s json.json -q
judges "lines that nest a million deep" 1 'nested deeper than 128 levels' validate deep.ndjson -o got -s any.json -q
fails "a schema that nests 100,000 deep" 2 'nested deeper than 128 levels' validate one.csv -o got -s deepschema.json -q
fails "a configuration that nests 100,000 deep" 2 'deepconfig.json' validate one.csv -o got -s any.json -q --config deepconfig.json
judges "a number of 10,000,000 digits" 1 'a: must be' validate digits.csv -o got -s digits.json -q
judges "180,000 elements that must differ" 0 'true' validate unique.csv -o got -s unique.json -q
judges "20,000 elements, each compared with 20,000" 1 'a/0: must be one of' validate enum.csv -o got -s enum.json -q

# A gigabyte: made as it is read, and not to its end where it is refused.
xs() { head -c "${1:-1073741824}" /dev/zero | tr '\0' x; }
field_in() { printf 'a,b\n1,'; xs; printf '\n'; }
quoted_in() { printf 'a,b\n1,"'; xs; printf '"\n'; }
newlines_in() { printf 'a,b\n1,"'; head -c 1073741824 /dev/zero | tr '\0' '\n'; printf '"\n'; }
header_in() { xs; printf '\n1\n'; }
comment_in() { printf 'a,b\n#'; xs; printf '\n'; }
skipped_in() { xs; printf '\na,b\n1,2\n'; }
line_in() { printf '{"a":"'; xs; printf '"}\n'; }
zipped_in() { quoted_in | gzip -1; }
blank_in() { printf 'a\n'; head -c 100000000 /dev/zero | tr '\0' '\n'; printf '1\n'; }
quotes_in() { printf 'a,b\n1,2,x'; head -c 16000000 /dev/zero | tr '\0' '"'; printf '\n'; }
controls_in() { printf '{}\n'; head -c 16000000 /dev/zero | tr '\0' '\1'; printf '\n'; }
rows_in() { printf 'a,b\n'; for _ in {1..64}; do printf '1,"'; xs 16000000; printf '"\n'; done; }
for c in - '#'; do
    [ "$c" = - ] && flags=() || flags=(--comment '#')
    LIMITED_IN=field_in fails "a field of 1 GB ${flags[*]}" 3 'the row in line 2 is longer than 16777216 bytes' validate - -o got -s any.json -q "${flags[@]}"
    LIMITED_IN=quoted_in fails "a quoted field of 1 GB ${flags[*]}" 3 '(a quote opened in line 2 is still open)' validate - -o got -s any.json -q "${flags[@]}"
done
LIMITED_IN=newlines_in fails "a field of 1 GB of line feeds" 3 'the row in line 2 is longer' validate - -o got -s any.json -q
LIMITED_IN=header_in fails "a header of 1 GB" 3 'the row in line 1 is longer' validate - -o got -s any.json -q
LIMITED_IN=header_in fails "a header of 1 GB, whose delimiter is looked for" 3 'the row in line 1 is longer' validate - -o got -s any.json -q -d auto
LIMITED_IN=comment_in fails "a comment of 1 GB" 3 'line 2 is longer' validate - -o got -s any.json -q --comment '#'
LIMITED_IN=skipped_in fails "a line of 1 GB to skip" 3 'skipped up to line 1 is longer' validate - -o got -s any.json -q --skip-lines 1
LIMITED_IN=zipped_in fails "a field of 1 GB, compressed" 3 'line 2 is longer' validate - -o got -s any.json -q
LIMITED_IN=line_in fails "a line of JSON of 1 GB" 3 'json: line 1 is longer than 16777216 bytes' validate - -o got -s any.json -q --input ndjson
LIMITED_IN=field_in fails "a field of 1 GB in Latin-1" 3 'line 2 is longer' validate - -o got -s any.json -q --encoding latin-1
judges_stream() { # NAME STATUS ROWS COMMAND...: to stdout, which is thrown away; the summary has so many rows
    local name=$1 want=$2 rows=$3 figures
    shift 3
    if ! figures=$(limited "$want" "$WEIR" "$@"); then not_ok "$name: $figures"; return; fi
    check "$name ($figures)" grep -q "\"rows\":$rows," out
}
LIMITED_IN=blank_in judges_stream "100 MB of blank lines" 0 1 validate - -o /dev/null -s any.json -q --json
LIMITED_IN=rows_in judges_stream "64 rows of 16 MB, by one thread, as in such a function" 0 64 validate - -o /dev/null --threads 1 -s any.json -q --json
# What is made of these is 64 MB and 96 MB.
LIMITED_IN=quotes_in judges_stream "16 MB of surplus quotes, compressed" 1 1 validate - -o got.gz --threads 1 -s any.json -q --json
LIMITED_IN=controls_in judges_stream "16 MB of control bytes, compressed" 1 2 validate - -o got.gz --threads 1 -s any.json -q --json --input ndjson
finish
