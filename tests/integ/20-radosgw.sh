#!/bin/bash
# Is the main job right, and its memory constant, against a real S3 server over HTTP in 128 MB?
# The smaller size fills every buffer that there is (its output has several parts); the larger one must not need more.
# WEIR_FULL=1: 150 MB and 1.5 GB instead of 100 MB and 250 MB.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need_rgw

if [ "$FULL" = 1 ]; then size=150MB large=1500MB; elif [ "$ASAN" = 1 ]; then size=8MB large=; else size=100MB large=250MB; fi
bkt=$(bucket main)
data "var-$size" $size --shape var --invalid 1% --seed 21
in=$DATA/var-$size.csv truth=$DATA/var-$size.truth
etag=$(s3 put "$bkt" uploads/events.csv "$in")

check "invoke: exit 0" invoke main "m1=s3://$bkt/uploads/events.csv@$etag"
check "no message failed" expect_failures main ""
s3 get "$bkt" validations/events.csv.gz main.gz
check "$size: one header, one row per row, valid right on every row" check_output "$in" main.gz --truth "$truth"
check "no multipart upload is left" no_uploads "$bkt"
check "the object says what it is" bash -c 'python3 "$INTEG/s3.py" head "$0" validations/events.csv.gz | grep -qE "text/csv|gzip"' "$bkt"
rss=$(report main 'Max Memory Used')
if [ "$ASAN" = 1 ]; then
    skip "peak memory" "a sanitized build"
else
    check "peak memory: ${rss:-?} MB of at most 40" test "${rss:-999}" -le 40
fi
check "both doors write the same bytes" bash -c '"$WEIR" validate "$0" -o local.csv.gz -s "$SCHEMA" >/dev/null; cmp local.csv.gz main.gz' "$in"
rm -f main.gz local.csv.gz

if [ -n "$large" ]; then
    data "var-$large" $large --shape var --invalid 1% --seed 22
    s3 put "$bkt" uploads/large.csv "$DATA/var-$large.csv" >/dev/null
    invoke large "m1=s3://$bkt/uploads/large.csv"
    check "$large: no message failed" expect_failures large ""
    s3 get "$bkt" validations/large.csv.gz large.gz
    check "$large: every row is right" check_output "$DATA/var-$large.csv" large.gz --truth "$DATA/var-$large.truth"
    more=$(report large 'Max Memory Used')
    check "$large: peak memory ${more:-?} MB is within 2 MB of $size's ${rss:-?} MB" test "${more:-999}" -le $((${rss:-0} + 2))
    rm -f large.gz "$DATA/var-$large.csv"
    s3 rm "$bkt" uploads/large.csv
    s3 rm "$bkt" validations/large.csv.gz
fi

# ---- keys, versions, errors of the server ----

head -n 30 "$in" >tiny.csv
"$WEIR" validate tiny.csv -o tiny.out.csv -s "$SCHEMA" >/dev/null
key='uploads/a b+c=d%20&e/é~(1)*.csv'
tag=$(s3 put "$bkt" "$key" tiny.csv)
invoke odd "m1=s3://$bkt/$key@$tag"
check "a key with every kind of character" expect_failures odd ""
s3 get "$bkt" "validations/${key#uploads/}.gz" odd.gz
check "its output lies under the same name" bash -c 'gzip -dc odd.gz | cmp - tiny.out.csv'

s3 put "$bkt" uploads/replaced.csv tiny.csv >/dev/null
invoke replaced "m1=s3://$bkt/uploads/replaced.csv@0123456789abcdef0123456789abcdef"
check "an object replaced since is no failure" expect_failures replaced ""
check "and has no output" no_object "$bkt" validations/replaced

invoke none "m1=s3://$bkt/uploads/none.csv" "m2=s3://no-such-bucket-$$/uploads/x.csv"
check "object gone, bucket gone: failures" expect_failures none "m1 m2"
AWS_SECRET_ACCESS_KEY=wrongwrongwrong invoke denied "m1=s3://$bkt/uploads/events.csv"
check "a wrong secret is a failure" expect_failures denied "m1"
check "the log tells the status and never the secret" bash -c 'grep -q 403 denied.log && ! grep -q wrongwrongwrong denied.log'

s3 put "$bkt" uploads/empty.csv /dev/null >/dev/null
invoke empty "m1=s3://$bkt/uploads/empty.csv"
check "an empty object is a failure" expect_failures empty "m1"
check "and has no output" no_object "$bkt" validations/empty
head -n 1 "$in" >header.csv
s3 put "$bkt" uploads/header.csv header.csv >/dev/null
invoke header "m1=s3://$bkt/uploads/header.csv"
check "a header alone is a file of no rows" expect_failures header ""
s3 get "$bkt" validations/header.csv.gz header.gz
check "its output is the header" check_output header.csv header.gz --rows 0

gzip -c "$in" >in.gz
s3 put "$bkt" uploads/packed.csv.gz in.gz >/dev/null
invoke packed "m1=s3://$bkt/uploads/packed.csv.gz"
check "gzip input from S3" expect_failures packed ""
s3 get "$bkt" validations/packed.csv.gz packed.gz
check "gzip input: every row is right" check_output "$in" packed.gz --truth "$truth"
rm -f in.gz packed.gz

# ---- rules: what an object names, and three outputs ----

echo '[{"prefix": "uploads/", "schemas": {"events": "events.json"}, "options": {"output": "split"}, "invalid_key": "invalid/{stem}.csv", "summary_key": "sums/{stem}.json"}]' >rules.json
s3 put "$bkt" conf/rules.json rules.json >/dev/null
s3 put "$bkt" conf/events.json "$SCHEMA" >/dev/null
tag=$(s3 put "$bkt" uploads/named.csv tiny.csv weir-schema=events)
s3 put "$bkt" uploads/misnamed.csv tiny.csv weir-schema=event >/dev/null
s3 put "$bkt" uploads/large.csv "$in" weir-schema=events >/dev/null
invoke rules "m1=s3://$bkt/uploads/named.csv@$tag" "m2=s3://$bkt/uploads/misnamed.csv" "m3=s3://$bkt/uploads/large.csv" \
    "m4=s3://$bkt/uploads/named.csv@0123456789abcdef0123456789abcdef" "m5=s3://$bkt/uploads/tiny-gone.csv" -- --env "WEIR_RULES=s3://$bkt/conf/rules.json"
check "objects that name their schema: one that has no such name fails, and one that is gone" expect_failures rules "m2 m5"
check "one that was replaced is left to its own event" grep -q 'uploads/named.csv: skipped: replaced' rules.log
split() { # split STEM INPUT: the three outputs are those of weir validate
    s3 get "$bkt" "validations/$1.csv.gz" valid.gz && s3 get "$bkt" "invalid/$1.csv" invalid.csv && s3 get "$bkt" "sums/$1.json" sum.json || return 1
    "$WEIR" validate "$2" -o valid.csv -s "$SCHEMA" --output split --invalid want.csv -q >/dev/null
    gzip -dc valid.gz | cmp - valid.csv && cmp invalid.csv want.csv && grep -q "\"invalid\":$(($(wc -l <want.csv) - 1))," sum.json
}
check "the three outputs of a small one" split named tiny.csv
check "and of $size" split large "$in"
rm -f valid.gz valid.csv invalid.csv want.csv

# ---- the command's own S3 ends ----

check "weir validate s3:// to s3://" status 1 "$WEIR" validate "s3://$bkt/uploads/events.csv" -o "s3://$bkt/cli/out.csv" -s "$SCHEMA"
s3 get "$bkt" cli/out.csv cli.csv
check "several parts, plain: every row is right" check_output "$in" cli.csv --truth "$truth"
rm -f cli.csv
s3 put "$bkt" conf/schema.json "$SCHEMA" >/dev/null
invoke schema "m1=s3://$bkt/uploads/replaced.csv" -- --env "WEIR_SCHEMA=s3://$bkt/conf/schema.json"
check "the schema from S3" expect_failures schema ""
check "s3:// that is not there: exit 2 or 3, one line" bash -c '
    "$WEIR" validate "s3://$0/none.csv" -o x.csv -s "$SCHEMA" >/dev/null 2>x.err; rc=$?
    cat x.err; [ $rc -eq 2 ] || [ $rc -eq 3 ] || exit 1; [ "$(grep -c "^weir: " x.err)" = 1 ] && [ ! -e x.csv ]' "$bkt"
check "no multipart upload is left" no_uploads "$bkt"
finish
