#!/bin/bash
# Does the number of threads change a byte of what comes out, for the command and for the function, and is a wrong number refused?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
schema=$ROOT/handlers/validate/events.schema.json
data threads 12MB --shape var --invalid 5% --seed 71
in=$DATA/threads.csv

run() { # run THREADS WANT FLAGS...: OUT.THREADS, and what a split and a summary have
    local n=$1 want=$2
    shift 2
    rm -f "out.$n" "bad.$n"
    status "$want" "$WEIR" validate "$in" -s "$schema" -j "$n" -o "out.$n" -q "$@" >/dev/null
}
alike() { # alike WANT FLAGS...: by one thread and by several
    local n
    run 1 "$@" || return 1
    for n in 2 3 8; do
        run "$n" "$@" || return 1
        if [ -e out.1 ]; then cmp out.1 "out.$n" || return 1; else [ ! -e "out.$n" ] || return 1; fi
    done
}
check "annotated" alike 1
check "compressed" alike 1 --gzip
check "a report" alike 1 --output report
check "a report with a limit" alike 1 --output report --max-errors 100
check "split" bash -c 'for n in 1 3; do "$WEIR" validate "$0" -s "$1" -j $n -o good.$n --output split --invalid bad.$n --summary sum.$n -q >/dev/null; done; cmp good.1 good.3 && cmp bad.1 bad.3 && sed -i "s/\"ms\":[0-9]*//" sum.1 sum.3 && cmp sum.1 sum.3' "$in" "$schema"
check "failing fast" alike 3 --fail-fast 250
check "a thread too few" status 2 "$WEIR" validate "$in" -s "$schema" -o none -j 0
check "and too many" status 2 "$WEIR" validate "$in" -s "$schema" -o none --threads 1000

mkdir -p store/b/uploads
cp "$in" store/b/uploads/in.csv
python3 "$INTEG/event.py" "m1=s3://b/uploads/in.csv" >event
function_with() { AWS_ENDPOINT_URL_S3=file://$T/store "$WEIR" invoke event --handler validate --memory 3600 --env "WEIR_THREADS=$1" >"f.$1" 2>"f.$1.log"; }
function_alike() {
    local n
    for n in 1 3; do
        rm -f store/b/validations/in.csv.gz
        function_with "$n" || { cat "f.$n.log"; return 1; }
        cmp store/b/validations/in.csv.gz out.1 || return 1
    done
}
run 1 1 --gzip
check "the function writes what the command writes" function_alike
check "a number that is none is an init error" bash -c 'AWS_ENDPOINT_URL_S3=file:///nowhere "$WEIR" invoke event --handler validate --env WEIR_THREADS=many >f 2>f.log; [ $? -eq 1 ] && grep -q "WEIR_THREADS: must be a whole number" f f.log'
finish
