#!/bin/bash
# Do SIGINT, SIGTERM and SIGHUP cancel the command with 130, 143 and 129, and is nothing left behind?
# The input is a pipe that this script holds open, so that the command is in the middle when the signal comes.
# Who runs the tests under nohup has SIGHUP ignored, and so would be what they start.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw
heeds=(env --default-signal=HUP)

data signals 12MB --shape var --invalid 1% --seed 61
in=$DATA/signals.csv
bkt=$(bucket signals)
echo '{}' >any.json

# cut SIGNAL EXPECTED CONDITION ARGS...: feed half a file, wait for the condition, send the signal, take the status
cut() {
    local signal=$1 want=$2 condition=$3 pid rc
    shift 3
    rm -f pipe
    mkfifo pipe
    # Job control gives the child the default action for SIGINT, as a shell on a terminal does.
    set -m
    "${heeds[@]}" "$WEIR" "$@" <pipe >out 2>err &
    pid=$!
    set +m
    exec 7>pipe
    head -c 11000000 "$in" >&7
    ended() { ! kill -0 "$pid"; }
    ready() { "$condition" || ended; }
    if ! until_true 60 ready || ended 2>/dev/null; then
        echo "the condition never came: $condition: $(cat err)"
        kill -s KILL "$pid" 2>/dev/null
        exec 7>&-
        return 1
    fi
    kill -s "$signal" "$pid"
    # Its input is still open: it must not wait for the end of that.
    until_true 60 ended || { echo "still there a minute after the signal"; kill -s KILL "$pid"; }
    wait "$pid"
    rc=$?
    exec 7>&-
    [ "$rc" -eq "$want" ] || { echo "exit $rc, expected $want: $(cat err)"; return 1; }
    [ "$(wc -l <err)" -le 1 ] || { echo "more than a line on stderr: $(cat err)"; return 1; }
    [ ! -s out ] || { echo "stdout has $(head -c 200 out)"; return 1; }
}

# A truth file that is a fifo without a reader: it waits, and a signal ends the wait.
fifo_truth() {
    local pid rc
    rm -f truth
    mkfifo truth
    set -m
    "${heeds[@]}" "$WEIR" generate -o o/out.csv --size 1MB --invalid 5% --truth truth 2>err &
    pid=$!
    set +m
    opened() { [ -n "$(find o -type f)" ]; } # the output is prepared, the truth comes first
    until_true 60 opened || { echo "no output was begun: $(cat err)"; return 1; }
    kill -s "$1" "$pid"
    wait "$pid"
    rc=$?
    [ "$rc" -eq "$2" ] || { echo "exit $rc, expected $2: $(cat err)"; return 1; }
}

# A credential_process that hangs: a signal ends the wait for it, and the program.
printf '#!/bin/sh\necho $$ >%s/asked\nexec sleep 600\n' "$T" >key.sh
chmod +x key.sh
printf '[default]\ncredential_process = %s/key.sh\n' "$T" >aws-config
# stuck SIGNAL EXPECTED FILE COMMAND...: once the command has made somebody write the file, who then says nothing, the signal ends it
stuck() {
    local signal=$1 want=$2 file=$3 pid rc
    shift 3
    rm -f "$file"
    set -m
    "${heeds[@]}" "$@" 2>err &
    pid=$!
    set +m
    ended() { ! kill -0 "$pid" 2>/dev/null; }
    until_true 60 test -s "$file" || { echo "nobody was asked: $(cat err)"; return 1; }
    kill -s "$signal" "$pid"
    until_true 5 ended || { echo "still there 50 s after the signal"; kill -s KILL "$pid"; }
    wait "$pid"
    rc=$?
    [ "$rc" -eq "$want" ] || { echo "exit $rc, expected $want: $(cat err)"; return 1; }
}
hanging_key() {
    stuck "$1" "$2" asked env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE="$T/aws-config" AWS_SHARED_CREDENTIALS_FILE=/dev/null \
        "$WEIR" cp any.json "s3://$bkt/key" || return 1
    [ "$(cat err)" = "weir: cp: credential_process: stopped by SIG$1" ] || { echo "stderr: $(cat err)"; return 1; }
    ! kill -0 "$(cat asked)" 2>/dev/null || { echo "the program lives"; return 1; }
}

# A name server that is asked and says nothing, for as long as a resolver waits: libcurl asks it on a thread of its own, and the
# end of a request must not wait for that thread.
printf 'nameserver 127.31.7.53\noptions timeout:30 attempts:5\n' >resolv.conf
cat >mute.py <<'EOS'
import pathlib, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.31.7.53", 53))
pathlib.Path("mute").touch()
while True:
    s.recv(512)
    pathlib.Path("heard").write_text("yes")
EOS
mute_name_server() {
    AWS_ENDPOINT_URL_S3=http://mute.example stuck "$1" "$2" heard unshare -m \
        sh -c 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"' sh "$WEIR" cp any.json "s3://$bkt/key"
}

# The function of invoke has an upload open: its first part is held up in the proxy, which sends the signal, until the upload
# was aborted. Nothing else could end it within the bound.
cat >hold.sh <<'EOS'
kill -s "$1" "$(cat invoke.pid)"
for _ in $(seq 400); do
    grep -q '"method": "DELETE"' "$2" && exit
    sleep 0.02
done
EOS
cut_invoke() {
    local signal=$1 want=$2 pid rc mib=128
    [ "$ASAN" -eq 0 ] || mib=10240
    rm -f invoke.pid
    python3 "$INTEG/event.py" "m1=s3://$bkt/uploads/in.csv" >invoke.event
    set -m
    bash -c 'echo $$ >invoke.pid; exec "$@"' - "${heeds[@]}" "$WEIR" invoke invoke.event --memory "$mib" \
        --env 'WEIR_OUTPUT_KEY=validations/{stem}.csv' >out 2>err &
    pid=$!
    set +m
    ended() { ! kill -0 "$pid"; }
    until_true 60 ended || { echo "still there after a minute"; kill -s KILL "$pid"; }
    wait "$pid"
    rc=$?
    [ "$rc" -eq "$want" ] || { echo "exit $rc, expected $want: $(cat err)"; return 1; }
    [ ! -s out ] || { echo "stdout has $(head -c 200 out)"; return 1; }
}
s3 put "$bkt" uploads/in.csv "$in" >/dev/null

mute_pid=
if unshare -m mount --bind resolv.conf /etc/resolv.conf 2>/dev/null; then
    python3 mute.py 2>/dev/null &
    mute_pid=$!
    until_true 60 eval "[ -e mute ] || ! kill -0 $mute_pid"
fi

for pair in INT:130 TERM:143 HUP:129; do
    signal=${pair%:*} status=${pair#*:}
    rm -rf o
    mkdir o
    started() { [ -n "$(find o -type f -size +1M)" ]; }
    check "$signal: a file: exit $status" cut "$signal" "$status" started validate - -o o/out.csv -s any.json
    check "$signal: a file: nothing is left" only o
    echo old >o/out.csv
    check "$signal: an existing file: exit $status" cut "$signal" "$status" started validate - -o o/out.csv -s any.json
    check "$signal: an existing file is kept, alone" only o out.csv
    check "$signal: its content too" same "$(cat o/out.csv)" old

    proxy "$signal"
    sent_part() { saw PUT partNumber=1; }
    check "$signal: S3: exit $status" cut "$signal" "$status" sent_part validate - -o "s3://$bkt/out.csv" -s any.json
    check "$signal: S3: the upload was aborted" saw DELETE uploadId
    proxy_end
    check "$signal: S3: no object" no_object "$bkt" out
    check "$signal: S3: no multipart upload is left" no_uploads "$bkt"

    proxy "invoke-$signal" "method=PUT;query=partNumber=1;times=1;run=bash hold.sh $signal proxy-invoke-$signal/requests.log"
    check "$signal: invoke: exit $status" cut_invoke "$signal" "$status"
    check "$signal: invoke: the upload was aborted" saw DELETE uploadId
    proxy_end
    check "$signal: invoke: no object" no_object "$bkt" validations
    check "$signal: invoke: no multipart upload is left" no_uploads "$bkt"

    check "$signal: a credential_process that hangs: exit $status" hanging_key "$signal" "$status"
    if [ -e mute ]; then
        check "$signal: a name server that says nothing: exit $status" mute_name_server "$signal" "$status"
    else
        skip "$signal: a name server that says nothing" "no mount namespace, or port 53 is not to be had"
    fi

    rm -rf o
    mkdir o
    check "$signal: generate, a fifo as truth: exit $status" fifo_truth "$signal" "$status"
    check "$signal: generate: nothing is left" only o

    mkdir -p "store/$bkt"
    export AWS_ENDPOINT_URL_S3=file://$T/store
    stored() { [ -n "$(find store -type f -size +1M)" ]; }
    check "$signal: directory store: exit $status" cut "$signal" "$status" stored validate - -o "s3://$bkt/out.csv" -s any.json
    check "$signal: directory store: nothing is left" only store
    export AWS_ENDPOINT_URL_S3=$RGW_URL
done
[ -z "$mute_pid" ] || kill "$mute_pid" 2>/dev/null
finish
