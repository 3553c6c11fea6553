#!/bin/bash
# Is every bad input to the command one clear line and the right exit code, with nothing half-written?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

mkdir -p in
printf 'a,b\n1,2\n' >in/ok.csv
: >in/empty.csv
printf 'a,b\n1,"never closed\n2,3\n' >in/quote.csv
head -c 300 < <(printf 'a,b\n%s\n' "$(seq -s , 500)" | gzip) >in/cut.gz
printf 'a,b\n1,2\n' | gzip >in/trailing.gz
printf 'garbage' >>in/trailing.gz
printf '{"type":"object"}' >in/schema.json
printf '{"type":' >in/broken.json
printf '{"type":"objekt"}' >in/type.json
printf '{"properties":{"a":{"pattern":"("}}}' >in/pattern.json
printf '{"properties":{"a":{"$ref":"https://example.com/x.json"}}}' >in/ref.json
printf '{"properties":{"a":{"$ref":"#/$defs/none"}}}' >in/dangling.json
printf '{"properties":{"a":{"$dynamicRef":"#b"}}}' >in/dynamic.json
mkdir in/dir

# bad NAME EXIT TEXT ARGS...: the status, one line beginning with "weir: " (after a 2 a hint may follow), TEXT (an extended
# regular expression) in it; no output, neither new nor changed, and no temporary file.
bad() {
    local name=$1 want=$2 text=$3 kept rc lines
    shift 3
    rm -rf o
    mkdir o
    for kept in "" old; do
        [ -z "$kept" ] || echo $kept >o/out.csv
        timeout -k 5 60 "$WEIR" "$@" >out 2>err </dev/null
        rc=$?
        lines=$(wc -l <err)
        if [[ ! $rc =~ ^$want$ ]]; then not_ok "$name: exit $rc, expected $want: $(head -n 3 err)"; return; fi
        if [ "$(grep -c '^weir: ' err)" -ne 1 ] || ! head -n 1 err | grep -q '^weir: [^:]*: .'; then
            not_ok "$name: not one line 'weir: what: why': $(head -n 5 err)"
            return
        fi
        if [ "$lines" -gt 2 ] || { [ "$lines" -gt 1 ] && [ $rc -ne 2 ]; }; then not_ok "$name: $lines lines on stderr: $(head -n 5 err)"; return; fi
        if ! grep -qE -- "$text" err; then not_ok "$name: '$text' is not in: $(head -n 1 err)"; return; fi
        if [ -s out ]; then not_ok "$name: stdout has $(head -c 200 out)"; return; fi
        if [ -z "$kept" ] && [ -n "$(find o -type f)" ]; then not_ok "$name: left $(find o -type f)"; return; fi
        if [ -n "$kept" ] && { [ "$(cat o/out.csv)" != old ] || [ "$(find o -type f | wc -l)" -ne 1 ]; }; then
            not_ok "$name: the existing output was touched: $(ls o)"
            return
        fi
    done
    ok "$name"
}

v=(validate in/ok.csv -o o/out.csv -s)
bad "no verb that is known" 2 'valdate' valdate
bad "an option that is unknown" 2 '--frobnicate' "${v[@]}" in/schema.json --frobnicate
bad "an option without its value" 2 '-s' validate in/ok.csv -o o/out.csv -s
bad "no input" 2 'no input' validate -o o/out.csv -s in/schema.json
bad "too many inputs" 2 'one argument too many' validate in/ok.csv in/ok.csv -o o/out.csv -s in/schema.json
bad "no output" 2 'no output' validate in/ok.csv -s in/schema.json
bad "no schema" 2 'no schema' validate in/ok.csv -o o/out.csv
bad "an input that is not there" 2 'in/none.csv' validate in/none.csv -o o/out.csv -s in/schema.json
bad "a schema that is not there" 2 'in/none.json' "${v[@]}" in/none.json
bad "a schema that is no JSON" 2 'in/broken.json|schema' "${v[@]}" in/broken.json
bad "a schema with an unknown type" 2 'type' "${v[@]}" in/type.json
bad "a pattern that does not compile" 2 '/properties/a' "${v[@]}" in/pattern.json
bad "a remote reference" 2 '/properties/a' "${v[@]}" in/ref.json
bad "a reference to nothing" 2 '/properties/a' "${v[@]}" in/dangling.json
bad "a keyword that is not supported, with its place" 2 '/properties/a/.dynamicRef' "${v[@]}" in/dynamic.json
bad "an empty input" 3 'the input is empty' validate in/empty.csv -o o/out.csv -s in/schema.json
bad "a quote that is never closed, with its line" 3 'line 2' validate in/quote.csv -o o/out.csv -s in/schema.json
bad "gzip cut short" 3 'byte 300: the data end' validate in/cut.gz -o o/out.csv -s in/schema.json
bad "gzip with garbage after it" 3 'neither gzip nor zeros' validate in/trailing.gz -o o/out.csv -s in/schema.json
bad "an output folder that is not there" '[23]' 'none' validate in/ok.csv -o none/out.csv -s in/schema.json
bad "a size that is none" 2 '--size' generate -o o/out.csv --size 12XB
bad "a shape that is unknown" 2 '--shape' generate -o o/out.csv --size 1MB --shape round
bad "a share over 100 %" 2 '--invalid' generate -o o/out.csv --size 1MB --invalid 200%
bad "an event that is not there" 2 'in/none.json' invoke in/none.json
bad "a bootstrap that is not there" 2 'none' invoke in/schema.json --bootstrap ./none
bad "a memory that is none" 2 '--memory' invoke in/schema.json --memory lots
bad "a bucket without a key" 2 's3://' validate s3://bucket -o o/out.csv -s in/schema.json

check "help names the verbs" bash -c '"$WEIR" help >h && grep -q validate h && grep -q generate h && grep -q invoke h'
for verb in validate generate invoke; do
    check "help $verb and $verb --help are the same" bash -c '"$WEIR" help "$0" >h1 && "$WEIR" "$0" --help >h2 && cmp h1 h2 && grep -q -- "-" h1' $verb
done
check "help and --help are the same" bash -c '"$WEIR" help >h1 && "$WEIR" --help >h2 && cmp h1 h2 && [ -s h1 ]'
check "--version" bash -c '"$WEIR" --version | grep -qE "^weir [0-9]"'
check "no arguments: exit 2, usage on stderr" bash -c '"$WEIR" >u 2>u.err; [ $? -eq 2 ] && [ ! -s u ] && [ -s u.err ]'
check "a full disk is exit 3" bash -c '"$WEIR" validate in/ok.csv -o - -s in/schema.json >/dev/full 2>f.err; [ $? -eq 3 ] && grep -q "^weir: " f.err'
check "a reader that goes away is exit 3" bash -c '"$WEIR" generate -o - --size 5MB --shape narrow 2>g.err | head -c 10 >/dev/null; [ ${PIPESTATUS[0]} -eq 3 ] && grep -q "^weir: generate: " g.err'
check "a truth that fails at its end: exit 3" status 3 "$WEIR" generate -o t.csv --size 100kB --invalid 5% --truth /dev/full
check "... and there is no output" gone t.csv

# Standard descriptors that are closed
check "a closed stderr" bash -c '"$WEIR" validate in/ok.csv -o c.csv -s in/schema.json 2>&- >c.out && [ -s c.csv ] && grep -q rows c.out'
check "a closed stdin" bash -c '"$WEIR" validate in/ok.csv -o c.csv -s in/schema.json <&- >c.out && grep -q rows c.out'
check "a closed stdout for the rows is exit 3" bash -c '"$WEIR" validate in/ok.csv -o - -s in/schema.json >&- 2>c.err; [ $? -eq 3 ] && grep -q "^weir: validate: " c.err'
check "all three closed" bash -c 'rm -f c.csv; "$WEIR" validate in/ok.csv -o c.csv -s in/schema.json <&- >&- 2>&- && cmp c.csv <(printf "a,b,valid,errors\n1,2,true,\n")'
check "the bootstrap, all three closed" bash -c '"$(dirname "$WEIR")/bootstrap" <&- >&- 2>&-; [ $? -eq 2 ]'

# Options that a verb does not use
bad "validate has no --verbose" 2 '--verbose' "${v[@]}" in/schema.json --verbose
bad "invoke has no --progress" 2 '--progress' invoke in/schema.json --progress
bad "invoke has no --quiet" 2 '--quiet' invoke in/schema.json --quiet
# What an event has to be is the function's to say: an error of it, and not of the command.
mkdir -p store
check "an event that is no JSON is a function error: exit 1" status 1 env "AWS_ENDPOINT_URL_S3=file://$PWD/store" \
    "$WEIR" invoke in/broken.json --memory 0
check "and its type is in the response" grep -q '"errorType":"Function.BadData"' out

# Bootstraps that do not do their part
cat >never <<'S'
#!/bin/sh
exec sleep 300
S
cat >stays <<'S'
#!/bin/sh
# It answers, asks for no more, and does not go when it is told to.
trap '' TERM
at=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
id=$(curl -sS -D - -o /dev/null "$at/next" | tr -d '\r' | sed -n 's/^Lambda-Runtime-Aws-Request-Id: //p')
curl -sS -o /dev/null -d '{"done":true}' "$at/$id/response"
exec sleep 300
S
chmod +x never stays
never() { status 3 "$WEIR" invoke in/schema.json --bootstrap ./never --memory 0 && grep -q '^weir: invoke: bootstrap: did not ask for work within 10 s$' err; }
stays() { status 0 "$WEIR" invoke in/schema.json --bootstrap ./stays --memory 0 && same "$(cat out)" '{"done":true}'; }
check "one that never asks for work: exit 3" never
check "one that has answered, and does not end, has answered" stays

finish
