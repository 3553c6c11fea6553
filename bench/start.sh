#!/bin/bash
# The start, and an invocation that does nothing, beside AWS's Rust runtime: bench/start.sh [--runs N] [--invocations N]
# [--json]. Measures build/bootstrap, and the static one of ./build.sh package where that is built (STATIC names another).
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
dir=$build/bench
static=${STATIC:-$build/package/$(uname -m)/zip/bootstrap}
mkdir -p "$dir"

# Built in a copy: cargo writes beside what it builds.
rust_ready() {
    mkdir -p "$dir/peers/rust"
    cp -r "$root/bench/peers/rust/." "$dir/peers/rust/"
    (cd "$dir/peers/rust" && CARGO_TARGET_DIR=$dir/peers/rust timeout 900 cargo build --release >"$dir/cargo.log" 2>&1)
}

programs=("weir (shared libraries)=$build/bootstrap")
if [ -x "$static" ]; then programs+=("weir (static)=$static"); else echo "weir (static): skipped: no $static: ./build.sh package" >&2; fi
if ! command -v cargo >/dev/null; then
    echo "Rust lambda_runtime: skipped: no cargo" >&2
elif ! rust_ready; then
    echo "Rust lambda_runtime: skipped: cargo build failed ($dir/cargo.log)" >&2
else
    programs+=("Rust lambda_runtime=$dir/peers/rust/release/hello")
fi
exec python3 "$root/bench/start.py" "$@" "${programs[@]}"
