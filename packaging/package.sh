#!/bin/bash
# Zips for Lambda: packaging/package.sh [--arch x86_64|arm64]... [--check]; ./build.sh package is the door to it.
#
# A zip has two files at its root: `bootstrap`, one static executable that needs nothing but a kernel, and events.schema.json.
# The machine it is made on lends its compiler and Debian's archive, nothing else: libraries come from Debian's packages of
# the target's architecture, unpacked into a folder (nothing is installed, no foreign architecture is added to dpkg), and those
# without a static library there from Debian's source packages, security fixes included. All of it lies below build/package/ and is
# made once; the second run only compiles weir. Of the same versions of Debian's packages the bytes are the same wherever and
# whenever it is made: no times, no paths.
#
#   --arch A      only this one (again for more); default: both
#   --check       also the unit tests, linked as the bootstrap is, under qemu when they are for another processor. UNIT="..." names
#                 those to run; those of the command are left out: it is no part of a zip, and its HTTP server has no static library
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
work=$root/build/package
jobs=$(nproc 2>/dev/null || echo 2)
# Seconds since 1970 on the files in a zip; the earliest that the format can hold, so that the same code is the same zip.
epoch=${SOURCE_DATE_EPOCH:-315532800}
max_bytes=3000000

say() { printf 'package: %s\n' "$*"; }
die() { printf 'build.sh: package: %s\n' "$*" >&2; exit 1; }

# shellcheck source=recipes.sh
source packaging/recipes.sh

# ---- the machine ----

target() { # target ARCH: sets arch and what follows from it
    arch=$1
    case $arch in
    x86_64) deb_arch=amd64 multiarch=x86_64-linux-gnu ;;
    arm64) deb_arch=arm64 multiarch=aarch64-linux-gnu ;;
    esac
    triplet=$multiarch qemu=
    [ "$arch" = "$host" ] || qemu="qemu-${arch/arm64/aarch64}-static"
    sysroot=$work/$arch/sysroot
    cc="$triplet-gcc --sysroot=$sysroot -B$sysroot/usr/lib/$multiarch" # -B: before the folders that lie beside the compiler
    ar=$triplet-gcc-ar
    prefix=$work/$arch/prefix
}

tools() { # the Debian packages that are missing for an architecture, one line
    local want=()
    command -v "$triplet-gcc" >/dev/null || want+=("gcc-${triplet/_/-}")
    [ "$arch" != x86_64 ] || command -v nasm >/dev/null || want+=(nasm)
    for name in dpkg-source:dpkg-dev patch:patch xz:xz-utils zip:zip unzip:unzip make:make readelf:binutils python3:python3; do
        command -v "${name%%:*}" >/dev/null || want+=("${name#*:}")
    done
    [ "$check" = 0 ] || [ -z "$qemu" ] || command -v "$qemu" >/dev/null || want+=(qemu-user-static)
    printf '%s' "${want[*]}"
}

install_tools() {
    local want as_root=() log=$work/apt.log
    want=$(tools)
    [ -n "$want" ] || return 0
    say "installing $want"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "missing: $want; not root and no sudo: run as root: apt-get install $want"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=600)
    # shellcheck disable=SC2086  # a list of names
    { "${as_root[@]}" update && "${as_root[@]}" install --no-install-recommends $want; } >"$log" 2>&1 </dev/null ||
        die "apt-get failed (log: $log); by hand: apt-get update && apt-get install $want"
}

# ---- Debian's archive, asked without touching this machine's apt ----

apt_setup() {
    local apt=$work/apt codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # A day old, or of another release: what they name may be gone, and its fixes are not in them.
    if [ "$(cat "$apt/ready" 2>/dev/null)" = "$codename" ] && [ -z "$(find "$apt/ready" -mmin +1440)" ]; then
        export APT_CONFIG=$apt/apt.conf
        return 0
    fi
    rm -rf "$apt"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,src}
    # The machine's own mirrors of its own release, with the sources of what they have.
    python3 packaging/apt_sources.py "$codename" /etc/apt >"$apt/debian.sources"
    [ -s "$apt/debian.sources" ] || die "no entry of $codename in /etc/apt/sources.list or /etc/apt/sources.list.d"
    cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/debian.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
    export APT_CONFIG=$apt/apt.conf
    say "reading the package lists of $codename"
    apt-get -qq update >"$work/apt-update.log" 2>&1 || { tail -n 5 "$work/apt-update.log" >&2; die "no package lists (log: $work/apt-update.log)"; }
    echo "$codename" >"$apt/ready"
}

unpack_debs() {
    local dir=$work/$arch/debs deb
    mkdir -p "$dir" "$sysroot"
    (cd "$dir" && apt-get -qq download "${debs[@]/%/:$deb_arch}" >"$work/$arch/download.log" 2>&1) ||
        { tail -n 5 "$work/$arch/download.log" >&2; die "a package cannot be had (log: $work/$arch/download.log)"; }
    for deb in "$dir"/*.deb; do dpkg-deb -x "$deb" "$sysroot"; done
}

build_source() { # build_source NAME: unpacked, patched as Debian does, made, in a folder of the architecture's own
    local name=$1 dir=$work/$arch/src/$1 log=$work/$arch/$1.log start=$SECONDS rc
    rm -rf "$dir"
    mkdir -p "$work/$arch/src"
    (cd "$work/apt/src" && apt-get -qq --download-only source "$name" >"$log" 2>&1) ||
        { tail -n 5 "$log" >&2; die "the source of $name cannot be had (log: $log)"; }
    dpkg-source --no-check -x "$work/apt/src/${name}"_*.dsc "$dir" >>"$log" 2>&1 || die "the source of $name does not unpack (log: $log)"
    # Not in an `if` or `||`: there bash would go on after a command that fails.
    set +e
    (set -e; cd "$dir"; "build_$name") >>"$log" 2>&1 </dev/null
    rc=$?
    set -e
    [ $rc -eq 0 ] || { tail -n 20 "$log" >&2; die "$name does not build (log: $log)"; }
    say "$arch: $name, $(basename "$work/apt/src/${name}"_*.dsc .dsc | cut -d _ -f 2), $((SECONDS - start)) s"
    rm -rf "$dir"
}

made_by() { cat packaging/recipes.sh /etc/os-release; }

libraries() {
    local name
    # What is made depends on the recipes, the release, and nothing else here.
    if ! made_by | cmp -s - "$work/$arch/made-by"; then
        rm -rf "${work:?}/$arch"
    fi
    mkdir -p "$prefix/lib" "$prefix/include"
    if [ ! -e "$work/$arch/made-by" ]; then
        apt_setup
        unpack_debs
        late_libcrypto
        for name in "${sources[@]}"; do build_source "$name"; done
        made_by >"$work/$arch/made-by"
    fi
    if [ "$check" = 1 ] && [ ! -e "$prefix/lib/libcmocka.a" ]; then
        apt_setup
        for name in "${test_sources[@]}"; do build_source "$name"; done
    fi
}

# ---- weir ----

weir_make() { # weir_make TARGET...: with the libraries of the architecture, into a build folder of its own
    local flags="-isystem $prefix/include" link="-L$prefix/lib ${libs[*]/#/-l} -lm"
    make -j"$jobs" --no-print-directory CC="$cc" AR="$ar" BUILD="build/package/$arch/weir" STATIC=1 PARTS="handlers bootstrap" \
        PKG_CFLAGS="$flags" LIBS_BOOTSTRAP="$link" LIBS_WEIR="$link" LIBS_TEST="$link -lcmocka" "$@"
}

# blank FILE SECTION...: zeros instead of what it holds. Unwind tables are a tenth of a zip, and nothing here unwinds: no C++, no
# cancelled threads; whoever debugs has the whole file in build/package. (Removing them would take RELRO along: binutils.)
blank() {
    local file=$1 name at size
    shift
    for name in "$@"; do
        read -r at size < <(readelf -W -S "$file" | awk -v name="$name" '{ sub(/^ *\[ *[0-9]+\]/, ""); if ($1 == name) print $4, $5 }') || continue
        dd if=/dev/zero of="$file" bs=1 seek=$((16#$at)) count=$((16#$size)) conv=notrunc status=none
    done
}

make_zip() {
    local dir=$work/$arch/zip zip=$root/build/weir-lambda-$arch.zip size
    rm -rf "$dir"
    mkdir -p "$dir"
    "$triplet-strip" -s -R .comment -o "$dir/bootstrap" "build/package/$arch/weir/bootstrap"
    blank "$dir/bootstrap" .eh_frame .eh_frame_hdr
    packaging/check-elf.sh "$dir/bootstrap" || die "build/weir-lambda-$arch.zip is not made"
    ! grep -qF -e "$root" "$dir/bootstrap" || die "bootstrap names this machine's $root"
    cp handlers/validate/events.schema.json "$dir/"
    chmod 755 "$dir/bootstrap"
    chmod 644 "$dir/events.schema.json"
    (
        cd "$dir"
        export TZ=UTC
        touch -d "@$epoch" bootstrap events.schema.json
        rm -f "$zip.tmp"
        zip -q -X -D -9 - bootstrap events.schema.json >"$zip.tmp"
    )
    size=$(stat -c %s "$zip.tmp")
    [ "$size" -le $max_bytes ] || die "$zip.tmp has $size bytes, more than $max_bytes"
    mv "$zip.tmp" "$zip"
    say "build/$(basename "$zip"): $size bytes, bootstrap $(stat -c %s "$dir/bootstrap"), sha256 $(sha256sum "$zip" | cut -c 1-16)..."
}

one() {
    local log
    target "$1"
    log=$work/$arch-weir.log
    mkdir -p "$work"
    exec 9>"$work/lock" # `sam build --parallel` asks for all functions at once
    flock 9
    install_tools
    libraries
    weir_make "build/package/$arch/weir/bootstrap" >"$log" 2>&1 </dev/null || { grep -vE '^  (CC|AR|LD)  ' "$log" | tail -n 20 >&2; die "weir does not build (log: $log)"; }
    make_zip
    exec 9>&-
    [ "$check" = 0 ] || check_unit
}

# The same tests as everywhere, on the processor of the zip.
check_unit() {
    local log=$work/$arch-unit.log units
    # The command is not in the package: neither are tests of it, nor with its Runtime API.
    units=$(grep -L -e "#include \"cli/" -e runtime_sim.h tests/unit/test_*.c | sed 's|.*/test_||; s|\.c$||' | paste -sd ' ')
    UNIT_TIMEOUT_S=900 weir_make check-unit UNIT="${UNIT:-$units}" WRAP="$qemu" >"$log" 2>&1 </dev/null || {
        grep -A 20 -E '^not ok|rror' "$log" | head -n 60 >&2
        die "$arch: unit tests failed (log: $log)"
    }
    say "$arch: $(tail -n 1 "$log")${qemu:+ under $qemu}"
}

check=0 archs=()
host=$(uname -m)
host=${host/aarch64/arm64}
while [ $# -gt 0 ]; do
    case $1 in
    --arch) [ $# -gt 1 ] || { echo "package: --arch: x86_64 or arm64" >&2; exit 2; }; shift; set -- "--arch=$1" "${@:2}"; continue ;;
    --arch=x86_64 | --arch=arm64) archs+=("${1#*=}") ;;
    --check) check=1 ;;
    *) echo "usage: ./build.sh package [--arch x86_64|arm64]" >&2; exit 2 ;;
    esac
    shift
done
[ ${#archs[@]} -gt 0 ] || archs=(x86_64 arm64)
if [ ! -e /etc/debian_version ] || ! command -v apt-get >/dev/null; then
    die "needs a Debian system (its packages are the parts)"
fi
for a in "${archs[@]}"; do one "$a"; done
