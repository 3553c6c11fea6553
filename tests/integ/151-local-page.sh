#!/bin/bash
# The page of weir local in a real browser. WEIR_SCREENSHOT=FILE keeps a picture of it.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

for c in chromium chromedriver; do
    command -v $c >/dev/null || { skip "the page in a browser" "skipped: no $c"; exit 0; }
done
if [ $ASAN -ne 0 ]; then
    skip "the page in a browser" "skipped: once is enough, without sanitizers"
    exit 0
fi
data page 20MB --shape seed --invalid 1% --seed 9
printf 'id\n"never closed\n' >poison.csv
"$WEIR" local --root "$T/d" --listen 127.0.0.1:0 --visibility-s 0.3 2>log </dev/null &
pid=$!
until_true 30 grep -q 'http://127' log || { not_ok "weir local does not start: $(cat log)"; finish; }
url=$(sed -n 's|.*\(http://127.0.0.1:[0-9]*\)/.*|\1|p' log | head -n 1)
rows=$(($(wc -l <"$DATA/page.csv") - 1))
drive() {
    timeout -k 10 900 python3 "$INTEG/page.py" "$url" "$pid" "$T/d/weir/uploads" "$DATA/page.csv" "$rows" "$(wc -l <"$DATA/page.truth")" \
        "$T/poison.csv" ${WEIR_SCREENSHOT:+"$WEIR_SCREENSHOT"}
}
check "pick a file, see it uploaded and validated, its errors, the dead-letter queue, Redrive" drive
finish
