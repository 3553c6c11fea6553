#!/bin/bash
# Dependencies run one way; this reads the includes of the tree (or of the folder given) and names every arrow against it:
#   core <- stream <- {codec csv json net} <- {schema aws relay} <- event <- handlers <- {bootstrap cli}
# A module may include itself and what stands to its left; siblings do not know each other.
# check-deps.sh --arrows prints what there is instead, for docs/make.py: lines of LEVEL MODULE, then of LEVEL MODULE -> LEVEL MODULE.
set -u
show=0
if [ "${1:-}" = --arrows ]; then show=1 && shift; fi
cd "${1:-.}" || exit 2

level() {
    case $1 in
    core) echo 0 ;;
    stream) echo 1 ;;
    codec | csv | json | net) echo 2 ;;
    schema | aws | relay) echo 3 ;;
    event) echo 4 ;;
    handlers/*) echo 5 ;;
    bootstrap | cli) echo 6 ;;
    *) echo none ;;
    esac
}

# The module a repository path belongs to: lib/csv/x.h -> csv, handlers/validate/x.h -> handlers/validate.
module() {
    local rest
    case $1 in
    lib/*/*) rest=${1#lib/} && echo "${rest%%/*}" ;;
    handlers/*/*) rest=${1#handlers/} && echo "handlers/${rest%%/*}" ;;
    bootstrap/*) echo bootstrap ;;
    cli/*) echo cli ;;
    *) echo "${1%%/*}" ;;
    esac
}

bad=0 files=0 arrows=0 seen=()
complain() { echo "check-deps: $*" >&2; bad=$((bad + 1)); }

while IFS= read -r file; do
    files=$((files + 1))
    from=$(module "$file")
    from_level=$(level "$from")
    if [ "$from_level" = none ]; then complain "$file: module $from has no place in the order"; continue; fi
    seen+=("$from_level $from")
    while IFS=: read -r line inc; do
        case $inc in
        *..*) complain "$file:$line: \"$inc\": no .. in includes"; continue ;;
        */*) if [ -e "lib/$inc" ] || [ ! -e "$inc" ]; then path=lib/$inc; else path=$inc; fi ;;
        *) path=$(dirname "$file")/$inc ;;
        esac
        if [ ! -e "$path" ]; then complain "$file:$line: \"$inc\" is not in the tree"; continue; fi
        to=$(module "$path")
        [ "$to" = "$from" ] && continue
        arrows=$((arrows + 1))
        to_level=$(level "$to")
        # A handler's own folder apart, handlers are siblings; cli and bootstrap may use any of them.
        if [ "$to_level" = none ] || [ "$to_level" -ge "$from_level" ]; then
            complain "$file:$line: $from -> $to is against the order (includes \"$inc\")"
        fi
        seen+=("$from_level $from -> $to_level $to")
    done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/;t p;b;:p;=;p' "$file" | paste -d: - -)
done < <(find lib handlers bootstrap cli -name '*.[ch]' 2>/dev/null | sort)

if [ $show -eq 1 ]; then printf '%s\n' "${seen[@]}" | LC_ALL=C sort -u; fi
[ $bad -eq 0 ] && [ $show -eq 0 ] && echo "check-deps: $arrows arrows in $files files, all one way"
[ $bad -eq 0 ]
