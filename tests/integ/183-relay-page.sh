#!/bin/bash
# Does the relay's page show in a real browser who gets what, by itself, and as text? WEIR_SCREENSHOT=FILE keeps a picture.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

for c in chromium chromedriver; do
    command -v $c >/dev/null || { skip "the relay's page in a browser" "skipped: no $c"; exit 0; }
done
if [ $ASAN -ne 0 ]; then
    skip "the relay's page in a browser" "skipped: once is enough, without sanitizers"
    exit 0
fi
python3 "$INTEG/relay_page.py" the_page_shows_who_gets_what_and_what_is_lost ${WEIR_SCREENSHOT:+a_picture_of_it} || FAILED=1
finish
