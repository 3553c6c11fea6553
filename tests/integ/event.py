#!/usr/bin/env python3
"""An SQS event on stdout: event.py ID=s3://BUCKET/KEY[@ETAG] ID=text:BODY ID=test ...

Each argument is one message. s3:// makes an S3 notification of an ObjectCreated:Put, its key form-encoded as S3 does it;
text: is taken as the body as it is; test is the s3:TestEvent that S3 sends when notifications are set up.
"""
import json
import sys
import urllib.parse


def notification(url):
    bucket, _, rest = url[len("s3://"):].partition("/")
    key, _, etag = rest.partition("@")
    obj = {"key": urllib.parse.quote_plus(key, safe="/"), "sequencer": "0055AED6DCD90281E5"}
    if etag:
        obj["eTag"] = etag
    return json.dumps({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2024-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "test",
               "bucket": {"name": bucket, "arn": "arn:aws:s3:::" + bucket}, "object": obj}}]})


def body(spec):
    if spec.startswith("s3://"):
        return notification(spec)
    if spec.startswith("text:"):
        return spec[len("text:"):]
    if spec == "test":
        return json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2024-01-01T00:00:00.000Z",
                           "Bucket": "b", "RequestId": "r", "HostId": "h"})
    raise SystemExit("event.py: what is " + spec)


records = []
for arg in sys.argv[1:]:
    name, _, spec = arg.partition("=")
    records.append({
        "messageId": name, "receiptHandle": "h-" + name, "body": body(spec), "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {}, "md5OfBody": "0", "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:uploads", "awsRegion": "us-east-1"})
json.dump({"Records": records}, sys.stdout)
