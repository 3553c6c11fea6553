#!/bin/bash
# Is every file in events/ an event that a test sends, are they what AWS sends, and is there one of each kind?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
export EVENTS=$ROOT/events
memory=(--memory 128)
[ "$ASAN" -eq 0 ] || memory=(--memory 10240)

used() {
    local f bad=0
    for f in "$EVENTS"/*; do
        grep -rqF --include='*.sh' --include='*.c' --include='*.py' "$(basename "$f")" "$ROOT/tests" || { echo "no test sends events/$(basename "$f")"; bad=1; }
    done
    return "$bad"
}
check "each is sent by a test" used
named() {
    local f bad=0
    for f in "$EVENTS"/*; do
        case $(basename "$f") in
        power-tuning.json) ;;
        *.json) [ -d "$ROOT/handlers/$(basename "$f" .json | cut -d - -f 1)" ] || { echo "events/$(basename "$f") begins with no handler's name"; bad=1; } ;;
        *) echo "events/$(basename "$f") is no JSON"; bad=1 ;;
        esac
    done
    return "$bad"
}
check "each begins with its handler's name" named

check "messages have the MD5 of their bodies, and ids of their own" python3 - <<'PY'
import glob, hashlib, json, os
n = 0
for path in sorted(glob.glob(os.environ["EVENTS"] + "/*.json")):
    doc = json.load(open(path))
    records = doc.get("payload", doc).get("Records", [])
    messages = [r for r in records if r.get("eventSource") == "aws:sqs"]
    assert len({m["messageId"] for m in messages}) == len(messages), path
    for m in messages:
        n += 1
        assert hashlib.md5(m["body"].encode()).hexdigest() == m["md5OfBody"], f"{path}: {m['messageId']}"
        assert {"receiptHandle", "attributes", "messageAttributes", "eventSourceARN", "awsRegion"} <= set(m), path
assert n > 15, n
PY
check "there is one of each kind" python3 - <<'PY'
import glob, json, os
kinds = set()
for path in glob.glob(os.environ["EVENTS"] + "/*.json"):
    doc, name = json.load(open(path)), os.path.basename(path).split("-")[0].removesuffix(".json")
    if "powerValues" in doc:
        kinds.add("power tuning")
    elif name == "presign":
        kinds.add("function URL" if "lambda-url" in str(doc) else "API Gateway v2" if "rawPath" in doc else "API Gateway v1" if "httpMethod" in doc else path)
    elif name in ("archive", "hello"):
        kinds.add(name + (" program" if "program" in doc else " objects" if "entries" in doc else ""))
    elif "detail" in doc:
        kinds.add(name + " EventBridge")
    else:
        for r in doc["Records"]:
            body = r.get("body", "")
            try:
                inner = json.loads(body) if body else {}
            except ValueError:
                inner = {}
            via = "SQS" if body else "SNS" if "Sns" in r else ""
            what = "SNS" if "TopicArn" in inner else "EventBridge" if "detail" in inner else "TestEvent" if inner.get("Event") == "s3:TestEvent" else "S3"
            kinds.add(f"{name} {via}+{what}" if via != "SNS" and via else f"{name} SNS" if via else f"{name} S3")
wanted = {"power tuning", "function URL", "API Gateway v1", "API Gateway v2", "archive program", "archive objects", "hello", "validate EventBridge",
          "validate SNS", "validate S3", "validate SQS+S3", "validate SQS+SNS", "validate SQS+EventBridge", "validate SQS+TestEvent",
          "elb_logs S3", "elb_logs SQS+S3"}
assert wanted <= kinds, f"there is none of {sorted(wanted - kinds)}; there are {sorted(kinds)}"
PY

# ---- power tuning: its input, and the event in it ----

check "power-tuning.json is what AWS Lambda Power Tuning takes" python3 - <<'PY'
import json, os, re
doc = json.load(open(os.environ["EVENTS"] + "/power-tuning.json"))
assert doc["powerValues"] == [128, 256, 512, 1024, 2048] and doc["num"] == 5 and doc["strategy"] == "cost", doc
assert isinstance(doc["parallelInvocation"], bool)
assert re.fullmatch(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:weir-validate", doc["lambdaARN"]), doc["lambdaARN"]
json.dump(doc["payload"], open("payload.json", "w"))
PY
payload() {
    mkdir -p store/weir-demo/uploads
    printf 'eventId\nx\n' >store/weir-demo/uploads/events.csv
    AWS_ENDPOINT_URL_S3=file://$T/store timeout 60 "$WEIR" invoke payload.json --handler validate "${memory[@]}" >payload.out.json 2>payload.log || { cat payload.log; return 1; }
    expect_failures payload.out "" && only store/weir-demo uploads/events.csv validations/events.csv.gz
}
check "and its payload is an event of validate" payload

# ---- the kinds that the functions' own tests do not send whole ----

answered() { # answered EVENT: a form
    timeout 60 "$WEIR" invoke "$EVENTS/$1.json" --handler presign "${memory[@]}" --env BUCKET_NAME=weir-demo --env AWS_ACCESS_KEY_ID=k --env AWS_SECRET_ACCESS_KEY=s \
        --env AWS_REGION=us-east-1 2>answered.log | python3 "$INTEG/post_form.py" form /dev/stdin
}
for e in presign-apigw-v1 presign-apigw-v2 presign-function-url; do check "$e is answered with a form" answered $e; done
finish
