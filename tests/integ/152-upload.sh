#!/bin/bash
# weir upload through weir local: both ways to a form, what a refusal looks like, progress, interruptions.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

size=60MB
[ $ASAN -eq 0 ] || size=8MB
data upload "$size" --shape var --seed 3
BIG=$DATA/upload.csv
"$WEIR" local --root "$T/d" --listen 127.0.0.1:0 --handler hello --memory 0 2>log </dev/null &
until_true 30 grep -q 'http://127' log || { not_ok "weir local does not start: $(cat log)"; finish; }
url=$(sed -n 's|.*\(http://127.0.0.1:[0-9]*\)/.*|\1|p' log | head -n 1)
form=$url/batch/generate-presigned-url

key_of() { python3 -c 'import json; print(json.load(open("out"))["key"])'; }
by_url() {
    status 0 "$WEIR" upload "$BIG" --url "$form" && cmp "$BIG" "d/weir/$(key_of)" && same "$(python3 -c 'import json; print(json.load(open("out"))["bytes"])')" "$(wc -c <"$BIG")" && same "$(cat err)" ""
}
by_file() {
    curl -sS -X POST "$form" -o f.json && status 0 "$WEIR" upload "$BIG" --form f.json && cmp "$BIG" "d/weir/$(key_of)" || return 1
    curl -sS -X POST "$form" | python3 -c 'import json, sys; json.dump(json.load(sys.stdin)["data"], sys.stdout)' >g.json
    "$WEIR" upload "$BIG" --form - <g.json >out && cmp "$BIG" "d/weir/$(key_of)"
}
refusals() {
    curl -sS -X POST "$form" | sed 's/"key":"uploads/"key":"other/' >f.json && echo a >small.csv && status 3 "$WEIR" upload small.csv --form f.json &&
        same "$(cat err)" "weir: upload: small.csv: 403 AccessDenied: Invalid according to Policy: Policy Condition failed: [\"eq\", \"\$key\", \"uploads/$(
            grep -o 'other/[^"]*' f.json | head -n 1 | cut -d / -f 2)\"]" || return 1
    status 2 "$WEIR" upload "$BIG" --url "$url/nothing" && same "$(cat err)" "weir: upload: --url: the answer is 404, and no form" || return 1
    status 3 "$WEIR" upload "$BIG" --url "$url/status.json" || return 1
    status 3 "$WEIR" upload "$BIG" --url http://127.0.0.1:1/ && same "$(wc -l <err)" 1 || return 1
    echo '{"url":1}' >bad.json && status 2 "$WEIR" upload "$BIG" --form bad.json && status 2 "$WEIR" upload "$BIG" --form none.json &&
        status 2 "$WEIR" upload none.csv --url "$form" && status 2 "$WEIR" upload . --url "$form" && status 2 "$WEIR" upload /dev/null --url "$form" &&
        status 2 "$WEIR" upload --url "$form" && status 2 "$WEIR" upload "$BIG" && status 2 "$WEIR" upload "$BIG" --url "$form" --form f.json &&
        status 0 "$WEIR" upload --help
}
# server SCRIPT: a server of one connection c, its port in ./port and a form for it in f.json
server() {
    rm -f port
    python3 - "$1" >server.out 2>&1 <<'P' &
import os, socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
open("port.tmp", "w").write(str(s.getsockname()[1]))
os.rename("port.tmp", "port")
c, _ = s.accept()
exec(sys.argv[1])
P
    until_true 20 test -s port && echo '{"url":"http://127.0.0.1:'"$(cat port)"'/b","fields":{"key":"k"}}' >f.json
}
unready() {
    server 'c.recv(1000); c.close()' && status 3 "$WEIR" upload "$BIG" --form f.json && same "$(wc -l <err)" 1 && ! grep -q "may be there" err
}
# A front that wants IAM's signature, as API Gateway does, and then passes on what weir local answers.
by_signed_url() {
    local secret=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY signed
    PYTHONPATH=$ROOT/tests/support python3 - "$form" >front.out 2>&1 <<'P' &
import http.server, os, sys, time, types, urllib.request
import s3_verify
class Front(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = types.SimpleNamespace(method="POST", raw_path=self.path, raw_query="", headers={k.lower(): v for k, v in self.headers.items()})
        keys = {"AKIAIOSFODNN7EXAMPLE": ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a/session+token=")}
        try:
            s3_verify.verify_signature(request, keys, "eu-west-3", time.time(), "execute-api")
            status, body = 201, urllib.request.urlopen(urllib.request.Request(sys.argv[1], method="POST")).read()
        except s3_verify.Refused as e:
            status, body = 403, b'{"message":"Forbidden"}'
            print(e, flush=True)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Front)
open("front.tmp", "w").write(str(server.server_port))
os.rename("front.tmp", "front")
server.serve_forever()
P
    # shellcheck disable=SC2064  # this one
    trap "kill $!" EXIT # of the subshell that a check runs in
    until_true 20 test -s front || fail "no front: $(cat front.out)" || return 1
    signed=http://127.0.0.1:$(cat front)/prod/batch/generate-presigned-url
    export AWS_REGION=eu-west-3 AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=a/session+token=
    status 0 "$WEIR" upload "$BIG" --url "$signed" --sign && cmp "$BIG" "d/weir/$(key_of)" && same "$(cat err)" "" || fail "$(cat front.out)" || return 1
    status 3 "$WEIR" upload "$BIG" --url "$signed" && same "$(cat err)" "weir: upload: --url: the answer is 403, and no form (it may want --sign)" || return 1
    AWS_SECRET_ACCESS_KEY=wrong status 3 "$WEIR" upload "$BIG" --url "$signed" --sign && same "$(cat err)" "weir: upload: --url: the answer is 403, and no form" || return 1
    status 2 "$WEIR" upload "$BIG" --url "$signed?a=b" --sign && same "$(cat err)" "weir: upload: --sign: a URL with a query or with encoded bytes cannot be signed" || return 1
    status 2 "$WEIR" upload "$BIG" --form f.json --sign || return 1
    unset AWS_ACCESS_KEY_ID
    status 2 "$WEIR" upload "$BIG" --url "$signed" --sign && same "$(wc -l <err)" 1
}
# refuses XML: a server that has read the form and says so
refuses() {
    printf 'a,b\n1,2\n' >small.csv
    server '
d = b""
while b"--\r\n" not in d[-4:]:
    d += c.recv(65536)
body = b"""'"$1"'"""
c.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))' && status 3 "$WEIR" upload small.csv --form f.json
}
says() { # what a server says is one line of text, and bounded
    refuses '<Error><Code>EntityTooLarge</Code><Message>Your upload is&#10;too large \x1b[2J\xc2\x9b2J &amp; more</Message></Error>' &&
        same "$(cat err)" 'weir: upload: small.csv: 400 EntityTooLarge: Your upload is?too large ?[2J??2J & more' || return 1
    refuses "<Error><Code>EntityTooLarge</Code><Message>$(printf %0900d 0)</Message></Error>" && same "$(wc -l <err)" 1 &&
        [ "$(wc -c <err)" -lt 300 ] && grep -q 'EntityTooLarge: 000' err || return 1
    refuses "<Error><Code>EntityTooLarge</Code><Message>$(printf %09000d 0)</Message></Error>" &&
        same "$(cat err)" 'weir: upload: small.csv: 400 EntityTooLarge' || return 1
    refuses '<Error><Code>Not a code</Code><Message>x</Message></Error>' && same "$(cat err)" 'weir: upload: small.csv: 400'
}
lost_answer() { # nobody knows, and it says so
    server '
d = b""
while b"--\r\n" not in d[-4:]:
    d = d[-4:] + c.recv(65536)
c.close()' && status 3 "$WEIR" upload "$BIG" --form f.json && grep -q "^weir: upload: all was sent, no answer came, and the object may be there: " err && same "$(wc -l <err)" 1
}
# The key is the server's: what it would tell a terminal is not shown to one.
on_a_terminal() {
    printf 'a,b\n1,2\n' >small.csv
    server '
d = b""
while b"--\r\n" not in d[-4:]:
    d += c.recv(65536)
c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")' || return 1
    sed -i 's/"key":"k"/"key":"k\\u001b[2J\\u009b2J"/' f.json
    python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' "$WEIR" upload small.csv --form f.json --quiet >terminal </dev/null || return 1
    cat -v terminal
    grep -q '^k?\[2J??2J (8 B, ' terminal
}
# A server that stops in the middle until the progress has been seen.
slow='
got = 0
while (d := c.recv(65536)) and b"--\r\n" not in d[-4:]:
    got += len(d)
    while got > 1000000 and not os.path.exists("go"):
        time.sleep(0.02)
c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")'
progress() {
    rm -f go err
    server "$slow" || return 1
    "$WEIR" upload "$BIG" --form f.json --progress >out 2>err &
    local pid=$!
    until_true 20 grep -q '^upload' err || fail "no progress: $(cat err)" || return 1
    touch go
    wait "$pid" && same "$(key_of)" k
}
# An err of the case before would have the signal sent before there is a weir to take it.
interrupted() {
    rm -f go err
    server "$slow" || return 1
    "$WEIR" upload "$BIG" --form f.json --progress >out 2>err &
    local pid=$!
    until_true 20 grep -q '^upload' err || return 1
    kill -TERM "$pid"
    wait "$pid"
    same $? 143
}
memory() {
    local kib
    python3 -c "
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)" "$WEIR" upload "$BIG" --url "$form" >kib || return 1
    kib=$(cat kib)
    [ "$kib" -lt 40000 ] || fail "$kib KiB"
}
check "--url asks for a form and uploads through it" by_url
check "--sign asks as who the credentials are of" by_signed_url
check "--form takes it from a file or stdin, in either shape" by_file
check "a refusal is one line with S3's code and message; wrong usage is a 2" refusals
step "what a server says of it is one line, bounded, of text" says
step "a server that goes away is a 3" unready
step "an answer that was lost is told" lost_answer
step "what a key would tell a terminal is not shown to one" on_a_terminal
step "progress where it is asked for" progress
step "SIGTERM ends an upload with 143" interrupted
[ $ASAN -ne 0 ] || check "whatever the size, under 40 MB" memory
finish
