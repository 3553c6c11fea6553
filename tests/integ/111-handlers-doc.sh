#!/bin/bash
# Does docs/HANDLERS.md work as it stands? The handler is taken from the page, built in a copy of the tree, and its commands
# are run.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"
doc=$ROOT/docs/HANDLERS.md

# block FILE: the code under the line that ends with `FILE`:
block() {
    awk -v name="\`$1\`:" '
        /^```/ { if (on) exit; if (found) { on = 1; next } }
        on { print }
        index($0, name) && substr($0, length($0) - length(name) + 1) == name { found = 1 }' "$doc"
}

# What was built already is copied with its times, so that only what is new is compiled.
copy_tree() {
    mkdir -p tree
    (cd "$ROOT" && cp -a Makefile lib handlers bootstrap cli packaging tests events docs "$T/tree/") || return 1
    mkdir -p "tree/$(basename "$BUILD")"
    cp -a "$BUILD/obj" "$BUILD/flags" "$BUILD"/*.a "tree/$(basename "$BUILD")/" || return 1
    mkdir -p tree/handlers/shout
    block handlers/shout/shout.h >tree/handlers/shout/shout.h
    block handlers/shout/shout.c >tree/handlers/shout/shout.c
    block tests/unit/test_shout.c >tree/tests/unit/test_shout.c
    grep -q weir_shout_handler tree/handlers/shout/shout.c && grep -q stage_check tree/tests/unit/test_shout.c || return 1
    # The page's diff, as somebody would apply it by hand: what surrounds the new lines has to be there.
    python3 -c '
import re, sys
doc, table = open(sys.argv[1]).read(), open(sys.argv[2]).read()
lines = re.search(r"```diff\n(.*?)```", doc, re.S).group(1).splitlines()
old = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
new = "".join(line[1:] + "\n" for line in lines)
if table.count(old) != 1:
    sys.exit("the diff does not fit:\n" + old)
open(sys.argv[2], "w").write(table.replace(old, new))' "$doc" tree/bootstrap/handlers.c && [ "$(grep -c shout tree/bootstrap/handlers.c)" -eq 2 ]
}

# The page's own commands, from a line to the next that is none, in the tree.
commands() {
    awk -v from="$1" 'index($0, from) == 1 { on = 1 } on && /^    / { print; seen = 1 } seen && !/^    / { exit }' "$doc" |
        sed "s|build/weir invoke|timeout -k 10 60 $(basename "$BUILD")/weir invoke ${memory[*]}|"
}
run_commands() {
    local sanitize=
    [ "$ASAN" -eq 0 ] || sanitize=SANITIZE=address,undefined
    printf 'set -e\nmake() { command make -s BUILD=%s %s "$@" >&2; }\n' "$(basename "$BUILD")" "$sanitize" >commands.sh
    commands "$1" >>commands.sh
    (cd tree && bash ../commands.sh) >out 2>err </dev/null || { cat commands.sh out err; return 1; }
}

build() { # with the flags that BUILD was made with
    local sanitize=
    [ "$ASAN" -eq 0 ] || sanitize=SANITIZE=address,undefined
    make -C tree BUILD="$(basename "$BUILD")" ${sanitize:+"$sanitize"} "$@" >make.log 2>&1 </dev/null || { tail -n 20 make.log; return 1; }
}

shout() { # shout ARGS...: as on the page
    AWS_ENDPOINT_URL_S3=file://$T/store timeout -k 10 60 "tree/$(basename "$BUILD")/weir" invoke "$ROOT/events/validate-sqs-s3.json" \
        --handler shout "$@" >out 2>err </dev/null
}

check "the page's handler is taken over" copy_tree
check "it builds without a warning" build -s all
laid_out() { cp "$ROOT/.clang-format" tree/ && clang-format --dry-run -Werror tree/handlers/shout/* tree/tests/unit/test_shout.c; }
if command -v clang-format >/dev/null; then check "its layout is the tree's" laid_out; else skip "its layout" "no clang-format"; fi
check "its dependencies go the right way" "$ROOT/tests/check-deps.sh" tree
# The picture of the modules has one more now; docs/make.py, which the page sends there, puts it in.
drawn() {
    grep -q '^- `docs/make.py` has been run' "$doc" && ! python3 tree/docs/make.py --check >make.out 2>&1 && grep -q 'run docs/make.py' make.out &&
        python3 tree/docs/make.py && python3 tree/docs/make.py --check
}
check "docs/make.py puts it into the picture of the modules" drawn
check "its unit test passes" build -s check-unit UNIT=shout
mkdir -p store/weir-demo/uploads
memory=()
[ "$ASAN" -eq 0 ] || memory=(--memory 10240)
check "without the object the message is to come again" bash -c '[ "$1" = 0 ] && grep -q itemIdentifier out' _ \
    "$(shout "${memory[@]}"; echo $?)"
check "the page's commands run" run_commands "And as a function"
check "the object is copied, in capitals" same "$(cat out)" '{"batchItemFailures":[]}
HELLO FROM A PIPE'
check "the page says so" grep -qF 'prints `{"batchItemFailures":[]}` and `HELLO FROM A PIPE`' "$doc"
check "with a prefix that is no folder the function does not start" bash -c '[ "$1" = 1 ] && grep -q "WEIR_SHOUT_PREFIX: must end with /" out' _ \
    "$(shout "${memory[@]}" --env WEIR_SHOUT_PREFIX=loud; echo $?)"
finish
