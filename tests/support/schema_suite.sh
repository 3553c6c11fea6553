#!/bin/bash
# Brings the official JSON-Schema-Test-Suite: schema_suite.sh DIR prints the folder that has it. Where WEIR_SCHEMA_SUITE names
# one, that; else it is in the source of the Python package jsonschema, from the registry of Python's packages at the
# version that the table in docs/SCHEMA.md was made with, or of whatever version Debian has. Kept in DIR. Status 1: none.
set -u
dir=$1 version=4.26.0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

found() {
    local suite
    for suite in "$dir"/*/json; do
        [ -d "$suite/tests/draft2020-12" ] && echo "$suite" && return 0
    done
    return 1
}

if [ -n "${WEIR_SCHEMA_SUITE:-}" ]; then
    echo "$WEIR_SCHEMA_SUITE"
    exit 0
fi
shopt -s nullglob
found && exit 0
mkdir -p "$dir"
from_python() {
    command -v pip3 >/dev/null || return 1
    timeout 120 pip3 download --quiet --disable-pip-version-check --no-deps --no-binary :all: -d "$dir" "jsonschema==$version" &&
        tar -xzf "$dir/jsonschema-$version.tar.gz" -C "$dir"
}
# Without touching this machine's apt.
from_debian() {
    command -v apt-get >/dev/null || return 1
    mkdir -p "$dir/apt"/{lists/partial,cache/archives/partial} &&
        python3 "$here/../../packaging/apt_sources.py" "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" /etc/apt >"$dir/apt/debian.sources" &&
        cat >"$dir/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$dir/apt/debian.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "$dir/apt/lists";
Dir::Cache "$dir/apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
    export APT_CONFIG=$dir/apt/apt.conf
    timeout 120 apt-get -qq update && cd "$dir" && timeout 120 apt-get -qq --download-only source python-jsonschema && tar -xzf python-jsonschema_*.orig.tar.*
}
{ from_python || from_debian; } >"$dir/log" 2>&1 </dev/null
found
