# shellcheck shell=bash
# What the scripts of this folder share; each begins with:  source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# root and build are the checkout and BUILD, as absolute paths.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac

refuse() { echo "bench: $1" >&2; exit 1; }
# made NAME...: these of the Makefile's targets, below build
made() { make -s -C "$root" BUILD="$build" "${@/#/$build/}" >&2; }

# runs_or N: BENCH_RUNS, or N
runs_or() {
    local n=${BENCH_RUNS-$1}
    [[ $n =~ ^[1-9][0-9]{0,3}$ ]] || refuse "BENCH_RUNS: $n is no whole number of 1 to 9999"
    echo "$n"
}
# bytes_or SIZE: BENCH_SIZE, or SIZE (150MB, 64KiB), in bytes
bytes_or() {
    local size=${BENCH_SIZE-$1} n=0
    if [[ $size =~ ^[0-9]+(\.[0-9]+)?([KMGTkmgt]i?)?[Bb]?$ ]]; then
        n=${size%[Bb]} n=${n^^}
        n=$(numfmt --from=auto "${n/I/i}")
    fi
    [ "$n" -gt 0 ] || refuse "BENCH_SIZE: $size is no size (150MB, 64KiB)"
    echo "$n"
}
