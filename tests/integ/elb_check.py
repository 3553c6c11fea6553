#!/usr/bin/env python3
"""elb_check.py LOG LINES [repeats]: are the JSON lines those of the log, each once by its id? With `repeats` a line may be there
again, as the same bytes, and a connection that broke may have left a piece of one."""
import json
import sys

repeats = len(sys.argv) > 3
want = {}
with open(sys.argv[1], "rb") as f:
    offset = 0
    for line in f:
        want[offset] = line.decode("utf-8")
        offset += len(line)
got = {}
for line in open(sys.argv[2], "rb"):
    doc = json.loads(line)
    offset = int(doc["event"]["id"].rsplit("-", 1)[1])
    if offset in got:
        assert repeats, f"offset {offset} is there twice"
        assert got[offset] == line, f"offset {offset} is there in two forms"
    got[offset] = line
    source = want.get(offset)
    assert source is not None, f"offset {offset} is no line's"
    fields = source.split(" ")
    assert doc["@timestamp"] == fields[1] and doc["aws"]["elb"]["name"] == fields[2], source
    assert doc["source"]["ip"] + ":" + str(doc["source"]["port"]) == fields[3], source
    assert doc["http"]["response"]["status_code"] == int(fields[8]), source
    assert doc["url"]["original"] in source and doc["user_agent"]["original"] in source, source
missing = sorted(set(want) - set(got))
assert not missing, f"{len(missing)} of {len(want)} lines are missing, the first at {missing[0]}"
