#!/bin/bash
# Is the outcome of every fault on every operation the exact object or a named error, as docs/S3-FAULTS.md says, through the
# command and through the function? And of random schedules of faults?
# WEIR_FULL=1: 5 trials in each cell, and 1,000 schedules instead of 50.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
export SCRIPT
trials=1 schedules=50 mb=128
[ "$FULL" != 1 ] || { trials=5; schedules=1000; }
[ "$ASAN" != 1 ] || { schedules=10; mb=10240; }
faults() { nice timeout -k 10 "$1" python3 "$INTEG/s3_faults.py" "${@:2}" || FAILED=1; }
faults 1200 matrix --trials $trials --check "$ROOT/docs/S3-FAULTS.md"
faults 300 invoke --memory $mb
faults 3600 schedules --n $schedules
finish
