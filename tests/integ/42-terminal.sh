#!/bin/bash
# What does somebody see who sits at a terminal: is what was done said in words, and does a line show how far it is, which is gone
# when it is done?
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"
export TERM=xterm
unset NO_COLOR
ERASE=$'\r\e[K'
printf 'id,email\n1,a@b.c\nx,a@b.c\n' >in.csv
printf '{"properties":{"id":{"type":"integer","format":"none"}}}' >s.json
head -c 3000000 /dev/zero >big

# on_terminal STATUS [ARGS-OF-TERMINAL.PY...] COMMAND...: what it shows is in ./shown
on_terminal() {
    local want=$1 rc
    shift
    timeout -k 10 300 python3 "$INTEG/terminal.py" "$@" >shown
    rc=$?
    [ "$rc" -eq "$want" ] || { echo "exit $rc, expected $want: $*"; cat -v shown; return 1; }
}
# shows TEXT: the escape is written as ^[
shows() { cat -v shown | grep -qE -- "$1" || { echo "not shown: $1, but:"; cat -v shown; return 1; }; }

# stays: what is to be seen at the end. Whatever takes longer, on a busy machine all of these, has drawn how far it was before that.
stays() { sed 's/.*\r\x1b\[K//' shown; }

# ---- in words ----

words() { # words STATUS LINE COMMAND...: its last line
    local want=$1 line=$2
    shift 2
    on_terminal "$want" "$@" </dev/null || return 1
    stays | tail -n 1 | grep -qE "^($line)\$" || fail "not \"$line\": $(cat -v shown)"
}
S='[0-9]+\.[0-9]{3} s'
check "validate" words 1 "2 rows: 1 valid, 1 invalid \(25 B in, 73 B out, $S\)" "$WEIR" validate in.csv -o out.csv -s s.json
check "validate, to stdout" words 1 "2 rows: 1 valid, 1 invalid \(25 B in, 73 B out, $S\)" --stdout rows.csv "$WEIR" validate in.csv -o - -s s.json
echo '{}' >any.json
printf 'a\n1\n' >one.csv
check "validate, of one row" words 0 "1 row: 1 valid, 0 invalid \([^)]*, $S\)" "$WEIR" validate one.csv -o out.csv -s any.json
check "archive" words 0 "1 entry \(6 B in, [0-9]+ B out, $S\)" "$WEIR" archive -o a.zip -- echo hello
check "zip" words 0 "2 entries \([^)]*, $S\)" "$WEIR" zip -o z.zip in.csv s.json
check "elb-logs" words 1 "3 lines: 0 parsed, 3 rejected, 3 confirmed \(25 B in, $S\)" "$WEIR" elb-logs in.csv --to -
json() { words 1 '\{"rows":2,.*' "$WEIR" validate in.csv -o out.csv -s s.json --json; }
check "and in JSON for who asks for it" json

# ---- the line of progress ----

rows() { # half of them come when the first half has been told of
    (cat in.csv; yes 2,a@b.c | head -n 30000) | on_terminal 1 --until "${ERASE}validate" "$WEIR" validate - -o out.csv -s s.json
    shows '\^\[\[Kvalidate .*\^\[\[K30002 rows: 30001 valid' && same "$(wc -l <out.csv)" 30003
}
check "how far it is is drawn again and again, and gone at the end" rows
bar() { # bar COLUMNS LONGEST: of what is known how much it is
    on_terminal 0 --columns "$1" --until "$ERASE" --stdout copy "$WEIR" cp big - </dev/null && cmp big copy || return 1
    tr '\r' '\n' <shown | sed 's/\x1b\[[0-9;]*[mK]//g' >lines
    grep -q 'cp  *[0-9]*%' lines || { cat -v lines; return 1; }
    [ "$(wc -L <lines)" -le "$2" ] || { echo "$(wc -L <lines) columns of $1"; cat -v lines; return 1; }
}
check "the line fits 40 columns" bar 40 39
check "80 where the terminal does not say" bar 0 79
colored() { bar 100 99 && shows '% \^\[\[36m\[' ; }
check "a bar has a colour" colored
plain() { export NO_COLOR=1; bar 100 99 && shows '% \[' && ! grep -q $'\e\\[[0-9;]*m' shown; }
check "NO_COLOR takes it away" plain
dumb() {
    TERM=dumb on_terminal 0 --until "$(printf 'cp ')" --stdout copy "$WEIR" cp --progress big - </dev/null && cmp big copy && ! grep -q $'\e' shown && shows '^cp .*B'
}
check "a terminal that cannot draw gets lines, for who asks for them" dumb

# ---- more of it ----

echo '{"name":"x"}' >hello.json
verbose() { # verbose TEXT COMMAND...
    on_terminal 0 "${@:2}" </dev/null || return 1
    stays | grep -qE "$1" || fail "not \"$1\": $(cat -v shown)"
}
check "generate -v" verbose '^weir: generate: [0-9]+ rows, [0-9]+ of them invalid, [0-9]+ bytes, [0-9]+ ms$' "$WEIR" generate -v -o g.csv --size 10kB
check "archive -v, which shows what the program says" verbose '^said$' "$WEIR" archive -v -o v.zip -- sh -c 'echo said >&2'
beside() { # the program reads on when the line has been drawn; in the middle of what it says there is time for many
    (echo 1; echo 2) | on_terminal 0 --until "${ERASE}archive" "$WEIR" archive -v -o v.zip -- \
        sh -c 'read -r a; read -r b; printf "it " >&2; sleep 0.5; echo said >&2' || return 1
    stays | grep -q '^it said$' || fail "$(cat -v shown)"
}
check "a line of its own, whole, where progress was drawn" beside
kept() { # a bucket that takes no part, nor the end of an upload
    python3 "$SUPPORT/s3_fault_server.py" --bucket b --fault UploadPart:403 --fault AbortMultipartUpload:403 >s3.log &
    until_true 20 test -s s3.log || return 1
    head -c 15000000 /dev/zero | AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(head -n 1 s3.log) AWS_ACCESS_KEY_ID=AKIAFAULT \
        AWS_SECRET_ACCESS_KEY=fault-secret AWS_REGION=us-east-1 on_terminal 3 --until "${ERASE}cp" "$WEIR" cp - s3://b/key || return 1
    stays | grep -q '^weir: cp: .*may be left open' || fail "$(cat -v shown)"
}
check "so has what a failure leaves behind" kept
[ "$ASAN" -eq 1 ] || check "tune, run by run" verbose '^weir: tune: 256 MB: run 2: [0-9.]+ ms$' "$WEIR" tune hello.json --handler hello --memory 128,256 --num 2
finish
