#!/bin/bash
# Each header compiles alone, with each compiler there is: CC_FLAGS="..." tests/check-headers.sh HEADER...
set -u
read -r -a flags <<<"${CC_FLAGS:--std=c17 -D_GNU_SOURCE -Ilib -I.}"
failed=0 used=()
for cc in gcc clang; do
    command -v "$cc" >/dev/null || continue
    used+=("$cc")
    for h in "$@"; do
        # Twice: a header without a guard shows too.
        printf '#include "%s"\n#include "%s"\ntypedef int weir_not_empty;\n' "$h" "$h" |
            "$cc" "${flags[@]}" -fsyntax-only -x c - || { echo "check-headers: $h does not compile alone with $cc" >&2; failed=1; }
    done
done
[ ${#used[@]} -gt 0 ] || { echo "check-headers: no compiler" >&2; exit 1; }
[ $failed -eq 0 ] && echo "check-headers: $# headers ok with ${used[*]}"
