#!/bin/bash
# Does `weir cp` copy every pair of ends, byte for byte, name what it writes as cp does, and refuse in one line what cannot be?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

mkdir -p store/bkt in
export AWS_ENDPOINT_URL_S3=file://$T/store
head -c 300000 /dev/urandom >in/data.bin
: >in/empty

same_bytes() { cmp "$1" "$2"; }

# ---- every pair of ends; an empty one, too ----

for what in data.bin empty; do
    f=in/$what
    check "file to file: $what" bash -c '"$WEIR" cp "$0" out.$$ && cmp "$0" out.$$ && rm out.$$' $f
    check "file to object to stdout: $what" bash -c '"$WEIR" cp "$0" s3://bkt/a/b.bin && "$WEIR" cp s3://bkt/a/b.bin - | cmp "$0" -' $f
    check "stdin to object to file: $what" bash -c '"$WEIR" cp - s3://bkt/c.bin <"$0" && "$WEIR" cp s3://bkt/c.bin got && cmp "$0" got' $f
    check "a pipe to stdout: $what" bash -c 'cat "$0" | "$WEIR" cp - - | cat | cmp "$0" -' $f
    check "object to object: $what" bash -c '"$WEIR" cp s3://bkt/c.bin s3://bkt/d.bin && cmp "$0" store/bkt/d.bin' $f
done
check "edges of one byte change nothing" bash -c 'head -c 5000 in/data.bin >in/few; WEIR_EDGE_BYTES=1 "$WEIR" cp in/few s3://bkt/few && cmp in/few store/bkt/few'

# ---- names, as cp(1) and aws s3 cp give them ----

mkdir folder
named() { # named DST FILE
    check "cp in/data.bin $1 makes $2" bash -c '"$WEIR" cp in/data.bin "$0" && cmp in/data.bin "$1" && rm "$1"' "$1" "$2"
}
named folder folder/data.bin
named folder/ folder/data.bin
named s3://bkt store/bkt/data.bin
named s3://bkt/ store/bkt/data.bin
named s3://bkt/x/ store/bkt/x/data.bin
named s3://bkt/x/y store/bkt/x/y
cp in/data.bin store/bkt/name.bin
check "an object's name, too" bash -c '"$WEIR" cp s3://bkt/name.bin folder && cmp in/data.bin folder/name.bin'
check "an existing file is replaced" bash -c 'echo old >o && "$WEIR" cp in/data.bin o && cmp in/data.bin o'

# ---- what it says ----

check "nothing is said where nobody asked" bash -c 'said=$("$WEIR" cp in/data.bin o 2>&1) && [ -z "$said" ]'
check "--json: one line" bash -c '"$WEIR" cp in/data.bin o --json | python3 -c "import json, sys; d = json.load(sys.stdin); assert d[\"bytes\"] == 300000 and d[\"ms\"] >= 0, d"'
check "--json beside the data on stdout goes to stderr" bash -c '"$WEIR" cp in/data.bin - --json 2>e | cmp in/data.bin - && grep -q "\"bytes\":300000" e'
check "-v: a line on stderr" bash -c 'said=$("$WEIR" cp -v in/data.bin o 2>e) && [ -z "$said" ] && grep -q "^weir: cp: in/data.bin to o: 300.0 kB in " e'
check "weir help cp" bash -c '"$WEIR" help cp | grep -q "^usage: weir cp SRC DST"'

# ---- what cannot be: the status, one line, nothing written ----

refuse() { # refuse NAME STATUS TEXT ARGS...
    local name=$1 want=$2 text=$3
    shift 3
    check "$name: status $want" status "$want" "$WEIR" cp "$@"
    check "$name: one line" same "$(grep -c '^weir: cp: ' err) $(wc -l <err)" "1 1"
    check "$name: it says why" grep -qE -- "$text" err
}
refuse "no arguments" 2 'no SRC'
refuse "no DST" 2 'no DST' in/data.bin
refuse "a third argument" 2 'extra' in/data.bin o extra
refuse "a file that is not there" 2 'in/none' in/none new
refuse "an object that is not there" 2 's3://bkt/none.*404' s3://bkt/none new
refuse "a bucket that is not there" 2 '404' in/data.bin s3://no-such-bucket/new
refuse "a folder as SRC" 2 'in: is a folder; cp takes one' in new
refuse "a folder into a bucket" 2 'in/: is a folder; cp takes one' in/ s3://bkt
refuse "a folder that is not there" 2 'nowhere' in/data.bin nowhere/new
refuse "stdin into a folder" 2 'stdin has no name' - folder
refuse "stdin into a bucket" 2 'stdin has no name' - s3://bkt
refuse "a source without a name" 2 'no name' s3://bkt/x/ folder
refuse "a source named .." 2 'no name' s3://bkt/x/.. folder
refuse "another scheme" 2 'data lies at' https://example.com/x new
refuse "a file onto itself" 2 'the same' in/data.bin in/../in/data.bin
refuse "a file into its own folder" 2 'the same' in/data.bin in
refuse "an object onto itself" 2 'the same' s3://bkt/name.bin s3://bkt/name.bin
refuse "an object into its own folder" 2 'the same' s3://bkt/name.bin s3://bkt
refuse "a header's value with a line break" 2 'content-type' in/data.bin s3://bkt/new --content-type $'a\nb'
check "none of them wrote a thing" gone new
check "nor an object" gone store/bkt/new
check "and no temporary file is left" same "$(find . -name '.weir-*')" ""
AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 refuse "no credentials" 2 'AWS_' - s3://bkt/new

# ---- a full disk, a reader that goes away, a signal ----

check "a full disk: status 3" status 3 "$WEIR" cp in/data.bin /dev/full
check "a file that may not grow so far: status 3" bash -c 'ulimit -f 100; "$WEIR" cp in/data.bin limited 2>e; [ $? -eq 3 ] && grep -q "file too large" e && ! ls -A | grep -qE "^(limited|[.]weir-)"'
check "a reader that goes away: status 3, one line" bash -c '"$WEIR" cp /dev/zero - 2>e | head -c 10 >/dev/null; [ "${PIPESTATUS[0]}" = 3 ] && [ "$(wc -l <e)" = 1 ]'
mkfifo slow
"$WEIR" cp slow s3://bkt/signalled &
pid=$!
exec 7>slow
echo some >&7
begun() { [ -n "$(find store/bkt -name '.weir-*')" ]; }
check "a copy is begun" until_true 30 begun
kill -TERM $pid
wait $pid
check "SIGTERM: status 143" same $? 143
exec 7>&-
check "SIGTERM: no object" gone store/bkt/signalled
check "SIGTERM: no temporary file" same "$(find store -name '.weir-*')" ""
finish
