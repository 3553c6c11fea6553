#!/bin/bash
# The numbered scripts in order against one S3 server: tests/integ/run.sh [BUILD-FOLDER] [NN...]. All of its daemons are
# stopped at the end, also when a script fails or the run is interrupted.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:-build}
[ $# -eq 0 ] || shift
root=$(cd "$here/../.." && pwd)
case $build in /*) ;; *) build=$root/$build ;; esac
export BUILD=$build
[ -x "$build/weir" ] || { echo "not ok - integ: no $build/weir: ./build.sh build" >&2; exit 1; }

scripts=()
mapfile -t all < <(printf '%s\n' "$here"/[0-9]*-*.sh | sort -V)
for s in "${all[@]}"; do
    name=$(basename "$s")
    if [ $# -eq 0 ]; then scripts+=("$s"); else for n in "$@"; do [ "${name%%-*}" != "$n" ] || scripts+=("$s"); done; fi
done

rgw=$build/integ/rgw
"$root/tests/support/radosgw.sh" stop "$rgw" # of a run that was killed
rm -rf "$build/integ"
mkdir -p "$build/integ"
trap '"$root/tests/support/radosgw.sh" stop "$rgw"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if "$root/tests/support/radosgw.sh" start "$rgw"; then
    export RGW_DIR=$rgw
else
    echo "not ok - integ: radosgw does not start"
    exit 1
fi

failed=0
for s in "${scripts[@]}"; do
    start=$SECONDS
    log=$build/integ/$(basename "$s" .sh).log
    timeout -k 20 "${WEIR_SCRIPT_TIMEOUT_S:-1200}" "$s" 2>&1 | tee "$log"
    rc=${PIPESTATUS[0]}
    echo "# $(basename "$s"): $((SECONDS - start)) s"
    [ "$rc" -eq 0 ] && continue
    failed=1
    # A script that dies without a word is a failure with a name.
    grep -q '^not ok' "$log" || echo "not ok - $(basename "$s" .sh): status $rc"
done
exit $failed
