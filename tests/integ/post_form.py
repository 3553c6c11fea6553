#!/usr/bin/env python3
"""Uploads through a presigned form with urllib3, boto3's own HTTP client, and shows what is in one.

  post_form.py form RESPONSE.json          the form in the presign function's response
  post_form.py curl FORM.json FILE         curl's arguments, one per line
  post_form.py names FORM.json             the fields' names
  post_form.py post FORM.json FILE [--set NAME=VALUE]... [--drop NAME]...
                                           prints the status, and the error's code
"""
import json
import re
import sys

import urllib3


def load(name):
    with open(name, encoding="utf-8") as f:
        return json.load(f)


def main(verb, name, *args):
    if verb == "form":
        response = load(name)
        if response["statusCode"] != 201:
            sys.exit(f"status {response['statusCode']}: {response['body']}")
        print(json.dumps(json.loads(response["body"])["data"]))
        return
    form = load(name)
    fields = dict(form["fields"])
    if verb == "curl":
        for field in fields.items():
            print("--form-string")
            print("=".join(field))
        print("-F")
        print(f"file=@{args[0]}")
        print(form["url"])
    elif verb == "names":
        print(*fields, sep="\n")
    else:
        with open(args[0], "rb") as f:
            data = f.read()
        for what, arg in zip(args[1::2], args[2::2]):
            if what == "--set":
                field, value = arg.split("=", 1)
                fields[field] = value
            else:
                del fields[arg]
        fields["file"] = ("any name.csv", data)
        answer = urllib3.PoolManager().request("POST", form["url"], fields=fields, redirect=False)
        code = re.search(rb"<Code>(\w+)</Code>", answer.data)
        print(answer.status, code[1].decode() if code else "")


main(*sys.argv[1:])
