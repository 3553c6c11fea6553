#!/usr/bin/env python3
"""Is a log of `weir invoke` what CloudWatch can read? log_check.py LOG [--json] [NAME=VALUE...]

Every line of the Embedded Metric Format is held to its specification. --json: all lines of the function are JSON objects with
timestamp, level, requestId and message, too. NAME=VALUE: the sum of that metric over the log.
"""
import datetime
import json
import re
import sys

PLATFORM = re.compile(r"^(START|END|REPORT) RequestId: ")
LEVELS = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}


def check_metrics(doc):
    aws = doc["_aws"]
    assert set(aws) == {"Timestamp", "CloudWatchMetrics"}, aws
    now = datetime.datetime.now().timestamp() * 1000
    assert isinstance(aws["Timestamp"], int) and now - 3600e3 < aws["Timestamp"] <= now + 1, aws["Timestamp"]
    for directive in aws["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}, directive
        assert 1 <= len(directive["Namespace"]) <= 255
        for dimensions in directive["Dimensions"]:
            assert 1 <= len(dimensions) <= 30
            for name in dimensions:
                assert isinstance(doc[name], str) and 1 <= len(doc[name]) <= 1024, name
        assert 1 <= len(directive["Metrics"]) <= 100
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"} and metric["Unit"] in ("Count", "Bytes", "Milliseconds"), metric
            assert isinstance(doc[metric["Name"]], (int, float)), metric
    return {m["Name"]: doc[m["Name"]] for d in aws["CloudWatchMetrics"] for m in d["Metrics"]}


def check_line(doc):
    datetime.datetime.strptime(doc["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert doc["level"] in LEVELS, doc
    assert isinstance(doc["message"], str) and doc["message"], doc
    assert re.fullmatch(r"[0-9a-f-]{36}", doc["requestId"]), doc
    assert ("errorType" in doc) == ("errorMessage" in doc) == ("stackTrace" in doc), doc
    assert "errorType" not in doc or doc["level"] == "ERROR", doc


def main():
    path, *rest = sys.argv[1:]
    as_json, sums, documents, lines = "--json" in rest, {}, 0, 0
    for line in open(path, encoding="utf-8"):
        if PLATFORM.match(line):
            continue
        lines += 1
        doc = json.loads(line) if as_json or line.startswith("{") else {}
        if "_aws" in doc:
            documents += 1
            for name, value in check_metrics(doc).items():
                sums[name] = sums.get(name, 0) + value
        elif as_json:
            check_line(doc)
    assert lines > 0, "the function logged nothing"
    for want in rest:
        name, _, value = want.partition("=")
        if name != "--json":
            assert sums.get(name) == int(value), f"{name} is {sums.get(name)}, expected {value} (of {documents} documents)"


main()
