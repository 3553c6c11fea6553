# shellcheck shell=bash
# The Node reference, ready to run in DIR/peers/node: source it, then node_ready DIR. Returns 1, with the reason in
# DIR/node.skipped, where it cannot be had. Needs $root.
node_ready() {
    local dir=$1 peer=$1/peers/node
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        echo "no node" >"$dir/node.skipped"
        return 1
    fi
    mkdir -p "$peer"
    cp "${root:?}"/bench/peers/node/{package.json,package-lock.json,*.mjs} "$peer/"
    # Only when the packages are not those of the lock file.
    if ! cmp -s "$peer/package-lock.json" "$peer/installed.json"; then
        if ! (cd "$peer" && npm ci --ignore-scripts --no-audit --no-fund >"$dir/npm.log" 2>&1); then
            echo "npm ci failed ($dir/npm.log)" >"$dir/node.skipped"
            return 1
        fi
        cp "$peer/package-lock.json" "$peer/installed.json"
    fi
    node --version >"$dir/node.version"
}
