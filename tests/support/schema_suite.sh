#!/bin/bash
# Brings the official JSON-Schema-Test-Suite: schema_suite.sh DIR prints the folder that has it. Where WEIR_SCHEMA_SUITE names
# one, that; else it is in the source of the Python package jsonschema, at the version that the table in docs/SCHEMA.md was
# made with, from the registry of Python's packages. Kept in DIR. Status 1: it cannot be had.
set -u
dir=$1 version=4.26.0
suite=$dir/jsonschema-$version/json

if [ -n "${WEIR_SCHEMA_SUITE:-}" ]; then
    suite=$WEIR_SCHEMA_SUITE
elif [ ! -d "$suite/tests" ]; then
    command -v pip3 >/dev/null || exit 1
    mkdir -p "$dir"
    # pip makes the package's metadata, for which it wants wheels of what that takes: only this one package as source.
    timeout 120 pip3 download --quiet --disable-pip-version-check --no-deps --no-binary jsonschema -d "$dir" "jsonschema==$version" \
        >"$dir/log" 2>&1 </dev/null && tar -xzf "$dir/jsonschema-$version.tar.gz" -C "$dir" || exit 1
fi
[ -d "$suite/tests/draft2020-12" ] && echo "$suite"
