#!/bin/bash
# Are the zips for Lambda what they should be: two files, small, static, the same bytes from any folder; does the bootstrap work
# where there is nothing but a kernel, over TLS too, does it start in time, and does the one for arm64 run?
# WEIR_FULL=1: the second build makes its libraries anew as well, and all unit tests run on arm64, not only those in $units.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
[ $ASAN -eq 0 ] || { skip "the zips" "a sanitized build: once is enough"; finish; }
[ -e /etc/debian_version ] || { skip "the zips" "no Debian"; finish; }
[ "$(uname -m)" = x86_64 ] || { skip "the zips" "this machine is no x86_64"; finish; }
units="aws_checksum aws_post_form aws_sigv4 codec_gunzip codec_gzip core csv_split json_number json_tape net_http net_http_source presign runtime
    runtime_api schema_check schema_cost schema_rows stream_blocks validate_handler"

cd "$ROOT" || exit 1
start=$SECONDS
if ! ./build.sh package >"$T/package.log" 2>&1; then
    # Nothing is made of nothing: parts and tools come from Debian's archive.
    if grep -qE 'no package lists|cannot be had|apt-get failed' "$T/package.log"; then skip "./build.sh package" "no Debian archive within reach"; finish; fi
    not_ok "./build.sh package"
    sed 's/^/#   /' "$T/package.log" | tail -n 30
    finish
fi
ok "./build.sh package ($((SECONDS - start)) s)"
cd "$T" || exit 1

contents() { # contents ARCH
    same "$(unzip -Z1 "$ROOT/build/weir-lambda-$1.zip" | paste -sd ' ')" "bootstrap events.schema.json" &&
        same "$(unzip -Z "$ROOT/build/weir-lambda-$1.zip" bootstrap | grep -c '^-rwxr-xr-x.*80-Jan-01 00:00')" 1 &&
        same "$(cd "$1" && find . -type f -printf '%f %m\n' | sort | paste -sd ' ')" "bootstrap 755 events.schema.json 644"
}
is_for() { readelf -h "$1/bootstrap" | grep -qE "Machine: +$2"; }
# One event, an object in a folder, and nothing else.
event() { # event ARCH RUNNER...: `weir invoke` starts the bootstrap through the runner
    local arch=$1
    shift
    mkdir -p "store-$arch/weir-demo/uploads"
    cp sample.csv "store-$arch/weir-demo/uploads/events.csv"
    printf '#!/bin/sh\nexec %s %s/bootstrap\n' "$*" "$T/$arch" >"run-$arch"
    chmod +x "run-$arch"
    AWS_ENDPOINT_URL_S3=file://$T/store-$arch timeout 120 "$WEIR" invoke "$ROOT/events/validate-sqs-s3.json" --handler validate \
        --memory 1024 --bootstrap "$T/run-$arch" --env WEIR_SCHEMA="$SCHEMA" >"$arch.json" 2>"$arch.log" || { cat "$arch.log"; return 1; }
    expect_failures "$arch" "" && gzip -dc "store-$arch/weir-demo/validations/events.csv.gz" | cmp - expected.csv
}
"$WEIR" generate -o sample.csv --size 300KB --shape var --invalid 2% --seed 6 >/dev/null
"$WEIR" validate sample.csv -o expected.csv -s "$SCHEMA" >/dev/null

for arch in x86_64 arm64; do
    mkdir -p $arch
    (umask 022 && unzip -q -d $arch "$ROOT/build/weir-lambda-$arch.zip")
    check "$arch: the zip has the bootstrap and the schema" contents $arch
    bytes=$(stat -c %s "$ROOT/build/weir-lambda-$arch.zip")
    check "$arch: $bytes bytes of at most 3000000" test "$bytes" -le 3000000
    check "$arch: static, hardened, no executable stack" "$ROOT/packaging/check-elf.sh" $arch/bootstrap
done
check "each for its processor" bash -c 'readelf -h x86_64/bootstrap | grep -q X86-64 && readelf -h arm64/bootstrap | grep -q AArch64'

# The check itself can fail.
echo 'int main(void) { return 0; }' >m.c
gcc -o dynamic m.c
gcc -static -Wl,-z,relro -z execstack -o stack m.c
gcc -static -Wl,-z,norelro -o norelro m.c
for f in dynamic stack norelro m.c; do check "check-elf refuses $f" bash -c '! "$0" "$1" 2>err && [ -s err ]' "$ROOT/packaging/check-elf.sh" $f; done

# ---- the same bytes, from another folder, another day, another umask ----

again() {
    mkdir -p "$T/elsewhere/tree/build/package/x86_64"
    (cd "$ROOT" && git ls-files -z -co --exclude-standard | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh | tar -c --null -T - -f -) |
        tar -x -C "$T/elsewhere/tree" || return 1
    [ "$FULL" = 1 ] || (cd "$ROOT/build/package/x86_64" && cp -al prefix sysroot made-by "$T/elsewhere/tree/build/package/x86_64/") || return 1
    (cd "$T/elsewhere/tree" && umask 077 && TZ=Asia/Tokyo LC_ALL=C ./build.sh package --arch x86_64) &&
        cmp "$T/elsewhere/tree/build/weir-lambda-x86_64.zip" "$ROOT/build/weir-lambda-x86_64.zip" && rm -rf "$T/elsewhere"
}
if git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
    check "made again elsewhere: the same bytes" again
else
    skip "made again elsewhere: the same bytes" "no git"
fi

# ---- a kernel, the zip and a CA bundle ----

if [ "$(id -u)" = 0 ]; then
    need_rgw
    mkdir -p root/etc/pki/tls/certs
    cp x86_64/* root/
    printf '#!/bin/sh\nexec chroot %s /bootstrap\n' "$T/root" >in-root
    chmod +x in-root
    bkt=$(bucket package)
    alone() { # alone NAME ENDPOINT
        s3 put "$bkt" "uploads/$1.csv" sample.csv >/dev/null
        AWS_ENDPOINT_URL_S3=$2 invoke "$1" "m1=s3://$bkt/uploads/$1.csv" -- --bootstrap "$T/in-root" || { cat "$1.log"; return 1; }
        expect_failures "$1" "" && s3 get "$bkt" "validations/$1.csv.gz" "$1.gz" && gzip -dc "$1.gz" | cmp - expected.csv
    }
    check "alone in a root folder: $(find root -type f | wc -l) files, no /proc, no /dev" alone plain "$RGW_URL"
    untrusted() { ! alone "$@" >/dev/null && grep -qi 'certificate' "$1.log"; }
    check "over TLS without a CA bundle: the message fails, and the log says why" untrusted none "$RGW_TLS_URL"
    cp "$RGW_DIR/ca.pem" root/etc/pki/tls/certs/ca-bundle.crt
    check "over TLS" alone tls "$RGW_TLS_URL"
else
    skip "alone in a root folder" "not root: no chroot"
fi

# ---- starts ----

# The pages that are touched are the start's largest part, and can be counted; its time is a measurement (docs/BENCH.md).
n=100 faults_max=120
for handler in hello validate presign; do
    read -r median quartile least faults _ < <(python3 "$SUPPORT/start_cpu.py" $n $handler x86_64/bootstrap)
    check "$handler: exec to /next: ${faults:-?} page faults of at most $faults_max (CPU ms of $n starts: median ${median:-?}, quartile ${quartile:-?}, least ${least:-?})" \
        test "${faults:-9999}" -le $faults_max
done

# ---- the other processor ----

qemu="qemu-aarch64-static"
[ "$FULL" != 1 ] || units=
check "arm64: $(wc -w <<<"$units") unit tests under qemu (0: all)" env UNIT="$units" "$ROOT/packaging/package.sh" --arch arm64 --check
if command -v $qemu >/dev/null; then
    check "arm64: an event under qemu" event arm64 $qemu
else
    not_ok "arm64: no $qemu after package --check"
fi
check "x86_64: the same event" event x86_64
finish
