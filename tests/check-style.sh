#!/bin/bash
# Cheap rules that a grep can hold: banned functions, left-over marks, white space at line ends, paths of one machine,
# and, where they are there, shellcheck on the scripts, settings, links and what is made from the code in the documents.
set -u
bad=0
no() { # no WHAT PATTERN FILE...: no line may match
    local what=$1 pattern=$2
    shift 2
    [ $# -gt 0 ] || return 0
    if grep -nE "$pattern" "$@" /dev/null >&2; then
        echo "check-style: $what" >&2
        bad=$((bad + 1))
    fi
}

mapfile -t c < <(find lib handlers bootstrap cli tests bench -name '*.[ch]' 2>/dev/null | grep -v node_modules | sort)
mapfile -t product < <(printf '%s\n' "${c[@]}" | grep -E '^(lib|handlers|bootstrap|cli)/')
mapfile -t scripts < <(find build.sh .ci/run packaging tests bench -name node_modules -prune -o \( -name '*.sh' -o -path .ci/run \) -print 2>/dev/null | sort)
mapfile -t text < <(find . \( -name .git -o -name node_modules -o -name 'build*' -type d -o -path ./tests/fuzz -o -path ./tests/golden \) -prune -o \
    -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.md' -o -name '*.py' -o -name '*.mjs' -o -name Makefile \) -print | sort)

no "banned function" '(^|[^A-Za-z0-9_])(sprintf|vsprintf|strcpy|strcat|atoi|atol|strtok|localtime|system|popen|alloca|gets)[[:space:]]*\(' "${c[@]}"
mapfile -t speakers < <(printf '%s\n' "${product[@]}" | grep -vFx lib/core/reason.c)
no "strerror: the words of all messages are weir_reason's (core/reason.h)" '(^|[^A-Za-z0-9_])(uv_)?strerror[[:space:]]*\(' "${speakers[@]}"
mapfile -t keepers < <(printf '%s\n' "${product[@]}" | grep -vFx lib/core/err.c)
no "an error that replaces another: the first one stays (weir_err_keep)" '(^|[^A-Za-z0-9_])\*err = [^(]' "${keepers[@]}"
mapfile -t drivers < <(printf '%s\n' "${product[@]}" | grep -vFx lib/stream/stage.c)
no "a stage whose answer nobody judges: whoever drives one does it by weir_stage_step" 'ops->step[[:space:]]*\(' "${drivers[@]}"
no "left-over mark" '(^|[^A-Za-z0-9_])(TO''DO|FIX''ME|X''XX)([^A-Za-z0-9_]|$)' "${text[@]}"
no "white space at the end of a line" '[[:blank:]]+$' "${text[@]}"
no "tab in a C file" $'\t' "${c[@]}"
no "a path of one machine" '/(home|Users)/[a-z]+/|/wor''k/' "${text[@]}"

for s in "${scripts[@]}"; do
    bash -n "$s" || bad=$((bad + 1))
done
if command -v shellcheck >/dev/null; then
    # SC2016: `bash -c` bodies are quoted on purpose; SC2317: functions called by name look unreachable.
    shellcheck -x -P SCRIPTDIR -e SC2016,SC2317 "${scripts[@]}" || bad=$((bad + 1))
    with="shellcheck"
else
    with="no shellcheck"
fi
if command -v python3 >/dev/null; then
    python3 tests/check_settings.py >&2 || bad=$((bad + 1))
    python3 tests/check_links.py >&2 || bad=$((bad + 1))
    python3 docs/make.py --check >&2 || bad=$((bad + 1))
    python3 tests/mutate/run.py --check >&2 || bad=$((bad + 1))
fi
[ $bad -eq 0 ] && echo "check-style: ${#text[@]} files ok ($with)"
