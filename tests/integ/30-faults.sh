#!/bin/bash
# When the server fails in the middle, is the right message reported, and is nothing published or left behind?
# The proxy between weir and the server does the harm, bound to bytes and requests, never to clocks.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
unset RGW_DIR # the gateway is killed here: not the one that other scripts use
need_rgw

# 24 MB in and 24 MB out: two whole parts and a rest, so an upload is open from the first third on.
bkt=$(bucket faults)
data faults 24MB --shape var --invalid 1% --seed 31
in=$DATA/faults.csv truth=$DATA/faults.truth
s3 put "$bkt" uploads/events.csv "$in" >/dev/null
export WEIR_S3_RETRY_BASE_MS=100 # pauses of a tenth
plain=(-- --env 'WEIR_OUTPUT_KEY=validations/{stem}.csv')
kill_rgw="'$SUPPORT/radosgw.sh' kill-rgw '$RGW_DIR'"
restart_rgw="'$SUPPORT/radosgw.sh' restart-rgw '$RGW_DIR'"

run() { invoke "$1" "m1=s3://$bkt/uploads/events.csv" "${plain[@]}"; }

# nothing NAME: the message failed and nothing is there
nothing() {
    check "$1: the message is reported" expect_failures "$1" m1
    check "$1: no output object" no_object "$bkt" validations/
    check "$1: no multipart upload is left" no_uploads "$bkt"
}

# whole_or_nothing NAME: a fault that may be got over: then the output must be right, else there must be none
whole_or_nothing() {
    local failed
    failed=$(failures "$1") || { not_ok "$1: no response"; return; }
    if [ -z "$failed" ]; then
        rm -f got.csv
        s3 get "$bkt" validations/events.csv got.csv
        check "$1: got over, and every row is right" check_output "$in" got.csv --truth "$truth"
        s3 rm "$bkt" validations/events.csv
        check "$1: no multipart upload is left" no_uploads "$bkt"
    else
        nothing "$1"
    fi
}

# whole NAME: a fault that must be got over
whole() {
    check "$1: no message failed" expect_failures "$1" ""
    whole_or_nothing "$1"
}

# ---- the server is killed in mid-stream ----

# Away until the abort has been tried once in vain.
proxy kill1 "method=GET;path=/uploads/;times=1;run-at=18000000:$kill_rgw" \
    "method=DELETE;query=uploadId;times=1;drop" "method=DELETE;query=uploadId;times=1;run=$restart_rgw" \
    "method=GET;query=uploads;times=1;drop" "method=GET;query=uploads;times=1;run=$restart_rgw"
run kill1
check "kill1: an upload was open when the server died" saw POST '"query": "uploads'
proxy_end
"$SUPPORT/radosgw.sh" restart-rgw "$RGW_DIR" # whatever happened, the next case needs it
whole_or_nothing kill1

# Back at the first attempt to resume.
proxy kill2 "method=GET;path=/uploads/;times=1;run-at=18000000:$kill_rgw" "method=GET;path=/uploads/;times=1;run=$restart_rgw" \
    "method=PUT;query=partNumber;times=1;skip=2;run=$restart_rgw" "method=DELETE;query=uploadId;times=1;run=$restart_rgw"
run kill2
proxy_end
"$SUPPORT/radosgw.sh" restart-rgw "$RGW_DIR"
whole_or_nothing kill2

# The message comes again, as SQS would send it.
run again
whole again

# ---- bodies cut short ----

proxy cut-once "method=GET;path=/uploads/;times=1;cut=10000000"
run cut-once
check "cut-once: the rest came by a range" saw GET '"status": 206'
proxy_end
whole cut-once
proxy cut-always "method=GET;path=/uploads/;cut=18000000"
run cut-always
check "cut-always: an upload was open" saw POST '"query": "uploads'
check "cut-always: it was aborted" saw DELETE uploadId
proxy_end
nothing cut-always
proxy cut-early "method=GET;path=/uploads/;cut=0"
run cut-early
proxy_end
nothing cut-early

# ---- errors of the server ----

proxy part-500-once "method=PUT;query=partNumber=2;times=1;status=500"
run part-500-once
check "part-500-once: the part was refused" saw PUT '"status": 500'
proxy_end
whole part-500-once
proxy once-each "method=GET;path=/uploads/;times=1;status=500" "method=POST;query=uploads;times=1;status=500" \
    "method=PUT;query=partNumber=1;times=2;drop" "method=POST;query=uploadId;times=1;status=200"
run once-each
proxy_end
whole once-each
proxy part-500-always "method=PUT;query=partNumber=2;status=500"
run part-500-always
check "part-500-always: the upload was aborted" saw DELETE uploadId
check "part-500-always: the attempts are bounded" bash -c 'n=$(grep -c "partNumber=2" "$0") && [ "$n" -le 10 ]' "$PROXY_LOG"
proxy_end
nothing part-500-always
proxy part-drop-always "method=PUT;query=partNumber=1;drop"
run part-drop-always
proxy_end
nothing part-drop-always
proxy get-500-always "method=GET;path=/uploads/;status=500"
run get-500-always
proxy_end
nothing get-500-always
proxy create-500-always "method=POST;query=uploads;status=500"
run create-500-always
proxy_end
nothing create-500-always
proxy complete-500-always "method=POST;query=uploadId;status=500"
run complete-500-always
proxy_end
nothing complete-500-always
# CompleteMultipartUpload may answer 200 and then an error.
proxy complete-late-error "method=POST;query=uploadId;status=200"
run complete-late-error
proxy_end
nothing complete-late-error
# A small output goes in one PUT.
head -n 50 "$in" >tiny.csv
s3 put "$bkt" uploads/tiny.csv tiny.csv >/dev/null
proxy put-500-always "method=PUT;path=/validations/;status=500"
invoke put-500-always "m1=s3://$bkt/uploads/tiny.csv"
proxy_end
nothing put-500-always

# ---- a bad message beside a good one, and a fault that hits one of two ----

invoke batch "bad=text:{not json" "good=s3://$bkt/uploads/events.csv" "${plain[@]}"
check "batch: the bad message alone" expect_failures batch bad
s3 get "$bkt" validations/events.csv got.csv
check "batch: the good one's output is right" check_output "$in" got.csv --truth "$truth"
s3 rm "$bkt" validations/events.csv
proxy one-of-two "method=GET;path=/uploads/events.csv;cut=18000000"
invoke one-of-two "m1=s3://$bkt/uploads/events.csv" "m2=s3://$bkt/uploads/tiny.csv" "${plain[@]}"
proxy_end
check "one-of-two: the one that was hit" expect_failures one-of-two m1
check "one-of-two: the other's output alone" same "$(s3 ls "$bkt" validations/ | cut -d ' ' -f 2)" validations/tiny.csv
check "one-of-two: no multipart upload is left" no_uploads "$bkt"

# ---- the command: exit 3, nothing left, what was there is kept ----

echo old >old.csv
proxy cli "method=GET;path=/uploads/;cut=18000000"
check "weir validate: exit 3 when the input is cut" status 3 "$WEIR" validate "s3://$bkt/uploads/events.csv" -o old.csv -s "$SCHEMA"
check "weir validate: one line says so" same "$(grep -c '^weir: ' err) $(wc -l <err)" "1 1"
check "weir validate: the existing output is kept" same "$(cat old.csv)" old
check "weir validate: exit 3, s3 to s3" status 3 "$WEIR" validate "s3://$bkt/uploads/events.csv" -o "s3://$bkt/cli/out.csv" -s "$SCHEMA"
proxy_end
check "weir validate: no object" no_object "$bkt" cli/
check "weir validate: no multipart upload is left" no_uploads "$bkt"
finish
