#!/bin/bash
# Is a file fit for Lambda, whatever system lies below it there?  check-elf.sh FILE
# Static, no interpreter, a stack that cannot be executed, read-only relocations, no memory both writable and executable.
set -euo pipefail
file=${1:?which file}
bad() { echo "check-elf: $file: $*" >&2; exit 1; }
# In C: the words are compared below.
headers=$(LC_ALL=C readelf -W -h -l -d "$file" 2>/dev/null) || bad "no ELF file"
has() { grep -qE "$1" <<<"$headers"; }
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' <<<"$headers" | paste -sd ' ')
[ -z "$needed" ] || bad "needs $needed"
! has '^ +INTERP' || bad "needs an interpreter"
has '^ +GNU_STACK .* RW +0x' || bad "its stack is executable"
has '^ +GNU_RELRO ' || bad "no RELRO"
! has '^ +LOAD .* RWE +0x' || bad "memory that is writable and executable"
! has 'TEXTREL' || bad "text relocations"
