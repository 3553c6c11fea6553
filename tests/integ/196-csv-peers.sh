#!/bin/bash
# Small hostile CSV files: the same records as csv-parse (npm) finds in them, and the same bytes as csv-stringify makes of these, or a
# difference that docs/CSV.md lists. 4,000 files; WEIR_FULL=1: 100,000, and the table there is what comes out. UPDATE=1 writes it anew.
# And the files of tests/golden/csv, which everybody who reads CSV should read alike.
source "$(dirname "$0")/lib.sh"

DRIVER=$BUILD/tests/csv_driver
DOC=$ROOT/docs/CSV.md
GOLDEN=$ROOT/tests/golden/csv
[ -x "$DRIVER" ] || { not_ok "no $DRIVER: make unit"; finish; }
files=4000
[ "$FULL" = 0 ] || files=100000
has() { command -v "$1" >/dev/null; }

check "the records of the golden files" python3 "$INTEG/csv_peers.py" "$DRIVER" 0 --golden "$GOLDEN"
echo '{}' >any.json
whole() { # each as the command writes it; where a row is no row of the table, that is a 1
    local name flags
    for name in "$GOLDEN"/*.csv; do
        name=$(basename "$name" .csv)
        flags=()
        [ ! -e "$GOLDEN/$name.flags" ] || read -ra flags <"$GOLDEN/$name.flags"
        "$WEIR" validate "$GOLDEN/$name.csv" -o "$name.out" -s any.json -q "${flags[@]}" >/dev/null
        [ $? -le 1 ] && cmp "$name.out" "$GOLDEN/$name.out" || return 1
    done
}
check "and what is written of them" whole

if ! has node || ! has npm || ! timeout 100 npm install --ignore-scripts --prefix "$DATA/csv" --no-audit --no-fund --silent csv-parse@7.0.3 csv-stringify@6.9.0 >npm.log 2>&1; then
    skip "csv-parse and csv-stringify" "no npm, or no registry"
    finish
fi
args=(--seed "${SEED:-1}" --node "$DATA/csv" --table table.md)
[ "$FULL" != 0 ] || args+=(--documented "$DOC")
peers() { python3 "$INTEG/csv_peers.py" "$DRIVER" "$files" "${args[@]}" >peers.log || { tail -n 30 peers.log | cut -c 1-2000; return 1; }; }
check "$files files, the records and bytes of others" peers
sed 's/^/#   /' peers.log | cut -c 1-200
[ "$FULL" != 0 ] || finish
[ "${SEED:-1}" = 1 ] && documented "$DOC" peers table.md
finish
