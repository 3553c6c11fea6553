#!/usr/bin/python3
"""Writes tests/golden/api_sign.txt: requests to an API of one's own, and what botocore signs them with.

    /usr/bin/python3 tests/support/api_sign_golden.py > tests/golden/api_sign.txt

Needs the Debian package python3-botocore; the unit test that reads the file does not. A line: URL, session token or "-", the
Authorization header. All at 2026-01-02T03:04:05Z, POST without a body, AWS_REGION ap-south-1.
"""
import datetime
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REQUESTS = [  # URL, service, region, token
    ("https://abc123.execute-api.eu-central-1.amazonaws.com/batch/generate-presigned-url", "execute-api", "eu-central-1", None),
    ("https://abc123.execute-api.cn-north-1.amazonaws.com.cn:443/prod/form", "execute-api", "cn-north-1", "TOKEN/+="),
    ("https://abc123.lambda-url.us-east-1.on.aws", "lambda", "us-east-1", None),
    ("https://abc123.lambda-url.us-east-1.on.aws/", "lambda", "us-east-1", "TOKEN"),
    ("http://127.0.0.1:9100/batch/generate-presigned-url", "execute-api", "ap-south-1", None),
    ("http://forms.example.org:80/a/b", "execute-api", "ap-south-1", "TOKEN/+="),
    ("https://x.execute-api.evil.example.org/a", "execute-api", "ap-south-1", None),
]


class Then(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return cls(2026, 1, 2, 3, 4, 5)


for url, service, region, token in REQUESTS:
    request = AWSRequest(method="POST", url=url)
    with mock.patch.object(botocore.auth.datetime, "datetime", Then):
        botocore.auth.SigV4Auth(Credentials(ACCESS, SECRET, token), service, region).add_auth(request)
    print(url, token or "-", request.headers["Authorization"], sep="\t")
