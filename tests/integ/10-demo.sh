#!/bin/bash
# Does the main job work end to end without any server, through both doors, and is what it writes right on every row?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

data small 5MB --shape var --invalid 1% --seed 11
in=$DATA/small.csv truth=$DATA/small.truth
store=$T/store
mkdir -p "$store/bkt/uploads/a"
export AWS_ENDPOINT_URL_S3=file://$store

# ---- the generator ----

check "the same arguments give the same bytes" bash -c '
    "$WEIR" generate -o g1.csv --size 1MB --shape var --invalid 2% --seed 5 --truth g1.truth &&
    "$WEIR" generate -o g2.csv --size 1MB --shape var --invalid 2% --seed 5 --truth g2.truth && cmp g1.csv g2.csv && cmp g1.truth g2.truth &&
    "$WEIR" generate -o g3.csv --size 1MB --shape var --invalid 2% --seed 6 && ! cmp -s g1.csv g3.csv'
sizes() {
    local shape size
    for shape in seed var narrow; do
        "$WEIR" generate -o "s-$shape.csv" --size 2MB --shape "$shape" --seed 1 >/dev/null || return 1
        size=$(stat -c %s "s-$shape.csv")
        [ "$size" -gt 1900000 ] && [ "$size" -lt 2100000 ] || fail "$shape: $size bytes" || return 1
    done
}
check "sizes are what was asked for, within a row or so" sizes

# ---- weir validate ----

check "invalid rows: exit 1" status 1 "$WEIR" validate "$in" -o v.csv -s "$SCHEMA"
check "plain output: every row is right" check_output "$in" v.csv --truth "$truth"
check "the summary is one JSON line" python3 -c '
import json, sys
text = open("out").read()
s = json.loads(text)
assert text.count("\n") == 1, text
rows = sum(1 for _ in open(sys.argv[2]))
assert s["invalid"] == rows and s["valid"] + rows == s["rows"], s
import os
assert s["bytes_in"] == os.path.getsize(sys.argv[1]) and s["bytes_out"] == os.path.getsize("v.csv"), s
assert s["ms"] >= 0' "$in" "$truth"
check "nothing but the summary: stderr is empty where it is no terminal" same "$(cat err)" ""
check "gzip output" status 1 "$WEIR" validate "$in" -o v.csv.gz -s "$SCHEMA"
check "gzip output: one member, every row is right" check_output "$in" v.csv.gz --truth "$truth"
gzip -k -c "$in" >in.csv.gz
check "gzip input is recognised by its content" bash -c 'cp in.csv.gz in.bin && "$WEIR" validate in.bin -o w.csv -s "$SCHEMA" >/dev/null; [ $? -eq 1 ] && cmp v.csv w.csv'
check "gzip input of two members" bash -c '{ head -n 100 "$0" | gzip; tail -n +101 "$0" | gzip; } >two.gz; "$WEIR" validate two.gz -o w2.csv -s "$SCHEMA" >/dev/null; [ $? -eq 1 ] && cmp v.csv w2.csv' "$in"
check "stdin to stdout, the summary on stderr" bash -c 'cat "$0" | "$WEIR" validate - -o - -s "$SCHEMA" >p.csv 2>p.err; [ $? -eq 1 ] && cmp v.csv p.csv && grep -q "\"rows\"" p.err' "$in"
check "--gzip on stdout" bash -c '"$WEIR" validate - --gzip -o - -s "$SCHEMA" <"$0" >p.gz 2>/dev/null; [ $? -eq 1 ] && gzip -dc p.gz | cmp - v.csv' "$in"
check "a clean file: exit 0" bash -c '"$WEIR" generate -o clean.csv --size 300kB --shape var --seed 3 >/dev/null && "$WEIR" validate clean.csv -o c.csv -s "$SCHEMA" >c.json && grep -q "\"invalid\": *0[,}]" c.json'
check "an existing output is replaced whole, with its mode" bash -c 'echo old >o.csv && chmod 640 o.csv && "$WEIR" validate clean.csv -o o.csv -s "$SCHEMA" >/dev/null && cmp o.csv c.csv && [ "$(stat -c %a o.csv)" = 640 ]'
check "output to /dev/null" bash -c '"$WEIR" validate clean.csv -o /dev/null -s "$SCHEMA" >/dev/null && [ -c /dev/null ]'
head -n 40 "$in" >tiny.csv
check "edges of one byte change nothing" bash -c '
    "$WEIR" validate tiny.csv -o t1.csv -s "$SCHEMA" >/dev/null; WEIR_EDGE_BYTES=1 "$WEIR" validate tiny.csv -o t2.csv -s "$SCHEMA" >/dev/null; cmp t1.csv t2.csv'
check "s3:// ends obey the directory store" bash -c '
    mkdir -p store/other && cp tiny.csv store/other/tiny.csv && "$WEIR" validate s3://other/tiny.csv -o s3://other/out/tiny.csv.gz -s "$SCHEMA" >/dev/null
    gzip -dc store/other/out/tiny.csv.gz | cmp - t1.csv'
rm -rf store/other

# ---- weir invoke ----

cp "$in" "$store/bkt/uploads/events.csv"
cp tiny.csv "$store/bkt/uploads/a/b c+d=é%.csv"
check "invoke: exit 0" invoke one "m1=s3://bkt/uploads/events.csv"
check "the response is the empty list of failures" bash -c '[ "$(tr -d " \n" <one.json)" = "{\"batchItemFailures\":[]}" ]'
check "the object: every row is right" check_output "$in" "$store/bkt/validations/events.csv.gz" --truth "$truth"
check "both doors write the same bytes" cmp v.csv.gz "$store/bkt/validations/events.csv.gz"
check "a REPORT line like Lambda's" grep -qE '^REPORT RequestId: [^ ]+ Duration: [0-9.]+ ms Billed Duration: [0-9]+ ms Memory Size: [0-9]+ MB Max Memory Used: [0-9]+ MB Init Duration: [0-9.]+ ms CPU Time: [0-9.]+ ms' one.log
check "the log has the numbers" grep -q '"rows":' one.log
[ $ASAN -eq 1 ] || check "peak memory is at most 40 MB" test "$(report one 'Max Memory Used')" -le 40
invoke odd "m1=s3://bkt/uploads/a/b c+d=é%.csv"
check "odd key: no failure" expect_failures odd ""
check "odd key: the output lies beside its like" test -s "$store/bkt/validations/a/b c+d=é%.csv.gz"
check "nothing else was left in the store" only "$store/bkt" uploads/events.csv "uploads/a/b c+d=é%.csv" validations/events.csv.gz "validations/a/b c+d=é%.csv.gz"
rm -rf "$store/bkt/validations"

invoke batch "good=s3://bkt/uploads/events.csv" "bad=text:{not json" "gone=s3://bkt/uploads/none.csv" t=test \
    'old=text:{"Records":[{"eventVersion":"3.0","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"bkt"},"object":{"key":"uploads/events.csv"}}}]}' \
    'removed=text:{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"bkt"},"object":{"key":"uploads/events.csv"}}}]}' \
    'nothing=text:{"a":1}'
check "a batch: the ids of the bad messages alone" expect_failures batch "bad gone old nothing"
check "a batch: the good one's output is right" check_output "$in" "$store/bkt/validations/events.csv.gz" --truth "$truth"
check "a batch: nothing else" only "$store/bkt/validations" events.csv.gz
rm -rf "$store/bkt/validations"

mkdir "$store/second"
invoke plain "m1=s3://bkt/uploads/events.csv" -- --env WEIR_OUTPUT_KEY='out/{stem}.csv' --env WEIR_OUTPUT_BUCKET=second
check "WEIR_OUTPUT_BUCKET and WEIR_OUTPUT_KEY" cmp v.csv "$store/second/out/events.csv"
check "they replace the default" gone "$store/bkt/validations"
invoke badenv "m1=s3://bkt/uploads/events.csv" -- --env WEIR_SCHEMA=/nonexistent.json
rc=$?
check "a setting that does not load is an init error: exit is not 0" test $rc -ne 0
check "and it names what is wrong" grep -q 'nonexistent.json' badenv.json badenv.log

: >"$store/bkt/uploads/empty.csv"
printf 'a,b\n1,"open\n2,3\n' >"$store/bkt/uploads/quote.csv"
head -c 100000 in.csv.gz >"$store/bkt/uploads/cut.csv.gz"
invoke data "e=s3://bkt/uploads/empty.csv" "q=s3://bkt/uploads/quote.csv" "c=s3://bkt/uploads/cut.csv.gz"
check "what cannot be read as rows fails the message" expect_failures data "e q c"
check "and leaves no output" gone "$store/bkt/validations"
finish
