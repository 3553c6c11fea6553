#!/bin/bash
# Does the built bootstrap hold out, and does it get along with every kind of server that calls itself a Runtime API?
source "$(dirname "$0")/lib.sh"

driver=$INTEG/runtime_api.py
invocations=10000
[ "$ASAN" = 0 ] || invocations=1000

runtime() { timeout -k 10 900 python3 "$driver" "$1" "$BUILD/bootstrap" "${@:2}"; }
# Its figures are shown, also when all is well.
figures() {
    local out
    out=$(runtime "$@") || { echo "$out"; return 1; }
    echo "# $out" >>figures
}

# A store that takes requests and says nothing: the time runs out in the first message, and none of the others is begun.
python3 -c '
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(64)
print(s.getsockname()[1], flush=True)
held = []
while True:
    held.append(s.accept())
' >silent.port &
until_true 20 test -s silent.port || { not_ok "the silent server does not start"; finish; }
# With the most time to tell them that there can be, two seconds; meanwhile the others run.
(
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat silent.port) AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=s AWS_REGION=us-east-1 \
        invoke deadline m1=s3://in/uploads/a.csv m2=s3://in/uploads/b.csv m3=s3://in/uploads/c.csv -- --timeout 20
) &
deadline=$!
silent() {
    same "$1" 0 || { cat deadline.log; return 1; }
    expect_failures deadline "m1 m2 m3" || return 1
    ! grep -q "Status: timeout" deadline.log || fail "the platform's time-out was first"
}

check "$invocations invocations in a row: no growth of memory or of descriptors" figures endurance "$invocations"
check "HTTP/1.0 and 1.1, chunked or not, kept open or not: all are taken" figures servers
check "SIGTERM ends a running invocation within 500 ms, without an answer" figures sigterm

# An upload is open when the signal comes, and the store does not answer to its abort: the proxy holds it until we are done.
need_rgw
data undo 12MB --shape var --invalid 1% --seed 61
bkt=$(bucket undo)
s3 put "$bkt" uploads/in.csv "$DATA/undo.csv" >/dev/null
cat >held.sh <<'EOS'
[ $# -eq 0 ] || kill -s TERM "$(cat invoke.pid)"
for _ in $(seq 3000); do
    [ ! -e released ] || exit
    sleep 0.02
done
EOS
no_answer() {
    local rc mib=128
    [ "$ASAN" -eq 0 ] || mib=10240
    python3 "$INTEG/event.py" "m1=s3://$bkt/uploads/in.csv" >undo.event
    timeout -k 5 600 bash -c 'echo $$ >invoke.pid; exec "$@"' - "$WEIR" invoke undo.event --memory "$mib" --env WEIR_UNDO_MS=350 \
        --env 'WEIR_OUTPUT_KEY=validations/{stem}.csv' >out 2>undo.log </dev/null
    rc=$?
    touch released
    same "$rc" 143 || return 1
    grep -q 'an upload may be left open' undo.log || { cat undo.log; return 1; }
}
proxy undo "method=PUT;query=partNumber=1;times=1;run=bash held.sh signal" "method=DELETE;run=bash held.sh"
check "SIGTERM with an upload open, and no answer to its abort: ended in time, and it is told" no_answer
proxy_end
wait $deadline
check "a batch whose time runs out tells which messages are not done, before the time-out" silent $?
cat figures
finish
