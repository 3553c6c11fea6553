#!/bin/bash
# `weir relay` beside Debian's icecast2, in turn: a source of 500 kB/s and one of 5 MB/s, 200 clients that read all that comes and
# 20 that read a tenth of it (bench/relay_load.c, which is source and clients in one). Then weir alone with 5,000 clients of
# 100 kB/s, and with clients that read all, but seldom. RELAY_SECONDS=40, RELAY_CLIENTS=5000, RELAY_PLOT=FILE.svg. Fails when a
# bound is passed that bench/relay.py names. Leaves build/bench-relay/*.json.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
dir=$build/bench-relay
seconds=${RELAY_SECONDS:-40}
clients=${RELAY_CLIENTS:-5000}
password=source-password
server=
conf=

end_server() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true # the shell's word that it was ended is no news
    server=
}
trap 'end_server; rm -rf "$conf"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ulimit -n "$(ulimit -Hn)"
mkdir -p "$dir"
rm -f "$dir"/*.json "$dir"/*.samples
${CC:-cc} -std=c17 -D_GNU_SOURCE -O2 -o "$dir/relay_load" "$root/bench/relay_load.c"
auth=$(printf 'source:%s' "$password" | base64)

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# ---- the servers ----

start_weir() {
    WEIR_RELAY_TOKEN=$password "$build/weir" relay --listen "127.0.0.1:$port" --unit ts --source live=push: "$@" 2>"$dir/weir.log" &
    server=$!
}
# Its own defaults, but for the limit of clients; it will not run as root.
start_icecast() {
    local as=()
    conf=$(mktemp -d)
    chmod 755 "$conf"
    [ "$(id -u)" != 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    cat >"$conf/icecast.xml" <<XML
<icecast>
  <hostname>localhost</hostname>
  <limits><clients>20000</clients><sources>2</sources><queue-size>524288</queue-size><client-timeout>30</client-timeout>
    <header-timeout>15</header-timeout><source-timeout>10</source-timeout><burst-size>65535</burst-size></limits>
  <authentication><source-password>$password</source-password><admin-user>admin</admin-user><admin-password>$RANDOM$RANDOM</admin-password></authentication>
  <listen-socket><bind-address>127.0.0.1</bind-address><port>$port</port></listen-socket>
  <paths><basedir>/usr/share/icecast2</basedir><logdir>/tmp</logdir><webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><accesslog>-</accesslog><errorlog>-</errorlog><loglevel>2</loglevel></logging>
</icecast>
XML
    "${as[@]}" icecast2 -c "$conf/icecast.xml" >"$dir/icecast.log" 2>&1 &
    server=$!
}

# measured WHAT NAME SECONDS LOAD-OPTIONS...: NAME.WHAT.json; WHAT is weir or icecast
measured() {
    local what=$1 name=$2 length=$3 out=$dir/$2.$1
    shift 3
    port=$(free_port)
    "start_$what"
    for _ in $(seq 200); do
        if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
        kill -0 "$server" || { cat "$dir/$what.log" >&2; exit 1; }
        sleep 0.05
    done
    "$dir/relay_load" --to "$port" --auth "$auth" --pid "$server" --seconds "$length" --samples "$out.samples" "$@" >"$out.json"
    end_server
    echo "  $name, $what: $(cat "$out.json")"
}

# ---- the runs ----

echo "bench: $seconds s each"
peers=(weir)
if command -v icecast2 >/dev/null; then peers+=(icecast); else echo "icecast2: skipped: not installed"; fi
for rate in 500000 5000000; do
    for what in "${peers[@]}"; do
        measured "$what" "rate-$rate" "$seconds" --rate "$rate" --fast 200 --slow 20 --slow-rate $((rate / 10))
    done
done
# The CPU of a machine with other work is that of the moment: pieces in turn.
for n in 1 2 3 4; do
    for what in "${peers[@]}"; do
        measured "$what" "turn-$n" 8 --rate 500000 --fast 200 --slow 20 --slow-rate 50000 --warm 2
    done
done
measured weir seldom "$((seconds / 2))" --rate 500000 --fast 20 --slow 20 --slow-rate 50000000 --slow-every 600 --warm 8
measured weir many "$((seconds / 2))" --rate 100000 --fast "$clients" --open 10
echo
python3 "$root/bench/relay.py" "$dir" "${RELAY_PLOT:-$dir/relay.svg}"
