#!/bin/bash
# Do SIGINT and SIGTERM cancel the command with 130 and 143, and is nothing left behind?
# The input is a pipe that this script holds open, so that the command is in the middle when the signal comes.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw

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
    "$WEIR" "$@" <pipe >out 2>err &
    pid=$!
    set +m
    PIDS+=("$pid")
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

for pair in INT:130 TERM:143; do
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
    check "$signal: S3: no object" no_object "$bkt" ""
    check "$signal: S3: no multipart upload is left" no_uploads "$bkt"

    mkdir -p "store/$bkt"
    export AWS_ENDPOINT_URL_S3=file://$T/store
    stored() { [ -n "$(find store -type f -size +1M)" ]; }
    check "$signal: directory store: exit $status" cut "$signal" "$status" stored validate - -o "s3://$bkt/out.csv" -s any.json
    check "$signal: directory store: nothing is left" only store
    export AWS_ENDPOINT_URL_S3=$RGW_URL
done
finish
