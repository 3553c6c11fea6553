#!/bin/bash
# Does every reader take what `weir zip` writes, is it the same however it is made, and is nothing published when it fails?
# WEIR_FULL=1 adds entries around and above 4 GiB; needs 12 GB of disk and some minutes.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

# ---- readers: each prints "CRC BYTES NAME" for each entry, or only says that all is well ----

has() { command -v "$1" >/dev/null 2>&1; }
read_python() { python3 "$INTEG/read_zip.py" "$1"; }
read_unzip() { unzip -tqq "$1"; }
read_7z() { 7z t -bd "$1" >7z.out || { tail -n 20 7z.out; return 1; }; }
read_bsdtar() { bsdtar -xOf "$1" >/dev/null; }
# Through a pipe nobody can look at the directory first. bsdtar reads the 64-bit descriptors only where the header announces them.
read_bsdtar_pipe() { bsdtar -xOf - <"$1" >/dev/null; }
read_java() { java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$T" ReadZip "$1"; }
read_yauzl() { node "$INTEG/read_zip.js" "$1" "$T"; }

have_yauzl() {
    has node && has npm && timeout 60 npm install --ignore-scripts --prefix "$T" --no-audit --no-fund --silent yauzl@3 >npm.log 2>&1 && [ -d "$T/node_modules/yauzl" ]
}
READERS=(python)
for r in unzip 7z bsdtar; do
    if has $r; then READERS+=("$r"); else skip "$r reads" "no $r"; fi
done
! has bsdtar || READERS+=(bsdtar_pipe)
if has javac && javac -d "$T" "$INTEG/ReadZip.java"; then READERS+=(java); else skip "java reads" "no javac"; fi
if have_yauzl; then READERS+=(yauzl); else skip "yauzl reads" "no npm, or no registry"; fi

# What the entries must be, by other means: gzip's CRC is the same as ZIP's.
expected() {
    python3 - "$@" <<'PY'
import sys, zlib
for name in sys.argv[1:]:
    crc = size = 0
    with open(name, "rb") as f:
        while piece := f.read(1 << 20):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
    print(f"{crc:08x} {size} {name}")
PY
}

# readers ARCHIVE EXPECTED-FILE: a case for each reader; SKIP names the ones that are known not to
readers() {
    local archive=$1 want=$2 r
    for r in "${READERS[@]}"; do
        case " ${SKIP:-} " in *" $r "*) continue ;; esac
        check "$archive: $r" reads "$r" "$archive" "$want"
    done
}
reads() {
    "read_$1" "$2" >"got-$1" || return 1
    case $1 in
    python | java | yauzl) diff "$3" "got-$1" | head -n 5; cmp -s "$3" "got-$1" ;;
    *) ;;
    esac
}

# ---- small archives ----

mkdir -p d
: >empty
echo hello >d/small.txt
seq 1 300000 >numbers
head -c 1000000 /dev/urandom >noise
echo x >"d/ünïcödé 日本.txt"
FILES=(d/small.txt empty numbers noise "d/ünïcödé 日本.txt")
expected "${FILES[@]}" >want
check "files become an archive" status 0 "$WEIR" zip -o a.zip "${FILES[@]}"
readers a.zip want
check "level 9, too" status 0 "$WEIR" zip -o nine.zip --level 9 "${FILES[@]}"
readers nine.zip want
check "ZIP64 for all" status 0 "$WEIR" zip -o wide.zip --zip64 "${FILES[@]}"
# Java before 23 reads no 64-bit descriptor of a small entry.
SKIP=java readers wide.zip want
: >nothing
check "an empty file alone" status 0 "$WEIR" zip -o e.zip empty
expected empty >want-e
readers e.zip want-e

the_summary() { "$WEIR" zip -o s.zip numbers empty | python3 -c 'import json,sys; s=json.load(sys.stdin); assert s["entries"]==2 and s["bytes_in"]==1988895, s'; }
check "the summary counts" the_summary
one_and_three() { "$WEIR" zip -o - --threads 1 "${FILES[@]}" 2>/dev/null >t1 && "$WEIR" zip -o - --threads 3 "${FILES[@]}" 2>/dev/null >t3 && cmp t1 t3 && cmp t1 a.zip; }
check "one thread and three write the same bytes, to stdout as to a file" one_and_three
one_byte() { WEIR_EDGE_BYTES=1 "$WEIR" zip -q -o b1.zip d/small.txt empty && "$WEIR" zip -q -o b2.zip d/small.txt empty && cmp b1.zip b2.zip; }
check "edges of one byte change nothing" one_byte
modes() { chmod 750 numbers && touch -d @1700000000 numbers && "$WEIR" zip -q -o m.zip numbers && python3 - <<'PY'
import zipfile
i = zipfile.ZipFile("m.zip").infolist()[0]
assert i.external_attr >> 16 == 0o100750, oct(i.external_attr >> 16)
assert i.date_time == (2023, 11, 14, 22, 13, 20), i.date_time
PY
}
check "modes and times are kept" modes
names() { "$WEIR" zip -q -o n.zip "$T/d/small.txt" ./empty ../170-zip/noise && same "$(python3 "$INTEG/read_zip.py" n.zip | cut -d ' ' -f 3- | paste -sd ' ')" "${T#/}/d/small.txt empty 170-zip/noise"; }
check "names are relative" names
junk() {
    local option
    for option in -j --junk-paths; do
        "$WEIR" zip -q -o n.zip "$option" --threads 2 "$T/d/small.txt" ./empty &&
            same "$(python3 "$INTEG/read_zip.py" n.zip | cut -d ' ' -f 3- | paste -sd ' ')" "small.txt empty" || return 1
    done
}
check "--junk-paths: names without folders" junk
from_stdin() { seq 1 10 | "$WEIR" zip -q -o i.zip - && same "$(python3 -c 'import zipfile; print(zipfile.ZipFile("i.zip").read("-").decode(), end="")')" "$(seq 1 10)"; }
check "stdin is an entry" from_stdin

# ---- many ----

many() {
    python3 -c 'import os
os.mkdir("m")
for i in range(70000): open(f"m/{i}", "w").write(str(i) if i % 10 else "")'
    local files
    mapfile -t files < <(find m -type f | sort)
    "$WEIR" zip -q -o many.zip "${files[@]}" || return 1
    expected m/1 m/69999 m/70 >want-some
    read_python many.zip >got-many && same "$(wc -l <got-many)" 70000 && same "$(grep -cxFf want-some got-many)" 3
}
if [ "$ASAN" -eq 1 ]; then
    skip "70,000 entries" "a sanitizer's build"
else
    check "70,000 entries" many
    cp got-many want-many
    # Seconds of CPU each: the ones with a mind of their own about the directory, and with the flag all of them.
    if [ "$FULL" = 1 ]; then readers many.zip want-many; else SKIP="7z bsdtar java yauzl" readers many.zip want-many; fi
fi
rm -rf m many.zip

# ---- refusals: nothing is published ----

echo old >kept.zip
check "a FILE that is not there is a 2" status 2 "$WEIR" zip -o kept.zip numbers missing
check "and is named" grep -q "^weir: zip: missing: " err
check "a folder is a 2" status 2 "$WEIR" zip -o kept.zip d
check "two entries of one name are a 2" status 2 "$WEIR" zip -o kept.zip -j d/small.txt "$T/d/small.txt"
check "the archive in itself is a 2" status 2 "$WEIR" zip -o kept.zip numbers kept.zip
check "no FILE is a 2" status 2 "$WEIR" zip -o kept.zip
check "no OUT is a 2" status 2 "$WEIR" zip numbers
check "a name that leads out is a 2" status 2 "$WEIR" zip -o kept.zip d/../numbers
check "a level that is none is a 2" status 2 "$WEIR" zip -o kept.zip --level 10 numbers
check "the file that was there is as it was" same "$(cat kept.zip)" old
left() { same "$(find . -name '.weir-*')" ""; }
check "no hidden file is left" left
full() { "$WEIR" zip -q -o /dev/full noise 2>err; [ $? -eq 3 ]; }
check "a full disk is a 3" full
cancelled() {
    mkfifo f
    "$WEIR" zip -q -o kept.zip numbers f 2>err & # waits for a writer
    local pid=$!
    until_true 20 compgen -G '.weir-*' || fail "no archive was begun: $(cat err)" || return 1
    kill -TERM "$pid"
    wait "$pid"
    same $? 143 && same "$(cat kept.zip)" old && left
}
check "SIGTERM cancels with a 143, and nothing is left" cancelled

# ---- objects ----

need_rgw
B=$(bucket zip)
s3 put "$B" in/one.txt d/small.txt >/dev/null && s3 put "$B" in/two.txt numbers >/dev/null
objects() { "$WEIR" zip -q -o "s3://$B/out.zip" "s3://$B/in/one.txt" noise "s3://$B/in/two.txt" && s3 get "$B" out.zip o.zip && read_python o.zip >got-o &&
    { expected d/small.txt; expected noise; expected numbers; } | sed -e 's|d/small.txt|in/one.txt|' -e 's|numbers|in/two.txt|' | diff - got-o; }
check "objects and files become an object" objects
check "an object that is not there is a 2" status 2 "$WEIR" zip -o "s3://$B/no.zip" "s3://$B/in/one.txt" "s3://$B/in/none"
check "and no archive is there" no_object "$B" no.zip
check "and no upload" no_uploads "$B"

# ---- large: by a flag ----

if [ "$FULL" != 1 ]; then
    skip "entries of 4 GiB and more" "WEIR_FULL=1 runs them"
    finish
fi
text() { yes '10.0.0.1 - - [2026-11-25T12:00:00Z] "GET /api/v1/orders/4711 HTTP/1.1" 200 5120 "curl/8.5.0" 0.042' | head -c "$1"; }
# large NAME BYTES LEVEL ARGS...: NAME.zip of an entry of that size from a pipe and a small one behind it
large() {
    local name=$1 bytes=$2 level=$3
    shift 3
    text "$bytes" | tee >(python3 "$INTEG/crc.py" - >"want-$name.tmp") | "$WEIR" zip -q -o "$name.zip" --level "$level" "$@" - d/small.txt || return 1
    until_true 60 test -s "want-$name.tmp" || return 1
    { cat "want-$name.tmp"; expected d/small.txt; } >"want-$name"
}
G4=$((1 << 32))
check "4 GiB - 1" large just-under $((G4 - 1)) 1
readers just-under.zip want-just-under
check "4 GiB + 1" large just-over $((G4 + 1)) 1
SKIP=bsdtar_pipe readers just-over.zip want-just-over
check "9 GB" large nine-gb 9000000000 1
SKIP=bsdtar_pipe readers nine-gb.zip want-nine-gb
check "9 GB, ZIP64 for all" large nine-gb-wide 9000000000 1 --zip64
SKIP=java readers nine-gb-wide.zip want-nine-gb-wide
rm -f ./*.zip
check "4 GiB + 1, stored: the compressed size and an offset are beyond, too" large stored $((G4 + 1)) 0
SKIP=bsdtar_pipe readers stored.zip want-stored
rm -f ./*.zip
finish
