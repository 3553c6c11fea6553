#!/bin/bash
# weir local over a bucket of a real S3 server: forms go there, what appears there is validated, by whomever and
# whenever it was put there; the server may be away for a while.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw

size=30MB
[ $ASAN -eq 0 ] || size=8MB
data local-s3 "$size" --shape var --invalid 1% --seed 11
BIG=$DATA/local-s3.csv
memory=(--memory 128)
[ $ASAN -eq 0 ] || memory=(--memory 0)
printf 'id\n1\n' >small.csv
B=$(bucket local) || { not_ok "no bucket"; finish; }

local_up() {
    : >log
    AWS_MAX_ATTEMPTS=1 "$WEIR" local --root "$T/d" --bucket "s3://$B" --listen 127.0.0.1:0 "${memory[@]}" --visibility-s 0.5 2>log </dev/null &
    LOCAL_PID=$!
    until_true 30 grep -q 'http://127.*/ and' log || { not_ok "weir local does not start: $(head -n 3 log)"; finish; }
    URL=$(sed -n 's|.*\(http://127.0.0.1:[0-9]*\)/ and.*|\1|p' log | head -n 1)
}
local_down() {
    kill "-${1:-TERM}" "$LOCAL_PID" 2>/dev/null
    wait "$LOCAL_PID" 2>/dev/null
}
status_is() { # status_is EXPRESSION VALUE
    [ "$(curl -sS --max-time 60 "$URL/status.json" | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)")" = "$2" ]
}
rows() { status_is "[v.get('rows') for v in s['validated'] if v['key'] == '$1']" "[$2]"; } # rows KEY N: validated and counted
await() { until_true "$@" || { echo "not within $1 s: ${*:2}"; tail -n 15 log; curl -sS "$URL/status.json"; return 1; }; }
output() { s3 get "$B" "$1" got.gz && zcat got.gz >got; } # output KEY: into ./got

form() {
    "$WEIR" upload "$BIG" --url "$URL/batch/generate-presigned-url" >up || return 1
    key=$(python3 -c 'import json; print(json.load(open("up"))["key"])')
    local want
    want=$(($(wc -l <"$BIG") - 1))
    await 60 status_is "[(v['state'], v['invalid']) for v in s['validated']]" "[('counted', $(wc -l <"${BIG%.csv}.truth"))]" || return 1
    s3 get "$B" "validations/${key#uploads/}.gz" got.gz && check_output "$BIG" got.gz --truth "${BIG%.csv}.truth" || return 1
    same "$(find d -type f -not -path 'd/.weir/*')" "" # nothing of it lies here
}
# The form is S3's own: the server checks it.
refused() {
    curl -sS -X POST "$URL/batch/generate-presigned-url" -o form.json && grep -q "\"url\":\"$RGW_URL/$B\"" form.json || return 1
    same "$(python3 "$INTEG/form.py" upload form.json small.csv set:key=uploads/other.csv)" 403 &&
        same "$(curl -sS -o /dev/null -w '%{http_code}' -X POST -F file=@small.csv "$URL/$B")" 404 # not here
}
put() {
    s3 put "$B" 'uploads/a b/+%&.csv' small.csv >etag && await 30 rows 'uploads/a b/+%&.csv' 1 && output 'validations/a b/+%&.csv.gz' || return 1
    same "$(head -n 1 got)" id,valid,errors || return 1
    : >empty && s3 put "$B" uploads/folder/ empty >etag # as consoles make them: no file
}
again() {
    printf 'id\n1\n2\n' >two.csv
    s3 put "$B" uploads/again.csv small.csv >etag && await 30 rows uploads/again.csv 1 && s3 put "$B" uploads/again.csv two.csv >etag &&
        await 30 rows uploads/again.csv 2 && same "$(grep -c 'again.csv: begun' log)" 2 && same "$(grep -c 'folder/' log)" 0
}
poisoned() {
    printf 'id\n"never closed\n' >bad.csv
    s3 put "$B" uploads/bad.csv bad.csv >etag && await 60 status_is "s['queue']['dead']" 1 && same "$(grep -c 'bad.csv: begun' log)" 3 || return 1
    s3 put "$B" uploads/bad.csv small.csv >etag && await 60 rows uploads/bad.csv 1 &&
        same "$(curl -sS -X POST "$URL/dlq/redrive")" '{"redriven":1}' && await 30 status_is "(s['queue']['dead'], s['messages'])" "(0, [])"
}
while_down() {
    local_down KILL
    s3 put "$B" uploads/down.csv small.csv >etag
    local_up
    await 30 rows uploads/down.csv 1 && same "$(grep -c ': begun' log)" 1
}
# The way to the server is gone for a while.
away() {
    local_down TERM
    local port
    port=$(free_port) # which stays free while nobody is there
    PROXY_PORT=$port proxy away
    local_up
    kill -9 "$PROXY_PID"
    wait "$PROXY_PID" 2>/dev/null
    await 30 grep -q 'ListObjectsV2: .*; it is tried again' log || return 1
    AWS_ENDPOINT_URL_S3=$RGW_URL s3 put "$B" uploads/away.csv small.csv >etag || return 1
    python3 "$SUPPORT/fault_proxy.py" --upstream "${RGW_URL#http://}" --dir proxy-away --port "$port" 2>proxy-away/err2 &
    PROXY_PID=$!
    # Each reason once: a request that was on its way had another one than those after it; that there are no more shows that none has
    # a text that changes.
    await 60 rows uploads/away.csv 1 && same "$(grep 'tried again' log | sort | uniq -d)" "" && [ "$(grep -c 'tried again' log)" -le 2 ]
}
# The page sends the file to the server: another origin, which the bucket has to allow (CORS).
in_browser() {
    python3 - "$B" "$URL" <<'P' || return 1
import os, boto3, sys
rule = {"AllowedMethods": ["POST"], "AllowedOrigins": [sys.argv[2]], "AllowedHeaders": ["*"]}
boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"]).put_bucket_cors(Bucket=sys.argv[1], CORSConfiguration={"CORSRules": [rule]})
P
    timeout -k 10 900 python3 - "$URL" "$T/small.csv" <<'P'
import os, sys
sys.path.insert(0, os.environ["SUPPORT"])
from webdriver import Browser
b = Browser()
b.open(sys.argv[1])
b.wait(lambda: "s3://" in b.text("#folder"))
b.type("#file", sys.argv[2])
b.wait(lambda: "uploaded as uploads/" in b.text("#uploads") or "failed" in b.text("#uploads"))
text = b.text("#uploads")
assert "uploaded as uploads/" in text, (text, b.log())
key = text.split("uploaded as uploads/")[1].split(".csv")[0]
b.wait(lambda: key in b.text("#validated"))
assert b.run("return document.querySelectorAll('#validated a').length") == 0
assert b.log() == [], b.log()
b.close()
P
}
wrong() {
    status 2 "$WEIR" local --root e --bucket s3://weir-there-is-none --listen 127.0.0.1:0 && grep -q '^weir: local: s3: .*404 NoSuchBucket' err || return 1
    status 2 env AWS_ENDPOINT_URL_S3="file://$T" "$WEIR" local --root e --bucket "s3://$B" && grep -q -- '--root takes one' err || return 1
    status 2 env AWS_REGION= AWS_DEFAULT_REGION= "$WEIR" local --root e --bucket "s3://$B" && status 2 "$WEIR" local --root e --bucket s3://x && same "$(wc -l <err)" 1
}

local_up
step "weir upload through a form of the server's, and the validated object is there" form
step "forms are checked by the server; nothing is taken here" refused
step "an object that is put there is validated, whatever its key; a folder's mark is none" put
step "an object is announced once, and again when it is another one" again
step "a poisoned object is in the dead-letter queue after 3 receives; a redrive sends it back" poisoned
if [ $ASAN -ne 0 ] || ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    skip "the page uploads to the server" "skipped: sanitized, or no chromium with its driver"
else
    step "the page uploads to the server, which allows it" in_browser
fi
local_down TERM
local_up
step "kill -9 of weir local: what came meanwhile is found, what was done is not done again" while_down
local_down KILL
local_up
step "a server that is away is told of once, and gone on with" away
proxy_end
local_down TERM
step "a bucket that is not there, a folder in the place of S3, no region: a 2" wrong
sanitized() { ! grep -lE 'ERROR: (Address|Leak|Undefined)|runtime error:' "$T"/log; }
step "no sanitizer has found anything" sanitized
finish
