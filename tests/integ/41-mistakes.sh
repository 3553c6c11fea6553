#!/bin/bash
# What does somebody see who makes one of the likeliest mistakes? The whole line is here, for all verbs side by side: it begins with
# the program and the verb, says what is wrong with which thing, and where it is not plain, what to do. Nothing is left behind.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

mkdir -p in/dir store/bkt
printf 'a,b\n1,2\n' >in/ok.csv
printf '{"type":"object"}' >in/ok.json
printf '{"type":' >in/broken.json
printf '{"name":"you"}' >in/hello.json
printf 'secret\n' >in/unreadable && chmod 000 in/unreadable
chmod 755 . in # for who has no rights here

V=(-o o/out -s in/ok.json)

# mistake STATUS LINE WORDS...: `weir WORDS...` ends so, and says this line alone, or with a hint behind it; o/ stays empty
mistake() {
    local want=$1 line=$2 rc
    shift 2
    rm -rf o
    mkdir o
    timeout -k 5 60 "${AS[@]}" "$WEIR" "$@" >out 2>err </dev/null
    rc=$?
    judge "$*" "$want" "$line" $rc err out
}
judge() { # judge NAME STATUS LINE RC ERR OUT
    if [ "$4" -ne "$2" ]; then not_ok "$1: exit $4, expected $2: $(head -n 3 "$5")"; return; fi
    if [ "$(cat "$5")" != "$3" ]; then not_ok "$1: not what it says:"; printf '%s\n' "$3" | diff - "$5" | sed 's/^/#   /'; return; fi
    if [ -s "$6" ]; then not_ok "$1: stdout has $(head -c 200 "$6")"; return; fi
    if [ -d o ] && [ -n "$(find o -mindepth 1)" ]; then not_ok "$1: left $(find o -mindepth 1)"; return; fi
    ok "$1: ${3:0:60}"
}
AS=()
memory=()
[ "$ASAN" -eq 0 ] || memory=(--memory 0)
usage() { echo "(see \`weir help $1\`)"; }

# ---- the command line ----

mistake 2 "weir: valdate: no such verb; did you mean validate?" valdate
mistake 2 "weir: --quiet: no such option; options come after the verb" --quiet
mistake 2 "weir: nonsense: no such verb; \`weir help\` lists them" help nonsense
for verb in validate schema cp generate invoke tune elb-logs archive zip local relay upload; do
    mistake 2 "weir: $verb: --frobnicate: no such option $(usage $verb)" $verb --frobnicate
done
mistake 2 "weir: validate: --shema: no such option; did you mean --schema? $(usage validate)" validate in/ok.csv --shema in/ok.json
mistake 2 "weir: validate: no input: name a file, s3://bucket/key or - $(usage validate)" validate
mistake 2 "weir: validate: no output: give -o OUT (-o - for stdout) $(usage validate)" validate in/ok.csv
mistake 2 "weir: validate: no schema: give -s SCHEMA $(usage validate)" validate in/ok.csv -o o/out
mistake 2 "weir: schema: nothing to do: name IN, or --check SCHEMA $(usage schema)" schema
mistake 2 "weir: cp: no SRC and no DST $(usage cp)" cp
mistake 2 "weir: cp: no DST: name where it goes $(usage cp)" cp in/ok.csv
mistake 2 "weir: generate: no output: give -o FILE (-o - for stdout) $(usage generate)" generate
mistake 2 "weir: invoke: no event: name a JSON file, or - $(usage invoke)" invoke
mistake 2 "weir: tune: no event: name a JSON file, or - $(usage tune)" tune
mistake 2 "weir: tune: no sizes: --memory 128,512,1769 $(usage tune)" tune in/hello.json
mistake 2 "weir: elb-logs: no input: name files, s3://bucket/key or - $(usage elb-logs)" elb-logs
mistake 2 "weir: elb-logs: no receiver: give --to WHERE (--to - for stdout) $(usage elb-logs)" elb-logs in/ok.csv
mistake 2 "weir: archive: no PROGRAM: name it after -- $(usage archive)" archive -o o/out
mistake 2 "weir: archive: -F: no such option; what is PROGRAM's own stands after -- $(usage archive)" archive -o o/out pg_dump -Fc db
mistake 2 "weir: zip: no FILE: name files, s3://bucket/key or - $(usage zip)" zip -o o/out
mistake 2 "weir: local: no place: give --root DIR $(usage local)" local
mistake 2 "weir: local: o/50%: no %, ? or # in the folder's path" local --root o/50% --listen 127.0.0.1:0
mkdir "a#b" a#b/old
ln -s a#b/old link
mistake 2 "weir: local: a#b/new: no %, ? or # in the folder's path" local --root a#b/new --listen 127.0.0.1:0
mistake 2 "weir: local: link: no %, ? or # in the folder's path" local --root link --listen 127.0.0.1:0
mistake 2 "weir: local: link/new: no %, ? or # in the folder's path" local --root link/new --listen 127.0.0.1:0
check "and nothing is laid into them" same "$(find a#b | sort | xargs)" "a#b a#b/old"
mistake 2 "weir: relay: no source: give --source NAME=URL $(usage relay)" relay
mistake 2 "weir: help: cp: one argument too many (see \`weir help help\`)" help zip cp
mistake 2 "weir: tune: --memory: more than 64 sizes $(usage tune)" tune in/hello.json --memory "$(seq -s , 65)"
mistake 2 "weir: tune: --svg -: stdout has the --json $(usage tune)" tune in/hello.json --memory 128 --json --svg -
mistake 2 "weir: schema: only one of IN and FILE (--config) can be stdin $(usage schema)" schema - --config -
mapfile -t many < <(yes -- --unique=a | head -n 65)
mistake 2 "weir: validate: --unique: more than 64 options of its kind $(usage validate)" validate in/ok.csv "${V[@]}" "${many[@]}"
mapfile -t many < <(seq -f --source=s%g=push: 65)
mistake 2 "weir: relay: --source: given more than 64 times $(usage relay)" relay "${many[@]}"
printf '{"sources":{%s}}' "$(seq -f '"s%g":"push:"' -s , 65)" >in/many.json
mistake 2 "weir: relay: in/many.json: more than 64 sources" relay --config in/many.json
printf '{"sources":{"a":5}}' >in/number.json
mistake 2 "weir: relay: in/number.json: /sources/a: must be a URL, or an object" relay --config in/number.json
printf '{"sources":{"a":{"unit":"ts"}}}' >in/nowhere.json
mistake 2 "weir: relay: in/nowhere.json: /sources/a/url: is missing" relay --config in/nowhere.json
mistake 2 "weir: upload: no file: name it $(usage upload)" upload
mistake 2 "weir: upload: give --url URL, or --form FORM.json $(usage upload)" upload in/ok.csv
mistake 2 "weir: validate: b.csv: one argument too many $(usage validate)" validate in/ok.csv b.csv "${V[@]}"

# ---- values ----

mistake 2 "weir: generate: --size: needs a value $(usage generate)" generate -o o/out --size
mistake 2 "weir: generate: --size: 12XB is no size (150MB, 64KiB) $(usage generate)" generate -o o/out --size 12XB
mistake 2 "weir: generate: --shape: round: must be one of seed, var, narrow $(usage generate)" generate -o o/out --shape round
mistake 2 "weir: validate: -j: 0: must be a whole number from 1 to 16 $(usage validate)" validate in/ok.csv "${V[@]}" -j 0
mistake 2 "weir: elb-logs: --compress: 10: must be a whole number from 0 to 9 $(usage elb-logs)" elb-logs in/ok.csv --to - --compress 10
kernel() { # the words are the machine's
    status 2 env WEIR_CSV_KERNEL=abacus "$WEIR" validate in/ok.csv -s in/ok.json -o o/out && [ ! -e o/out ] && [ "$(wc -l <err)" = 1 ] &&
        grep -qxE 'weir: validate: WEIR_CSV_KERNEL: must be ([a-z0-9]+, )*([a-z0-9]+ or )?[a-z0-9]+' err && return
    cat err
    return 1
}
check "a kernel that there is not" kernel
mistake 2 "weir: validate: --delimiter: ab: must be one character of ASCII, or tab, comma, semicolon, pipe, space, auto $(usage validate)" validate in/ok.csv "${V[@]}" -d ab
mistake 2 "weir: validate: --quote: auto: must be one character of ASCII, or tab, comma, semicolon, pipe, space, none $(usage validate)" validate in/ok.csv "${V[@]}" --quote auto
mistake 2 "weir: validate: --output: splitt: must be one of annotate, split, report $(usage validate)" validate in/ok.csv "${V[@]}" --output splitt
mistake 2 "weir: validate: --max-errors: -1: must be a whole number from 0 to 4503599627370495 $(usage validate)" validate in/ok.csv "${V[@]}" --max-errors -1
mistake 2 "weir: schema: --empty: same: must be one of absent, null, string $(usage schema)" schema in/ok.csv -o o/out --empty same
mistake 2 "weir: validate: --empty: same: must be one of absent, null, string $(usage validate)" validate in/ok.csv "${V[@]}" --empty same
mistake 2 "weir: invoke: --memory: lots: must be a whole number from 0 to 1048576 $(usage invoke)" invoke in/hello.json --memory lots
mistake 2 "weir: invoke: --timeout: soon is no number of seconds $(usage invoke)" invoke in/hello.json --timeout soon
mistake 2 "weir: invoke: --env: FOO is not NAME=VALUE" invoke in/hello.json --env FOO
mistake 2 "weir: tune: --memory: lots: a list of MB, 1 to 10240 each (128,512,1769) $(usage tune)" tune in/hello.json --memory lots
mistake 2 "weir: elb-logs: logstash: must begin with tcp://, tls://, lumberjack:// or lumberjack+tls://" elb-logs in/ok.csv --to logstash
mistake 2 "weir: elb-logs: tcp://h: must end with :PORT" elb-logs in/ok.csv --to tcp://h
mistake 2 "weir: local: --listen: 9100 is not ADDRESS:PORT $(usage local)" local --root o/l --listen 9100
mistake 2 "weir: local: --listen: 127.0.0.1:99999 is not ADDRESS:PORT $(usage local)" local --root o/l --listen 127.0.0.1:99999
mistake 2 "weir: relay: --listen: 127.0.0.1:99999 is not ADDRESS:PORT $(usage relay)" relay --source a=push: --listen 127.0.0.1:99999
mistake 2 "weir: relay: --source: x is not NAME=URL" relay --source x
mistake 2 "weir: relay: a: a source is http://..., https://..., file:PATH, - or push:" relay --source a=ftp://x/y
mistake 2 "weir: upload: --url: http: a URL that is neither http:// nor https://" upload in/ok.csv --url example.com

# ---- options that would do nothing ----

mistake 2 "weir: schema: --out: has no meaning with --check SCHEMA $(usage schema)" schema --check in/ok.json -o o/out
mistake 2 "weir: schema: --trim: has no meaning with --check SCHEMA $(usage schema)" schema --check in/ok.json --trim
mistake 2 "weir: schema: --formats: is for --check SCHEMA $(usage schema)" schema in/ok.csv --formats annotate
mistake 2 "weir: validate: --invalid is of --output=split alone" validate in/ok.csv "${V[@]}" --invalid o/i
mistake 2 "weir: validate: --report is of --output=report alone" validate in/ok.csv "${V[@]}" --report csv
mistake 2 "weir: validate: --unique-memory is for --unique" validate in/ok.csv "${V[@]}" --unique-memory 1MiB
mistake 2 "weir: tune: --weight: is for --strategy balanced $(usage tune)" tune in/hello.json --memory 128 --weight 0.3
mistake 2 "weir: cp: --content-type: o/out is no object (s3://bucket/key)" cp in/ok.csv o/out --content-type text/csv
mistake 2 "weir: archive: --entry: is for --format zip $(usage archive)" archive -o o/out.gz --entry x -- true
mistake 2 "weir: upload: --sign is for --url $(usage upload)" upload in/ok.csv --form in/ok.json --sign
mistake 2 "weir: elb-logs: only Lumberjack can compress, not -" elb-logs in/ok.csv --to - --compress 3

# ---- files ----

# every verb that reads one, where it is named
reads() { # reads FILE LINE: LINE is what follows the verb
    mistake 2 "weir: validate: $2" validate "$1" "${V[@]}"
    mistake 2 "weir: validate: $2" validate in/ok.csv -o o/out -s "$1"
    mistake 2 "weir: validate: $2" validate in/ok.csv "${V[@]}" --config "$1"
    mistake 2 "weir: schema: $2" schema "$1" -o o/out
    mistake 2 "weir: schema: $2" schema --check "$1"
    mistake 2 "weir: invoke: $2" invoke "$1"
    mistake 2 "weir: tune: $2" tune "$1" --memory 128
    mistake 2 "weir: relay: $2" relay --config "$1"
    mistake 2 "weir: upload: --form: $2" upload in/ok.csv --form "$1"
}
reads in/none "in/none: no such file or directory"
reads in/dir "in/dir: is a folder"
mistake 2 "weir: cp: in/none: no such file or directory" cp in/none o/out
mistake 2 "weir: cp: in/dir: is a folder; cp takes one file or object" cp in/dir o/out
mistake 2 "weir: zip: in/none: no such file or directory" zip -o o/out in/none
mistake 2 "weir: zip: in/dir: is a folder; name its files" zip -o o/out in/dir
mistake 2 "weir: elb-logs: in/none: no such file or directory" elb-logs in/ok.csv in/none --to -
mistake 2 "weir: elb-logs: in/dir: is a folder" elb-logs in/ok.csv in/dir --to -
mistake 2 "weir: upload: in/none: no such file or directory" upload in/none --url http://127.0.0.1:1/
mistake 2 "weir: upload: in/dir: not a regular file" upload in/dir --url http://127.0.0.1:1/
mistake 2 "weir: invoke: ./none: no such file or directory" invoke in/hello.json --bootstrap ./none
mistake 2 "weir: tune: ./none: no such file or directory" tune in/hello.json --memory 128 --bootstrap ./none
mistake 2 "weir: local: ./none: no such file or directory" local --root o/l --listen 127.0.0.1:0 --bootstrap ./none
mistake 2 "weir: archive: none: no such program in PATH" archive -o o/out -- none
mistake 2 "weir: archive: in/ok.csv: cannot be started: permission denied" archive -o o/out -- in/ok.csv
mistake 2 "weir: relay: a: in/none: no such file or directory" relay --source a=file:in/none --rate 1kB
mistake 2 "weir: relay: a: a file has no pace of its own: give it a rate (--rate)" relay --source a=file:in/ok.csv

# where the output cannot be
mistake 2 "weir: validate: none/out: no such file or directory" validate in/ok.csv -o none/out -s in/ok.json
mistake 2 "weir: cp: none/out: no such file or directory" cp in/ok.csv none/out
mistake 2 "weir: generate: in/dir: is a folder" generate -o in/dir --size 1kB
mistake 2 "weir: tune: none/c.svg: no such file or directory" tune in/hello.json --memory 128 --handler hello --svg none/c.svg
mistake 2 "weir: archive: none/out: no such file or directory" archive -o none/out -- true
mistake 2 "weir: local: $T/in/ok.csv/.weir: not a directory" local --root in/ok.csv
mistake 2 "weir: validate: in/ok.csv: the output would replace its input" validate in/ok.csv -o in/ok.csv -s in/ok.json
mistake 2 "weir: validate: --invalid: the same place as -o" validate in/ok.csv "${V[@]}" --output split --invalid o/out
mistake 2 "weir: validate: --summary: the same place as -o" validate in/ok.csv -o - -s in/ok.json --summary -
mistake 2 "weir: validate: --summary: the same place as --invalid" validate in/ok.csv "${V[@]}" --output split --invalid o/i --summary o/i
mistake 2 "weir: zip: ok.csv: two entries of this name" zip -o o/out -j in/ok.csv ./in/ok.csv
mistake 2 "weir: cp: in/ok.csv: SRC and DST are the same" cp in/ok.csv in/ok.csv
mistake 2 "weir: zip: in/ok.csv: is the archive itself" zip -o in/ok.csv in/ok.csv
check "and the file is as it was" same "$(cat in/ok.csv)" "$(printf 'a,b\n1,2')"

# what is not ours to read or write
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && setpriv --reuid 65534 --clear-groups test -x "$WEIR" -a -r "$T/in/ok.csv"; then
    AS=(setpriv --reuid 65534 --clear-groups)
    mistake 2 "weir: validate: in/unreadable: permission denied" validate in/unreadable -o - -s in/ok.json
    mistake 2 "weir: cp: in/unreadable: permission denied" cp in/unreadable -
    mistake 2 "weir: zip: in/unreadable: permission denied" zip -o - in/unreadable
    mistake 2 "weir: elb-logs: in/unreadable: permission denied" elb-logs in/ok.csv in/unreadable --to -
    mistake 2 "weir: upload: in/unreadable: permission denied" upload in/unreadable --url http://127.0.0.1:1/
    mistake 2 "weir: generate: o/out: permission denied" generate -o o/out --size 1kB
    AS=()
else
    skip "files without rights" "not root, or nobody cannot come here"
fi

# ---- what is in them ----

mistake 2 "weir: validate: in/broken.json: schema: line 1, column 9: the text ends too early" validate in/ok.csv -o o/out -s in/broken.json
mistake 2 "weir: validate: in/ok.csv: schema: line 1, column 1: a value is expected" validate in/ok.csv -o o/out -s in/ok.csv
mistake 2 "weir: schema: in/broken.json: schema: line 1, column 9: the text ends too early" schema --check in/broken.json
mistake 2 "weir: validate: in/broken.json: config: not JSON: the text ends too early at byte 9" validate in/ok.csv "${V[@]}" --config in/broken.json
mistake 2 "weir: relay: in/broken.json: config: not JSON: the text ends too early at byte 9" relay --config in/broken.json
mistake 2 "weir: upload: --form: not JSON: the text ends too early at byte 9" upload in/ok.csv --form in/broken.json
head -c 70000 /dev/zero >in/zeros
mistake 2 "weir: upload: --form: in/zeros: longer than 65536 bytes" upload in/ok.csv --form in/zeros
: >in/empty
mistake 2 "weir: validate: in/empty: schema: the text is empty" validate in/ok.csv -o o/out -s in/empty
mistake 2 "weir: schema: in/empty: schema: the text is empty" schema --check in/empty
mistake 2 "weir: validate: in/empty: config: the text is empty" validate in/ok.csv "${V[@]}" --config in/empty
mistake 2 "weir: upload: --form: the text is empty" upload in/ok.csv --form in/empty
printf '\xff\xfea\0,\0b\0\n\0' >in/utf-16.csv
mistake 3 "weir: validate: csv: the input is UTF-16 by its byte order mark, and its encoding was not given (encoding: utf-16)" validate in/utf-16.csv "${V[@]}"
mistake 2 "weir: upload: --form: /url: missing" upload in/ok.csv --form in/ok.json
mistake 3 "weir: archive: sleep: ended after 0.1 s (--timeout)" archive --timeout 0.1 -o o/out -- sleep 60
mistake 3 "weir: archive: false: exit status 1" archive -o o/out -- false

# ---- functions ----

# Which handlers there are is the bootstrap's to know: an error of the function, and with `local` the end of it.
check "invoke: a handler that is none: exit 1" status 1 "$WEIR" invoke in/hello.json --handler nonsense "${memory[@]}"
check "... and the handlers are named" grep -q '^ERROR Function.BadConfiguration: _HANDLER is unknown: nonsense; the handlers are: ' err
never() { # never LINE ARGS...: `weir local` says the line at its end, and ends at once
    local want=$1
    shift
    rm -rf o
    mkdir o
    status 2 timeout 120 "$WEIR" local --root o/l --listen 127.0.0.1:0 "${memory[@]}" "$@" && grep -q "^weir: local: $want" err &&
        same "$(grep -c '^weir: local: http' err)/$(grep -c '^weir: local: the function' err)" 1/1
}
check "local: a handler that is none" never "the function cannot start: _HANDLER is unknown: nonsense; the handlers are: " --handler nonsense
check "local: a schema that is not there" never "the function cannot start: .*none.json: no such file or directory" --env WEIR_SCHEMA=none.json
dies() {
    status 3 timeout 120 "$WEIR" local --root o/l --listen 127.0.0.1:0 --bootstrap "$(type -P false)" &&
        grep -q "^weir: local: the function ended with status 1$" err && ! grep -q 'started again' err
}
check "local: a program that is no bootstrap" dies
twice() {
    "$WEIR" local --root one --listen 127.0.0.1:0 "${memory[@]}" 2>one.log </dev/null &
    PIDS+=($!)
    if until_true 20 grep -q http:// one.log; then
        mistake 2 "weir: local: $T/one: another weir local runs there" local --root one --listen 127.0.0.1:0
    else
        not_ok "local: the first of two does not start: $(cat one.log)"
    fi
    kill $!
    wait $!
}
twice
if [ "$ASAN" -eq 0 ]; then
    check "tune: a handler that is none: exit 1" status 1 "$WEIR" tune in/hello.json --handler nonsense --memory 128 --num 1
    check "... and where more is said" same "$(cat err)" "weir: tune: 128 MB: function error: Function.BadConfiguration (-v shows the function's log)"
fi

# ---- S3, and other servers ----

export AWS_MAX_ATTEMPTS=1
O=s3://bkt/k
mistake 2 "weir: cp: AWS_REGION is not set, and neither is AWS_DEFAULT_REGION" cp in/ok.csv $O
export AWS_REGION=us-east-1
mistake 2 "weir: cp: AWS_ACCESS_KEY_ID is not set, and there is no profile with a key" cp in/ok.csv $O
mistake 2 "weir: validate: AWS_ACCESS_KEY_ID is not set, and there is no profile with a key" validate $O "${V[@]}"
mistake 2 "weir: upload: --sign: AWS_ACCESS_KEY_ID is not set, and there is no profile with a key" upload in/ok.csv --url http://127.0.0.1:1/ --sign
export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL_S3=http://127.0.0.1:1
mistake 3 "weir: cp: s3: $O: PutObject: http: 127.0.0.1:1: connection refused" cp in/ok.csv $O
mistake 3 "weir: cp: s3: $O: http: 127.0.0.1:1: connection refused" cp $O o/out
mistake 3 "weir: validate: s3: $O: http: 127.0.0.1:1: connection refused" validate $O "${V[@]}"
mistake 3 "weir: invoke: s3: $O: http: 127.0.0.1:1: connection refused" invoke $O
mistake 3 "weir: upload: --url: http: 127.0.0.1:1: connection refused" upload in/ok.csv --url http://127.0.0.1:1/
# No name server is asked for this one: how long one takes to answer, or not to, is not ours.
AWS_ENDPOINT_URL_S3=http://no..where mistake 3 "weir: cp: s3: $O: PutObject: http: no..where: the name does not resolve" cp in/ok.csv $O
AWS_ENDPOINT_URL_S3=nonsense mistake 2 "weir: cp: AWS_ENDPOINT_URL_S3: must begin with http://, https:// or file:///" cp in/ok.csv $O
AWS_ENDPOINT_URL_S3=file:///nonsense mistake 2 "weir: cp: store: the folder /nonsense: no such file or directory" cp in/ok.csv $O
mistake 2 "weir: cp: s3://bkt: no key (s3://bucket/key)" cp s3://bkt o/out
mistake 2 "weir: cp: http://x/y: data lies at a path, at s3://bucket/key or at -" cp http://x/y o/out
export AWS_ENDPOINT_URL_S3=file://$T/store
mistake 2 "weir: cp: store: $O: 404 NoSuchKey" cp $O o/out
mistake 2 "weir: cp: store: s3://nobucket/k: 404 NoSuchBucket" cp in/ok.csv s3://nobucket/k
mistake 2 "weir: validate: store: $O: 404 NoSuchKey" validate $O "${V[@]}"

need_rgw
export AWS_MAX_ATTEMPTS=1
B=$(bucket a)
mistake 2 "weir: cp: s3: s3://$B/k: 404 NoSuchKey" cp "s3://$B/k" o/out
mistake 2 "weir: cp: s3: s3://no-$B/k: 404 NoSuchBucket" cp "s3://no-$B/k" o/out
mistake 2 "weir: cp: s3: s3://no-$B/k: PutObject: 404 NoSuchBucket" cp in/ok.csv "s3://no-$B/k"
AWS_SECRET_ACCESS_KEY=wrong mistake 3 "weir: cp: s3: s3://$B/k: 403 AccessDenied" cp "s3://$B/k" o/out
AWS_ACCESS_KEY_ID=wrong mistake 3 "weir: cp: s3: s3://$B/k: PutObject: 403 AccessDenied" cp in/ok.csv "s3://$B/k"
check "nothing is in the bucket" no_object "$B" ""

# A server that always says that the region is another one: it is asked once more, with that, and then it is an error.
python3 - >port 2>server.err <<'PY' &
import http.server
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = do_POST = do
    def log_message(self, *args): pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
PY
PIDS+=($!)
until_true 20 test -s port
P=$(cat port)
mistake 2 "weir: relay: 127.0.0.1:$P: address already in use" relay --source a=push: --listen "127.0.0.1:$P"
taken() { status 2 "$WEIR" local --root o/l --listen "127.0.0.1:$P" && same "$(cat err)" "weir: local: --listen 127.0.0.1:$P: address already in use"; }
check "local: a port that somebody has" taken
AWS_ENDPOINT_URL_S3=http://127.0.0.1:$P mistake 3 "weir: cp: s3: $O: PutObject: 400 AuthorizationHeaderMalformed (it is in eu-west-1), after 2 attempts" cp in/ok.csv $O
unset AWS_ENDPOINT_URL_S3

# ---- full disks, and readers that have gone ----

full() { # full LINE WORDS...: stdout is a full disk; summaries are on stderr then, and no errors
    timeout -k 5 60 "$WEIR" "${@:2}" >/dev/full 2>err </dev/null
    local rc=$?
    grep '^weir: ' err >err.1
    judge "$2 on a full disk" 3 "$1" $rc err.1 /dev/null
}
rm -rf o
full "weir: validate: stdout: no space left on device" validate in/ok.csv -o - -s in/ok.json
full "weir: schema: stdout: no space left on device" schema in/ok.csv
full "weir: schema: stdout: no space left on device" schema --check in/ok.json
full "weir: cp: stdout: no space left on device" cp in/ok.csv -
full "weir: generate: stdout: no space left on device" generate -o - --size 1kB
full "weir: zip: stdout: no space left on device" zip -o - in/ok.csv
full "weir: archive: stdout: no space left on device" archive -o - -- echo x
full "weir: elb-logs: stdout: no space left on device" elb-logs in/ok.csv --to -
full "weir: invoke: stdout: no space left on device" invoke in/hello.json --handler hello --memory 0
full "weir: stdout: no space left on device" help
mistake 3 "weir: cp: /dev/full: no space left on device" cp in/ok.csv /dev/full
# A command that was copied somewhere without what it runs.
mkdir alone
cp "$WEIR" alone/weir
alone() { status 2 alone/weir "$@" && same "$(wc -l <err)" 1 && grep -q "^weir: $1: no bootstrap in /.*: name one with --bootstrap PATH\$" err; }
check "invoke without a bootstrap beside it" alone invoke in/hello.json
check "local, too" alone local --root o/l
unsaid() { # unsaid LINE WORDS...: what is done is done, though nobody can be told how much it was
    rm -rf o
    mkdir o
    timeout -k 5 60 "$WEIR" "${@:2}" >/dev/full 2>err </dev/null
    local rc=$?
    [ -s o/out ] || not_ok "$2: no output, because of its summary"
    rm -rf o
    judge "$2: no room for the summary" 0 "$1" $rc err /dev/null
}
for verb in "validate in/ok.csv -s in/ok.json" "zip in/ok.csv"; do
    # shellcheck disable=SC2086
    unsaid "weir: ${verb%% *}: the output is written, but its summary cannot be" $verb -o o/out
done
unsaid "weir: archive: the output is written, but its summary cannot be" archive -o o/out -- echo x
unsaid "weir: cp: the copy is made, but its summary cannot be written" cp --json in/ok.csv o/out

head_of() { # head_of VERB WORDS...: `weir ... | head` ends with one line, and the status 3
    "$WEIR" "$@" 2>err </dev/null | head -c 10 >/dev/null
    judge "$1 | head" 3 "weir: $1: stdout: broken pipe" "${PIPESTATUS[0]}" err /dev/null
}
"$WEIR" generate -o 5MB.csv --size 5MB --shape narrow
rm -rf o
head_of generate -o - --size 5MB
head_of cp 5MB.csv -
head_of validate 5MB.csv -o - -s in/ok.json
head_of archive -o - --format none -- seq 1 1000000
finish
