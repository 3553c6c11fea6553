#!/bin/bash
# Do the outputs of split lie on S3 together or not at all, whichever of them fails, and do three uploads at once fit 128 MB?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
export SCRIPT MEMORY=128
size=160MB
if [ "$ASAN" = 1 ]; then size=30MB MEMORY=10240; fi

data "split-$size" $size --shape var --invalid 50% --seed 41
timeout -k 10 900 python3 "$INTEG/outputs_s3.py" together "$DATA/split-$size.csv" $MEMORY || FAILED=1
peak=$(cat peak)
if [ "$ASAN" = 1 ]; then
    skip "peak memory" "a sanitized build"
else
    check "$size in 128 MB: peak memory ${peak:-?} MB of at most 64" test "${peak:-999}" -le 64
fi
rm -f valid.csv invalid.csv "$DATA/split-$size.csv"
data split-faults 26MB --shape var --invalid 50% --seed 42
timeout -k 10 900 python3 "$INTEG/outputs_s3.py" faults "$DATA/split-faults.csv" || FAILED=1
finish
