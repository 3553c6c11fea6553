#!/usr/bin/env python3
"""A real S3 client (boto3) for the tests: s3.py VERB ARGS; endpoint and keys come from the AWS_* variables.

  mb BUCKET                make a bucket
  put BUCKET KEY FILE [NAME=VALUE]...   prints the ETag, without its quotes; with metadata
  get BUCKET KEY FILE
  rm BUCKET KEY
  ls BUCKET [PREFIX]       "SIZE KEY" per line
  head BUCKET KEY          "SIZE ETAG TYPE ENCODING"; exit 4 when there is none
  url BUCKET KEY           a presigned URL to GET it, for a day
  uploads BUCKET           "KEY UPLOADID" per open multipart upload
"""
import os
import sys

# Old gateways know no trailing checksums.
os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import boto3  # noqa: E402
from boto3.s3.transfer import TransferConfig  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402


def main(argv):
    if len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    s3 = boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 8}),
    )
    verb, args = argv[0], argv[1:]
    if verb == "mb":
        s3.create_bucket(Bucket=args[0])
    elif verb == "put":
        # One PUT: its ETag is stable, and the source is one object in the gateway.
        cfg = TransferConfig(multipart_threshold=4 << 30)
        s3.upload_file(args[2], args[0], args[1], Config=cfg, ExtraArgs={"Metadata": dict(a.split("=", 1) for a in args[3:])})
        print(s3.head_object(Bucket=args[0], Key=args[1])["ETag"].strip('"'))
    elif verb == "get":
        s3.download_file(args[0], args[1], args[2])
    elif verb == "rm":
        s3.delete_object(Bucket=args[0], Key=args[1])
    elif verb == "ls":
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=args[0], Prefix="".join(args[1:2])):
            for o in page.get("Contents", []):
                print(o["Size"], o["Key"])
    elif verb == "head":
        try:
            h = s3.head_object(Bucket=args[0], Key=args[1])
        except ClientError as e:
            print(e.response["Error"]["Code"], file=sys.stderr)
            return 4
        print(h["ContentLength"], h["ETag"].strip('"'), h.get("ContentType", "-"), h.get("ContentEncoding", "-"))
    elif verb == "url":
        print(s3.generate_presigned_url("get_object", Params={"Bucket": args[0], "Key": args[1]}, ExpiresIn=86400))
    elif verb == "uploads":
        for u in s3.list_multipart_uploads(Bucket=args[0]).get("Uploads", []):
            print(u["Key"], u["UploadId"])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Exception as e:  # one line, not a stack
        print(f"s3.py {' '.join(sys.argv[1:])}: {e}", file=sys.stderr)
        sys.exit(3)
