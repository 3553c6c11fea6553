#!/bin/bash
# One door to everything: ./build.sh VERB. Each verb says what it does; what is missing is named with how to get it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

jobs=$(nproc 2>/dev/null || echo 2)

usage() {
    cat <<'TEXT'
usage: ./build.sh VERB
  deps [build|test]       install what is missing (Debian packages); test is the larger set (2 GB) and the default
  build [VAR=VALUE...]    build/bootstrap, build/weir, build/events.schema.json; SANITIZE=address,undefined: build-asan/
                          make install PREFIX=/usr/local puts them where they are found, make uninstall takes them away
  test [STEP...]          all tests (half an hour), or these steps of them; ./build.sh test help names them
  demo                    a 150 MB file through the function with 128 MB, on this machine, no server
  bench                   the main job beside Rust, Go, Node and others, a table, JSON, a plot; weir cp beside curl
  package [--arch A]      build/weir-lambda-x86_64.zip and -arm64.zip: one static bootstrap each; A: only that one
  clean                   remove the build folders
TEXT
}

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# ---- what is needed ----

has_cmd() { command -v "$1" >/dev/null 2>&1; }
has_sbin() { has_cmd "$1" || [ -x "/usr/sbin/$1" ]; }
has_pc() { has_cmd pkg-config && pkg-config --exists "$1"; }
has_header() { has_cmd gcc && printf '#include <stddef.h>\n#include <%s>\n' "$1" | gcc -E -x c - >/dev/null 2>&1; }
has_clang_rt() { has_cmd clang && printf 'int main(void){return 0;}' | clang -fsanitize=address -x c - -o /dev/null >/dev/null 2>&1; }
has_py() { has_cmd python3 && python3 -c "import $1" 2>/dev/null; }
has_debian_py() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
# valgrind needs the symbols of ld.so, which Debian keeps in a package of their own.
has_libc_dbg() { has_cmd valgrind && valgrind -q /bin/true >/dev/null 2>&1; }

# check, its argument, the Debian packages that bring it
needs_build() {
    cat <<'TEXT'
has_cmd gcc gcc libc6-dev
has_header stdio.h libc6-dev
has_cmd make make
has_cmd pkg-config pkg-config
has_pc libcurl libcurl4-openssl-dev
has_pc libuv libuv1-dev
has_pc libcjson libcjson-dev
has_header csv.h libcsv-dev
has_pc libpcre2-8 libpcre2-dev
has_pc libmicrohttpd libmicrohttpd-dev
has_pc openssl libssl-dev
has_pc libisal libisal-dev
has_pc zlib zlib1g-dev
TEXT
}
needs_test() {
    cat <<'TEXT'
has_pc cmocka libcmocka-dev
has_cmd clang clang
has_clang_rt - libclang-rt-14-dev
has_cmd clang-format clang-format
has_cmd valgrind valgrind
has_libc_dbg - libc6-dbg
has_cmd shellcheck shellcheck
has_cmd groff groff-base
has_sbin rsyslogd rsyslog
has_cmd socat socat
has_cmd unzip unzip
has_cmd 7z p7zip-full
has_cmd bsdtar libarchive-tools
has_cmd curl curl
has_cmd openssl openssl
has_cmd python3 python3
has_py boto3 python3-boto3
has_py jsonschema python3-jsonschema
has_py yaml python3-yaml
has_cmd radosgw radosgw
has_cmd ceph-mon ceph-mon
has_cmd ceph-osd ceph-osd
has_cmd ceph ceph-common
has_debian_py swift python3-swift
has_cmd aws awscli
has_cmd chromium chromium
has_cmd chromedriver chromium-driver
has_cmd ffmpeg ffmpeg
has_cmd cvlc vlc-bin vlc-plugin-base
TEXT
}

# missing SET: the Debian packages that are not there, one line
missing() {
    local check arg packages names=()
    while read -r check arg packages; do
        "$check" "$arg" || names+=("$packages")
    done < <(needs_build; [ "$1" = build ] || needs_test)
    printf '%s\n' "${names[@]}" | tr ' ' '\n' | sort -u | paste -sd ' '
}

deps() {
    local set=${1:-test} want log as_root=()
    want=$(missing "$set")
    if [ -z "$want" ]; then say "deps: all there"; return 0; fi
    has_cmd apt-get || die "missing: the Debian packages $want; there is no apt-get here: install their equivalents by hand"
    if [ "$(id -u)" -ne 0 ]; then
        has_cmd sudo || die "missing: $want; not root and no sudo: as root: ./build.sh deps $set"
        as_root=(sudo)
    fi
    say "deps: installing $want"
    log=$(mktemp)
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q)
    # shellcheck disable=SC2086  # a list of names
    if ! { "${as_root[@]}" update && "${as_root[@]}" install --no-install-recommends $want; } >"$log" 2>&1 </dev/null; then
        grep -E '^(E|Err|W):?' "$log" | tail -n 10 >&2 || tail -n 10 "$log" >&2
        die "apt-get failed (log: $log); by hand: apt-get update && apt-get install $want"
    fi
    rm -f "$log"
    want=$(missing "$set")
    [ -z "$want" ] || die "installed, and still not found: $want"
    say "deps: done"
}

deps_if_missing() { [ -z "$(missing "$1")" ] || deps "$1"; }

# ---- verbs ----

build() {
    local want
    want=$(missing build)
    [ -z "$want" ] || die "missing: $want; get it with: ./build.sh deps build"
    say "build: make -j$jobs $*"
    make -j"$jobs" --no-print-directory "$@" all
}

demo() {
    local dir=build/demo start=$SECONDS store
    deps_if_missing build
    step "build"
    mkdir -p build
    if ! make -j"$jobs" --no-print-directory all >build/make.log 2>&1; then
        tail -n 40 build/make.log >&2
        die "the build failed (log: build/make.log)"
    fi
    say "build/bootstrap ($(stat -c %s build/bootstrap) bytes), build/weir ($(stat -c %s build/weir) bytes), $((SECONDS - start)) s"
    rm -rf "$dir"
    mkdir -p "$dir/store/weir-demo/uploads"
    store=$PWD/$dir/store

    step "generate 150 MB of social events, 1 % of the rows invalid"
    build/weir generate -o "$store/weir-demo/uploads/events.csv" --size 150MB --shape var --invalid 1% --seed 1 --truth "$dir/truth.txt"
    say "$dir/store/weir-demo/uploads/events.csv: $(stat -c %s "$store/weir-demo/uploads/events.csv") bytes," \
        "$(wc -l <"$dir/truth.txt") invalid rows by construction"

    step "invoke: the SQS event of events/validate-sqs-s3.json, a 128 MB function, a folder as the S3 endpoint"
    if ! AWS_ENDPOINT_URL_S3=file://$store build/weir invoke events/validate-sqs-s3.json --handler validate --memory 128 \
        >"$dir/response.json" 2>"$dir/log.txt"; then
        cat "$dir/log.txt" "$dir/response.json" >&2
        die "the invocation failed"
    fi
    say "response: $(cat "$dir/response.json")"
    grep '^REPORT' "$dir/log.txt" || { cat "$dir/log.txt" >&2; die "no REPORT line"; }
    demo_show "$dir"
    say ""
    say "demo: $((SECONDS - start)) s, building included"
}

# demo_show DIR: the numbers of the log, the first invalid rows, and whether they are those that were made invalid.
demo_show() {
    local dir=$1 out=$1/store/weir-demo/validations/events.csv.gz name
    [ -s "$out" ] || { cat "$dir/log.txt" >&2; die "no output object $out"; }
    step "summary, as the handler logged it"
    for name in rows valid invalid blank bytes_in bytes_out ms; do
        grep -o '"'$name'":[0-9.]*' "$dir/log.txt" | head -n 1 | cut -d : -f 2 |
            while read -r value; do printf '  %-10s %s\n' "$name" "$value"; done
    done
    # Read back with gzip and awk: other programs than those that wrote it.
    gzip -dc "$out" | awk -f tests/support/invalid_rows.awk >"$dir/invalid.txt" || die "$out cannot be read back"
    step "the first invalid rows: row, eventId, errors"
    head -n 3 "$dir/invalid.txt" | while IFS=$'\t' read -r row id errors; do printf '  %-5s %-10s %s\n' "$row" "$id" "$errors"; done
    step "check"
    cut -f 1 "$dir/invalid.txt" >"$dir/invalid-rows.txt"
    if ! cmp -s "$dir/invalid-rows.txt" "$dir/truth.txt"; then
        diff "$dir/truth.txt" "$dir/invalid-rows.txt" | head -n 10 >&2 || true
        die "the invalid rows are not those that were made invalid ($dir/truth.txt)"
    fi
    say "  the $(wc -l <"$dir/truth.txt") rows made invalid are the $(wc -l <"$dir/invalid.txt") rows found invalid"
    say "  output: $out ($(stat -c %s "$out") bytes)"
}

# apt brings modules for Debian's own python3; another one that comes first in PATH may lack them.
use_debian_python() {
    has_py boto3 || [ ! -x /usr/bin/python3 ] || export PATH=/usr/bin:$PATH
}

run_tests() {
    case ${1:-} in help | --help | -h) exec tests/run.sh help ;; esac
    tests/run.sh --check "$@" || exit 2 # a step that is none costs no 2 GB
    use_debian_python
    deps_if_missing test
    use_debian_python
    exec tests/run.sh "$@"
}

bench() {
    use_debian_python
    deps_if_missing test
    use_debian_python
    build
    make --no-print-directory build/bench/measure
    exec bench/run.py
}

package() { exec packaging/package.sh "$@"; }

clean() {
    say "clean: removing build/ build-asan/ build-tsan/ build-clang/ build-cov/ build-fuzz/"
    rm -rf build build-asan build-tsan build-clang build-cov build-fuzz
}

wrong() { usage >&2; exit 2; }
alone() { [ $# -eq 0 ] || wrong; }

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
deps) case $* in '' | build | test) deps "${1:-test}" ;; *) wrong ;; esac ;;
build) build "$@" ;;
test) run_tests "$@" ;;
demo) alone "$@"; demo ;;
bench) alone "$@"; bench ;;
package) package "$@" ;;
clean) alone "$@"; clean ;;
help | --help | -h) usage ;;
*) wrong ;;
esac
