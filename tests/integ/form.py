#!/usr/bin/env python3
"""Upload forms for the tests of weir local.

form.py sign ROOT URL [key=K] [expires=SECONDS] [status=N] [max=N] [min=N]   a form signed with ROOT's own secret
form.py upload FORM FILE [set:NAME=VALUE | drop:NAME | add:NAME=VALUE | filename:NAME]...   by curl; prints the status,
                                                                       the body goes to ./upload.body
form.py cut FORM FILE BYTES     the same upload, but the connection is closed when so many bytes of it were sent
form.py pieces FORM FILE        the same upload, a pause behind the first byte of each value; prints the status
"""
import base64, datetime, hashlib, hmac, json, re, socket, subprocess, sys, time, urllib.parse

TIMEOUT_S = 300  # for a service that hangs


def load(path):
    form = json.load(open(path))
    return form.get("data", form)


def sign(root, url, options):
    o = dict(key="uploads/signed.csv", expires="600", status="", max="1000000000", min="0")
    o.update(x.split("=", 1) for x in options)
    secret = open(root + "/.weir/key").read()
    now = datetime.datetime.now(datetime.timezone.utc)
    day = now.strftime("%Y%m%d")
    fields = {
        "bucket": url.rsplit("/", 1)[1],
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"WEIRLOCAL/{day}/us-east-1/s3/aws4_request",
        "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
    }
    if o["status"]:
        fields["success_action_status"] = o["status"]
    conditions = [{k: v} for k, v in fields.items()]
    fields["key"] = o["key"]
    conditions.append(["starts-with", "$key", o["key"].replace("${filename}", "")])
    conditions.append(["content-length-range", int(o["min"]), int(o["max"])])
    expires = now + datetime.timedelta(seconds=int(o["expires"]))
    policy = {"expiration": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "conditions": conditions}
    fields["Policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    key = ("AWS4" + secret).encode()
    for part in (day, "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    fields["X-Amz-Signature"] = hmac.new(key, fields["Policy"].encode(), hashlib.sha256).hexdigest()
    print(json.dumps({"url": url, "fields": fields}))


def upload(path, file, changes):
    form = load(path)
    fields = list(form["fields"].items())
    name = "upload.csv"
    for c in changes:
        verb, rest = c.split(":", 1)
        k, _, v = rest.partition("=")
        if verb == "set":
            assert any(n == k for n, _ in fields), k
            fields = [(n, v if n == k else w) for n, w in fields]
        elif verb == "drop":
            fields = [(n, w) for n, w in fields if n != k]
        elif verb == "add":
            fields.append((k, v))
        elif verb == "filename":
            name = rest
    args = ["curl", "-sS", "--max-time", str(TIMEOUT_S), "-o", "upload.body", "-w", "%{http_code}\n"]
    for n, v in fields:
        args += ["--form-string", f"{n}={v}"]
    args += ["-F", f'file=@{file};filename="{name}"', form["url"]]
    sys.exit(subprocess.call(args))


def encode(form, file):
    """The head and the body of its POST."""
    url = urllib.parse.urlsplit(form["url"])
    body = b""
    for name, value in form["fields"].items():
        body += f'--B0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += b'--B0\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body += open(file, "rb").read() + b"\r\n--B0--\r\n"
    head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: multipart/form-data; boundary=B0\r\n\r\n"
    return (url.hostname, url.port), head.encode(), body


def cut(path, file, n):
    at, head, body = encode(load(path), file)
    s = socket.create_connection(at, TIMEOUT_S)
    s.sendall(head + body[:n])
    s.close()


def pieces(path, file):
    at, head, body = encode(load(path), file)
    s = socket.create_connection(at, TIMEOUT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(head)
    for part in re.findall(rb".*?\r\n\r\n.|.+", body, re.DOTALL):
        s.sendall(part)
        time.sleep(0.05)  # for the other end to take it for itself
    print(s.recv(65536).decode().split()[1])
    s.close()


if sys.argv[1] == "sign":
    sign(sys.argv[2], sys.argv[3], sys.argv[4:])
elif sys.argv[1] == "upload":
    upload(sys.argv[2], sys.argv[3], sys.argv[4:])
elif sys.argv[1] == "pieces":
    pieces(*sys.argv[2:])
else:
    cut(sys.argv[2], sys.argv[3], int(sys.argv[4]))
