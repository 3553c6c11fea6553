#!/bin/bash
# Is template.yaml what the service needs, do AWS's own tools take it, and does `sam build` make functions of it that work?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
[ $ASAN -eq 0 ] || { skip "the template" "a sanitized build: once is enough"; finish; }
export SCRIPT SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1
template=$ROOT/template.yaml

python3 "$INTEG/template_check.py" "$template" || FAILED=1
python3 "$INTEG/settings_check.py" "$template" || FAILED=1

# ---- docs/DEPLOY.md, "Try it before" ----

# The page's command, where the folders are as its steps leave them: what the demo lays down, what `sam build` makes.
mkdir -p page/.aws-sam/build/ValidateFunction page/build/demo/store/weir-demo/uploads
ln -s "$ROOT/events" page/events
ln -s "$BUILD/bootstrap" "$SCHEMA" page/.aws-sam/build/ValidateFunction/
"$WEIR" generate -o page/build/demo/store/weir-demo/uploads/events.csv --size 300KB --shape var --invalid 2% --seed 6 >/dev/null
tried() {
    { printf 'weir() { timeout 60 "$WEIR" "$@"; }\n'; sed -n '/^    AWS_ENDPOINT_URL_S3=.* weir invoke /,/[^\\]$/p' "$ROOT/docs/DEPLOY.md"; } >page.sh
    if ! (cd page && bash -e ../page.sh) >page.json 2>page.log </dev/null; then cat page.sh page.log; return 1; fi
    expect_failures page "" && grep -q '^REPORT ' page.log && [ -s page/build/demo/store/weir-demo/validations/events.csv.gz ]
}
check "docs/DEPLOY.md: a function is tried without AWS as the page says" tried

# ---- AWS's tools ----

# One download serves all builds. uv, because pip takes a minute over the 90 packages; where it cannot be had, nothing of this is.
tools=$ROOT/build/integ-cache/sam
get_tools() {
    [ -x "$tools/bin/sam" ] && return 0
    command -v pip >/dev/null || return 1
    rm -rf "$tools" uv
    timeout -k 5 60 pip install -q --no-input --no-compile --disable-pip-version-check --timeout 20 --retries 1 --target uv uv >pip.log 2>&1 || return 1
    export SSL_CERT_FILE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    { timeout -k 5 60 uv/bin/uv venv -q --python "$(command -v python3)" "$tools" &&
        timeout -k 5 120 uv/bin/uv pip install -q --no-cache --python "$tools/bin/python" aws-sam-cli cfn-lint; } >uv.log 2>&1 || { rm -rf "$tools"; return 1; }
}
if ! command -v sam >/dev/null && get_tools; then PATH=$tools/bin:$PATH; fi
if ! command -v cfn-lint >/dev/null; then
    skip "cfn-lint" "skipped: no cfn-lint"
else
    check "cfn-lint has nothing to say" cfn-lint "$template"
    # It can have: a bucket that waits for a queue that waits for the bucket.
    circle() {
        sed '/aws:SourceArn: !Sub$/,/- Name: /c\                aws:SourceArn: !GetAtt Bucket.Arn' "$template" >circle.yaml
        ! cfn-lint circle.yaml >circle.out 2>&1 || { fail "it has not"; return 1; }
        grep -q E3004 circle.out || { cat circle.out; return 1; }
    }
    check "and of a circle of bucket, queue and policy it has" circle
fi
if ! command -v sam >/dev/null; then
    skip "sam validate, sam build" "skipped: no sam"
    finish
fi
cd "$ROOT" || exit 1 # where samconfig.toml is
check "sam validate --lint" sam validate --lint --template "$template"

built() { # built ARCHITECTURE FUNCTION...: into $T/ARCHITECTURE
    local arch=$1 f
    shift
    sam build --template "$template" --build-dir "$T/$arch/build" --parameter-overrides "Architecture=$arch" "$@" >"$T/$arch.log" 2>&1 || { tail -n 20 "$T/$arch.log"; return 1; }
    for f in "$@"; do [ -x "$T/$arch/build/$f/bootstrap" ] || { fail "no bootstrap of $f"; return 1; }; done
}
mkdir -p "$T/x86_64" "$T/arm64"
if ! built x86_64 >"$T/sam.out" 2>&1 && grep -q 'no package lists' "$T/x86_64.log"; then
    skip "sam build" "no Debian archive within reach"
    finish
fi
functions=(PresignFunction ValidateFunction ElbLogsFunction ArchiveFunction)
contents() {
    cat "$T/sam.out"
    same "$(cd "$T/x86_64/build" && find . -type f | sort | paste -sd ' ')" \
        "$(printf '%s\n' template.yaml | cat - <(for f in "${functions[@]}"; do printf '%s\n' "$f/bootstrap" "$f/events.schema.json"; done) | sed 's|^|./|' | sort | paste -sd ' ')"
}
check "sam build: four functions, a bootstrap and the schema each" contents
for f in "${functions[@]}"; do check "x86_64: $f" "$ROOT/packaging/check-elf.sh" "$T/x86_64/build/$f/bootstrap"; done
check "sam build for arm64: its bootstrap is for that processor" bash -c '"$@" && readelf -h "$T/arm64/build/ValidateFunction/bootstrap" | grep -q AArch64' _ \
    sam build ValidateFunction --template "$template" --build-dir "$T/arm64/build" --parameter-overrides Architecture=arm64
by_hand() { make --no-print-directory ARCH=x86_64 ARTIFACTS_DIR="$T/by hand" build-PresignFunction >/dev/null && cmp "$T/by hand/bootstrap" "$T/x86_64/build/PresignFunction/bootstrap"; }
check "make build-PresignFunction makes the same" by_hand

# Where the zip cannot be made, the one that is there is taken: a system without /etc is none of Debian's.
not_debian() {
    unshare -m sh -c 'mount -t tmpfs none /etc && exec "$0" "$@"' "$ROOT/packaging/sam/artifacts.sh" x86_64 "$T/elsewhere" >"$T/elsewhere.out" 2>&1 || { cat "$T/elsewhere.out"; return 1; }
    grep -q 'as it is' "$T/elsewhere.out" && cmp "$T/elsewhere/bootstrap" "$T/x86_64/build/PresignFunction/bootstrap"
}
if unshare -m mount -t tmpfs none /etc 2>/dev/null; then
    check "on another system than Debian the zip is taken that is there" not_debian
else
    skip "on another system than Debian the zip is taken that is there" "no right to mount"
fi

# ---- what was built, with the template's settings ----

cd "$T" || exit 1
mkdir -p store/weir-demo/uploads
"$WEIR" generate -o store/weir-demo/uploads/events.csv --size 300KB --shape var --invalid 2% --seed 6 >/dev/null
"$WEIR" validate store/weir-demo/uploads/events.csv -o expected.csv -s "$SCHEMA" >/dev/null
# run FUNCTION HANDLER EVENT ARGS...: with the template's settings of it; FUNCTION.json, FUNCTION.log
run() {
    local f=$1 handler=$2 event=$3 env=() s
    shift 3
    while read -r s; do env+=(--env "$s"); done < <(python3 -c 'import os, sys; sys.path.insert(0, os.environ["SUPPORT"]); import template
print(*(f"{k}={v}" for k, v in template.Template(sys.argv[1], ApiAuthorization="NONE").environment(sys.argv[2]).items()), sep="\n")' "$template" "$f")
    [ ${#env[@]} -gt 0 ] || { fail "no settings of $f"; return 1; }
    timeout 60 "$WEIR" invoke "$ROOT/events/$event.json" --handler "$handler" --bootstrap "x86_64/build/$f/bootstrap" --memory 128 "${env[@]}" "$@" \
        >"$f.json" 2>"$f.log" </dev/null || { cat "$f.json" "$f.log"; return 1; }
}
validated() {
    AWS_ENDPOINT_URL_S3=file://$T/store run ValidateFunction validate validate-sqs-s3 && expect_failures ValidateFunction "" &&
        gzip -dc store/weir-demo/validations/events.csv.gz | cmp - expected.csv
}
check "ValidateFunction validates" validated
form() {
    run PresignFunction presign presign-apigw-v2 --env AWS_ACCESS_KEY_ID=k --env AWS_SECRET_ACCESS_KEY=s &&
        python3 "$INTEG/post_form.py" form PresignFunction.json | grep -q 'https://weir-123456789012-us-east-1.s3.us-east-1.amazonaws.com'
}
check "PresignFunction makes a form for the template's bucket" form
finish
