#!/bin/bash
# Does `make install` put everything where it is found, do the manual pages and the completion know what the command knows, and
# does `make uninstall` leave nothing?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

sanitize=()
[ "$ASAN" -eq 0 ] || sanitize=("SANITIZE=address,undefined")
dest=$T/dest
# What was built already, without the texts, is copied with its times: nobody else's build is without them for a moment.
made=$T/made
mkdir "$made"
cp -a "$BUILD"/{obj,flags,members,bootstrap,weir,events.schema.json} "$BUILD"/*.a "$made"
make_() { make -C "$ROOT" --no-print-directory "${sanitize[@]}" "BUILD=${made#"$ROOT"/}" "DESTDIR=$dest" "$@"; }
verbs=()
files=(bin/weir libexec/weir/bootstrap libexec/weir/events.schema.json share/bash-completion/completions/weir share/man/man1/weir.1)
for t in "$ROOT"/cli/help/*.txt; do
    t=$(basename "$t" .txt)
    [ "$t" = weir ] || verbs+=("$t") files+=("share/man/man1/weir-$t.1")
done
bin=$T/dest/opt/w/bin
man=$T/dest/opt/w/share/man/man1

# ---- installed ----

texts_made() { find "$made/man" "$made/completion" -type f -printf '%p %T@\n' | sort; }
step "make all" make_ all
before=$(texts_made)
step "make install" make_ PREFIX=/opt/w install
check "what it lays down was made before, by the user who builds" same "$(texts_made)" "$before"
check "exactly these files" only dest "${files[@]/#/opt/w/}"
modes() {
    same "$(stat -c %a "$bin/weir" dest/opt/w/libexec/weir/bootstrap | sort -u)" 755 &&
        same "$(find dest/opt/w/share dest/opt/w/libexec/weir/events.schema.json -type f -exec stat -c %a {} + | sort -u)" 644
}
check "programs can be run, all can be read" modes
check "the command is the one that was built" cmp "$bin/weir" "$WEIR"
echo '{"name":"you"}' >hello.json
mb=128
[ "$ASAN" -eq 0 ] || mb=0
finds() { status 0 "$1" invoke hello.json --handler hello --memory "$mb" && same "$(cat out)" '{"message":"hello you"}'; }
check "it finds the bootstrap" finds "$bin/weir"
ln -s "$bin/weir" linked
check "and by a link" finds ./linked
no_bootstrap() {
    mkdir -p alone/bin && cp "$WEIR" alone/bin/weir && status 2 alone/bin/weir invoke hello.json &&
        grep -qE '^weir: invoke: no bootstrap in .*: name one with --bootstrap PATH$' err && same "$(wc -l <err)" 1
}
check "without one it says so" no_bootstrap

# ---- manual pages ----

texts() {
    local v
    for v in "${verbs[@]}"; do "$bin/weir" help "$v" | cmp - "$ROOT/cli/help/$v.txt" || return 1; done
    "$bin/weir" --help | cmp - "$ROOT/cli/help/weir.txt"
}
check "the pages are made of what --help prints" texts
if command -v groff >/dev/null; then
    for page in "$man"/*.1; do
        quiet() { groff -man -Tutf8 -ww -P-cbou "$page" 2>&1 >"$(basename "$page").text" | diff /dev/null - && [ -s "$(basename "$page").text" ]; }
        check "groff has nothing against $(basename "$page")" quiet
    done
    # every option with what follows it, every exit status, every example
    told() {
        local v line
        for v in "${verbs[@]}"; do
            groff -man -Tascii -rLL=200n -P-cbou "$man/weir-$v.1" >text
            while read -r line; do
                grep -qF -- "$line" text || fail "weir-$v.1 does not have: $line" || return 1
            done < <(sed -nE 's/^(  -[a-z], |      )(--[^ ]+( [^ ]+)?).*/\2/p; s/^    ([^ ].*)/\1/p; s/^  ([0-9]+)  .*/\1/p' "$ROOT/cli/help/$v.txt")
        done
    }
    check "they have every option, example and exit status" told
    listed() { local v; for v in "${verbs[@]}"; do grep -q "^ *weir-$v(1)" weir.1.text || fail "$v" || return 1; done; }
    check "weir.1 names the pages of all verbs" listed
else
    skip "the manual pages" "skipped: no groff"
fi
if command -v mandoc >/dev/null; then
    # The pages have no date: they belong to a version.
    lint() { mandoc -Tlint -Wwarning "$man"/*.1 | grep -v 'missing date' | diff /dev/null -; }
    check "mandoc has nothing against them" lint
else
    skip "mandoc's view of them" "skipped: no mandoc"
fi

# ---- completion ----

# shellcheck source=/dev/null
source dest/opt/w/share/bash-completion/completions/weir
# offers WORDS... => WANTED...: what is offered for the last word, as readline calls it
offers() {
    local words=()
    while [ "$1" != '=>' ]; do words+=("$1"); shift; done
    shift
    COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1)) COMPREPLY=()
    _weir
    same "$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')" "$(printf '%s\n' "$@" | sort | paste -sd ' ')"
}
env_path() { local PATH=$T/programs:$PATH; "$@"; }
mkdir -p c/folder && touch c/file.csv "c/file two.csv" c/other.json
check "bash knows whom to ask" bash -c 'source dest/opt/w/share/bash-completion/completions/weir && complete -p weir | grep -q -- "-F _weir "'
check "verbs" offers weir "" "=>" "${verbs[@]}" --help --version
check "a verb's beginning" offers weir va "=>" validate
check "verbs after help" offers weir help e "=>" elb-logs
check "options" offers weir generate --s "=>" --size --shape --seed
check "no options of other verbs" offers weir cp --s "=>"
all_options() {
    local v
    for v in "${verbs[@]}"; do
        mapfile -t want < <(sed -nE 's/^(  (-[a-z]), |      )(--[^ ]+).*/\2 \3/p' "$ROOT/cli/help/$v.txt" | tr ' ' '\n' | grep .)
        offers weir "$v" - "=>" "${want[@]}" --help || return 1
    done
}
check "all options of all verbs, with their letters" all_options
check "values that are words" offers weir generate --shape "" "=>" seed var narrow
check "a value's beginning" offers weir relay --policy la "=>" latest
check "a value after =, as bash breaks it" offers weir tune --strategy = ba "=>" balanced
check "right after the =" offers weir tune --strategy = "=>" cost speed balanced
check "words beside what stands for something" offers weir validate -d "" "=>" tab comma semicolon pipe space auto
check "handlers" offers weir invoke --handler el "=>" elb_logs
check "nothing where only the user knows" offers weir generate --size "" "=>"
check "files as values" offers weir validate -o c/file "=>" c/file.csv "c/file two.csv"
check "folders where a folder is wanted" offers weir local --root c/ "=>" c/folder
check "files as arguments" offers weir cp c/o "=>" c/other.json
check "after a flag, too" offers weir cp --json c/o "=>" c/other.json
check "none for a verb that takes no argument" offers weir generate c/o "=>"
mkdir programs && touch programs/weir_test_program && chmod +x programs/*
check "programs after --" env_path offers weir archive -o x -- weir_test_p "=>" weir_test_program
check "a program's arguments are files" offers weir archive -o x -- cat c/o "=>" c/other.json
check "nothing for a verb that is none" offers weir nonsense c/ "=>"

# ---- gone ----

touch "$bin/other"
step "make uninstall" make_ PREFIX=/opt/w uninstall
check "leaves what is not ours, and nothing else" only dest opt/w/bin/other
check "and no folder of its own" gone dest/opt/w/libexec/weir
step "once more: there is nothing to do" make_ PREFIX=/opt/w uninstall

# ---- a path with spaces ----

# The path's first word is somebody else's file, and no folder is made where make runs.
touch a
dest="$T/a b"
step "make install below it" make_ "PREFIX=/opt/w x" install
check "exactly the same files" only "a b" "${files[@]/#/opt/w x/}"
check "and nothing of its other words in the tree" gone "$ROOT/b" "$ROOT/x"
check "its weir finds the bootstrap" finds "a b/opt/w x/bin/weir"
step "make uninstall" make_ "PREFIX=/opt/w x" uninstall
check "leaves nothing of it" only "a b"
check "and what is not ours" [ -e a ]
finish
