#!/bin/bash
# Does a real S3 server take what real clients send through the presign function's form, and nothing else?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw
export bkt
bkt=$(bucket form)
post() { python3 "$INTEG/post_form.py" "$@"; }

# form NAME [K=V...]: NAME.json, as the function answers the HTTP API's event with these settings
form() {
    local name=$1 env=()
    shift
    for s in "$@"; do env+=(--env "$s"); done
    timeout 60 "$WEIR" invoke "$ROOT/events/presign-apigw-v2.json" --handler presign --env BUCKET_NAME="$bkt" "${env[@]}" \
        >"$name.response" 2>"$name.log" </dev/null || { cat "$name.log"; return 1; }
    post form "$name.response" >"$name.json"
}
key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["fields"]["key"])' "$1.json"; }
# there NAME FILE: the object has the file's bytes and the form's content type
there() {
    s3 get "$bkt" "$(key "$1")" "$1.got" && cmp "$1.got" "$2" && s3 head "$bkt" "$(key "$1")" | grep -q ' text/csv'
}
refused() { # refused STATUS...: the last answer, in ./answer
    local s
    for s in "$@"; do if [ "$(cut -d ' ' -f 1 answer)" = "$s" ]; then return 0; fi; done
    fail "answered: $(cat answer)"
}

seq 1 200000 >file.csv
for e in v2 v1 function-url; do
    check "an event of presign-$e is answered with 201" bash -c '
        n=$0; case $n in v*) n=apigw-$n ;; esac
        timeout 60 "$WEIR" invoke "'"$ROOT"'/events/presign-$n.json" --handler presign --env BUCKET_NAME=weir-demo 2>log |
            python3 "$INTEG/post_form.py" form /dev/stdin' "$e"
done
check "no BUCKET_NAME: the function does not start" bash -c '
    ! timeout 60 "$WEIR" invoke "'"$ROOT"'/events/presign-apigw-v2.json" --handler presign >out 2>err && grep -q BUCKET_NAME out err'

curl_upload() {
    local args
    mapfile -t args < <(post curl c.json file.csv)
    same "$(curl -sS -o curl.out -w '%{http_code}' "${args[@]}")" 204 && there c file.csv
}
form c
check "curl uploads" curl_upload
form p
check "boto3's HTTP client uploads" bash -c 'python3 "$INTEG/post_form.py" post p.json file.csv | grep "^204"'
check "and the object is the file" there p file.csv

if command -v node >/dev/null && node -e 'process.exit(typeof FormData === "function" && typeof Blob === "function" ? 0 : 1)'; then
    form n
    check "Node's fetch uploads a FormData" node -e '
        const fs = require("fs"), form = JSON.parse(fs.readFileSync("n.json")), data = new FormData();
        for (const [k, v] of Object.entries(form.fields)) data.append(k, v);
        data.append("file", new Blob([fs.readFileSync("file.csv")]), "file.csv");
        fetch(form.url, { method: "POST", body: data }).then((r) => { console.log(r.status); process.exit(r.status === 204 ? 0 : 1); });'
    check "and that object is the file" there n file.csv
else
    skip "Node's fetch uploads a FormData" "no node with fetch"
fi

# ---- what must not pass ----

form a
head -n 10 file.csv >small.csv
altered() {
    local name=$1 value
    value=$(python3 -c 'import json, sys; v = json.load(open("a.json"))["fields"][sys.argv[1]]
print({"key": "validations/x.csv", "Content-Type": "text/html", "bucket": "another-bucket"}.get(sys.argv[1], v[:-1] + ("0" if v[-1] != "0" else "1")))' "$name")
    post post a.json small.csv --set "$name=$value" >answer && refused 400 403
}
# Not `bucket`: this server looks at the address only, which says where the file goes; S3 compares the field, too.
names=$(post names a.json | grep -v '^bucket$')
check "a form has its fields" test "$(wc -w <<<"$names")" -ge 7
for name in $names; do check "altered: $name" altered "$name"; done
elsewhere() { python3 -c 'import json, os, sys; f = json.load(open("a.json")); f["url"] = f["url"].replace(os.environ["bkt"], sys.argv[1]); json.dump(f, sys.stdout)' "$1" >b.json && post post b.json small.csv >answer && refused 400 403; }
other=$(bucket other)
check "the form of one bucket for another" elsewhere "$other"
more() { post post a.json small.csv --set acl=public-read >answer && refused 400 403; }
check "a field that the policy does not know" more
for name in Policy X-Amz-Signature key Content-Type; do
    check "without $name" bash -c 'python3 "$INTEG/post_form.py" post a.json small.csv --drop "$0" >answer; grep -E "^4" answer' "$name"
done
nothing_came() { no_object "$bkt" "$(key a)" && no_object "$bkt" validations/; }
check "nothing came of all these" nothing_came

form large WEIR_UPLOAD_MAX_BYTES=1000
head -c 1001 file.csv >1001.csv
head -c 1000 file.csv >1000.csv
: >empty.csv
large() { post post large.json "$1" >answer && refused 400 403; }
check "a file of one byte too many" large 1001.csv
check "an empty file" large empty.csv
check "a file of just the size" bash -c 'python3 "$INTEG/post_form.py" post large.json 1000.csv | grep "^204"'

form old WEIR_UPLOAD_EXPIRES_S=1
# The server's clock decides: the form is sent until it is refused.
expired() { post post old.json small.csv >answer && refused 400 403; }
check "a form that has expired" until_true 20 expired

check "the function's log has no signature and no policy" bash -c '! grep -qE "$(python3 -c "
import json; f = json.load(open(\"c.json\"))[\"fields\"]; print(f[\"X-Amz-Signature\"] + \"|\" + f[\"Policy\"])")" c.log'
finish
