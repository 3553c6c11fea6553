#!/bin/bash
# The numbered scripts against one S3 server: tests/integ/run.sh [BUILD-FOLDER] [NN...]; INTEG_JOBS at once (1 unless it is set),
# each one's output whole when it has ended. All of the server's daemons are stopped at the end, also when a script fails or the
# run is interrupted.
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
for n in "$@"; do
    case " ${scripts[*]##*/}" in *" $n-"*) ;; *) echo "not ok - integ: there is no script $n" >&2; exit 1 ;; esac
done

rgw=$build/integ/rgw
"$root/tests/support/radosgw.sh" stop "$rgw" # of a run that was killed
rm -rf "$build/integ"
mkdir -p "$build/integ"
end() {
    local pids
    mapfile -t pids < <(jobs -p)
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
    wait
    "$root/tests/support/radosgw.sh" stop "$rgw"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if "$root/tests/support/radosgw.sh" start "$rgw"; then
    export RGW_DIR=$rgw
else
    echo "not ok - integ: radosgw does not start"
    exit 1
fi

run() { # run SCRIPT: its output and one line more in a log, its status in NAME.rc
    local start=$SECONDS name log child rc most_s=1200 # for one that hangs
    name=$(basename "$1" .sh)
    log=$build/integ/$name.log
    case $name in 141-*) most_s=3600 ;; esac # it builds the packages from nothing
    timeout -k 20 "${WEIR_SCRIPT_TIMEOUT_S:-$most_s}" "$1" >"$log" 2>&1 &
    child=$!
    trap 'kill $child; wait $child; exit 143' TERM
    wait $child
    rc=$?
    # A script that dies without a word is a failure with a name.
    [ $rc -eq 0 ] || grep -q '^not ok' "$log" || echo "not ok - $name: status $rc" >>"$log"
    echo "# $name.sh: $((SECONDS - start)) s" >>"$log"
    cat "$log"
    echo $rc >"$build/integ/$name.rc"
}

for s in "${scripts[@]}"; do
    while [ "$(jobs -pr | wc -l)" -ge "${INTEG_JOBS:-1}" ]; do wait -n; done
    run "$s" &
done
wait
failed=0
for s in "${scripts[@]}"; do [ "$(cat "$build/integ/$(basename "$s" .sh).rc")" = 0 ] || failed=1; done
exit $failed
