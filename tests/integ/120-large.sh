#!/bin/bash
# Does a large object stream through the directory store, in and out again, in memory that does not depend on its size?
# 1 GB here, 20 GB with WEIR_FULL=1; the input has holes and takes no room, the copy does.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

export AWS_ENDPOINT_URL_S3=file://$T/store AWS_REGION=us-east-1
mkdir -p store/b

# peak NAME COMMAND...: runs it; NAME.kib receives the most memory it had, from the kernel
peak() {
    python3 - "$@" <<'PY'
import resource, subprocess, sys
rc = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
open(sys.argv[1] + ".kib", "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(rc)
PY
}
at_most() { [ "$1" -le "$2" ] || fail "$1 KiB, at most $2 are allowed"; }

size=1000000000
[ "$FULL" = 0 ] || size=20000000000
[ $ASAN -eq 0 ] || size=100000000
room=$(df --output=avail -B1 . | tail -n 1)
if [ "$room" -lt $((size + 1000000000)) ]; then
    skip "a large object" "no room for $size bytes"
    finish
fi
truncate -s 10000000 small.bin
truncate -s $size large.bin
printf end >>large.bin # a copy that is cut is another
check "a small object goes in" peak small "$WEIR" cp -q small.bin s3://b/small
check "a large object of $size bytes goes in" peak in "$WEIR" cp -q large.bin s3://b/large
check "its copy is whole" cmp large.bin store/b/large
check "it comes out again" peak out bash -c '"$WEIR" cp -q s3://b/large - | cmp - large.bin'
echo "# peak: $(cat small.kib) KiB for 10 MB, $(cat in.kib) KiB in, $(cat out.kib) KiB out (with bash and cmp)"
if [ $ASAN -eq 0 ]; then
    check "memory does not grow with the size, in" at_most "$(cat in.kib)" $(($(cat small.kib) + 4096))
    check "memory does not grow with the size, out" at_most "$(cat out.kib)" $(($(cat small.kib) + 4096))
fi
rm -rf store large.bin
finish
