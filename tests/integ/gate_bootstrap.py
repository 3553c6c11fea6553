#!/usr/bin/env python3
"""A bootstrap that stops where a test wants it to: it waits for a file in $WEIR_GATE before each step.

    ask     GET /next           after it: the event is in `event`
    answer  POST .../response   the text in `response`, or success; with a file `error`: .../error, with the text in that
"""
import http.client, os, time

api = os.environ["AWS_LAMBDA_RUNTIME_API"]
gate = os.environ["WEIR_GATE"]


def wait(name):
    while not os.path.exists(os.path.join(gate, name)):
        time.sleep(0.02)


def put(name, data):
    with open(os.path.join(gate, name + ".tmp"), "wb") as f:
        f.write(data)
    os.rename(os.path.join(gate, name + ".tmp"), os.path.join(gate, name))


base = "/2018-06-01/runtime/invocation/"
put("started", str(os.getpid()).encode())
while True:
    wait("ask")
    c = http.client.HTTPConnection(api)
    c.request("GET", base + "next")
    r = c.getresponse()
    event = r.read()
    put("event", event)
    wait("answer")
    kind = "error" if os.path.exists(os.path.join(gate, "error")) else "response"
    try:
        answer = open(os.path.join(gate, kind), "rb").read()
    except FileNotFoundError:
        answer = b'{"batchItemFailures":[]}'
    c.request("POST", base + r.headers["Lambda-Runtime-Aws-Request-Id"] + "/" + kind, answer)
    c.getresponse().read()
