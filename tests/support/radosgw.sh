#!/bin/bash
# A real S3 server for the tests: Ceph's RADOS gateway on one monitor and one OSD that keeps its objects in memory.
#
#   radosgw.sh start DIR        everything, on free ports; DIR/env then has what a client needs (AWS_*, for `source`),
#                               and RGW_TLS_URL, a name below which buckets are names, with the CA in DIR/ca.pem
#   radosgw.sh stop DIR         everything
#   radosgw.sh kill-rgw DIR     the gateway alone, with SIGKILL; the objects stay with the OSD
#   radosgw.sh restart-rgw DIR  the gateway again, on the same port
#
# Needs no systemd and no root rights of its own: each daemon runs in the foreground as a background job of this script,
# its process id in DIR/NAME.pid, and only these are ever ended. One at a time: of two that restart the gateway side by side (a proxy's
# rule and the script behind it) one would be forgotten.
set -euo pipefail

verb=${1:-} dir=${2:-}
case $verb in
start | stop | kill-rgw | restart-rgw) ;;
*) sed -n '4,8s/^# *//p' "$0" >&2; exit 2 ;;
esac
[ -n "$dir" ] || { echo "radosgw.sh: which folder?" >&2; exit 2; }
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
conf=$dir/ceph.conf
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
access_key=AKIAIOSFODNN7EXAMPLE
secret_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY

die() {
    echo "radosgw.sh: $*" >&2
    for log in "$dir"/log/*.err; do [ -s "$log" ] && { echo "-- $log" >&2; tail -n 15 "$log" >&2; }; done
    exit 1
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds
wait_for() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || die "$what: still not"
        sleep 0.1
    done
}

alive() { [ -e "$dir/$1.pid" ] && kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null; }
# ours PID: a number that a run has left behind may be another program's by now. A daemon has our configuration among its arguments, or
# this script's name while it is about to start.
ours() { grep -qzF -e "$conf" -e radosgw.sh "/proc/$1/cmdline" 2>/dev/null; }

# daemon NAME COMMAND...: detached from the terminal and from this script's descriptors
daemon() {
    local name=$1
    shift
    setsid "$@" >"$dir/log/$name.out" 2>"$dir/log/$name.err" </dev/null 9>&- &
    echo $! >"$dir/$name.pid"
}

# end NAME SIGNAL: by its own process id, and wait until it is gone
end() {
    local pid tries=0
    [ -e "$dir/$1.pid" ] || return 0
    pid=$(cat "$dir/$1.pid")
    if ours "$pid"; then
        kill -s "$2" "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null; do
            tries=$((tries + 1))
            [ $tries -ne 200 ] || kill -s KILL "$pid" 2>/dev/null || true
            [ $tries -lt 6000 ] || die "$1 ($pid) does not end"
            sleep 0.05
        done
    fi
    rm -f "$dir/$1.pid"
}

write_conf() { # write_conf FSID MON_PORT RGW_PORT TLS_PORT
    cat >"$conf" <<CONF
[global]
fsid = $1
mon host = v1:127.0.0.1:$2
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = $dir/run
log file = $dir/log/\$name.log
admin socket = $dir/run/\$name.asok
pid file =
# One machine, one user: no keys, one copy of everything, few placement groups.
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon]
mon data = $dir/mon
# The monitor refuses to work on a disk that is nearly full; it needs next to nothing.
mon data avail warn = 2
mon data avail crit = 1
[osd]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 12884901888
osd class load list = *
osd class default list = *
[client.rgw]
keyring = /dev/null
rgw frontends = beast endpoint=127.0.0.1:$3 ssl_endpoint=127.0.0.1:$4 ssl_certificate=$dir/tls.crt ssl_private_key=$dir/tls.key
rgw dns name = s3.localhost
# Temporary credentials (GetSessionToken, AssumeRole); the key is any 16 bytes.
rgw s3 auth use sts = true
rgw sts key = weirweirweirweir
rgw run sync thread = false
rgw enable lc threads = false
rgw enable usage log = false
# Deleted objects give their memory back soon.
rgw gc obj min wait = 5
rgw gc processor period = 10
CONF
}

answers() { curl -s -o /dev/null --max-time 60 "$1"; }

start_rgw() {
    local end=$((SECONDS + 300))
    daemon rgw radosgw -f -c "$conf" -n client.rgw
    # shellcheck source=/dev/null
    source "$dir/env"
    until answers "$AWS_ENDPOINT_URL_S3"; do
        if ! alive rgw; then
            daemon rgw radosgw -f -c "$conf" -n client.rgw
        fi
        [ $SECONDS -lt $end ] || die "the gateway does not answer"
        sleep 0.1
    done
}

# Whoever asks the monitor before having learned the cluster's id is refused ("wrong fsid", EPERM), now and then: every command
# is tried again, and a daemon that ends for it is started again. The bounds are wide: on a busy machine the commands alone, Python, take
# seconds.
start_osd() {
    local end=$((SECONDS + 300))
    daemon osd ceph-osd -f -c "$conf" -i 0
    until timeout 60 ceph -c "$conf" --connect-timeout 50 osd stat 2>/dev/null | grep -q '1 up'; do
        if ! alive osd; then
            daemon osd ceph-osd -f -c "$conf" -i 0
        fi
        [ $SECONDS -lt $end ] || die "the OSD does not come up"
        sleep 0.1
    done
}

make_user() {
    timeout 120 radosgw-admin -c "$conf" -n client.rgw user info --uid=weir >"$dir/log/user.out" 2>"$dir/log/user.err" ||
        timeout 120 radosgw-admin -c "$conf" -n client.rgw user create --uid=weir --display-name=weir --max-buckets=0 --caps="roles=*;user-policy=*" \
            --access-key="$access_key" --secret="$secret_key" >"$dir/log/user.out" 2>"$dir/log/user.err"
}

start() {
    local name mon_port rgw_port tls_port fsid osd
    for name in ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph python3 curl openssl setsid; do
        command -v "$name" >/dev/null || die "no $name; get it with: ./build.sh deps"
    done
    mkdir -p "$dir"/{mon,osd,run,log}
    chmod 700 "$dir/run"
    read -r mon_port rgw_port tls_port < <("$support/ports.py" 3)
    fsid=$(cat /proc/sys/kernel/random/uuid)
    osd=$(cat /proc/sys/kernel/random/uuid)
    "$support/certificate.sh" "$dir" >"$dir/log/openssl.err" 2>&1 || die "openssl: no certificate"
    write_conf "$fsid" "$mon_port" "$rgw_port" "$tls_port"
    cat >"$dir/env" <<ENV
export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$rgw_port
export AWS_ACCESS_KEY_ID=$access_key
export AWS_SECRET_ACCESS_KEY=$secret_key
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export RGW_TLS_URL=https://s3.localhost:$tls_port
unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_PROFILE AWS_CA_BUNDLE
ENV
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon_port]" "$dir/monmap" >/dev/null
    ceph-mon -c "$conf" -i a --mkfs --monmap "$dir/monmap" >"$dir/log/mkfs.err" 2>&1 || die "ceph-mon --mkfs"
    daemon mon ceph-mon -f -c "$conf" -i a --public-addr "127.0.0.1:$mon_port"
    wait_for 300 "the monitor" timeout 60 ceph -c "$conf" --connect-timeout 50 mon stat
    wait_for 300 "ceph osd new" timeout 60 ceph -c "$conf" --connect-timeout 50 osd new "$osd" 0
    ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd" >>"$dir/log/mkfs.err" 2>&1 || die "ceph-osd --mkfs"
    start_osd
    start_rgw
    wait_for 300 "radosgw-admin user create" make_user
}

stop() {
    end rgw TERM
    end osd TERM
    end mon TERM
}

exec 9>"$dir/lock" # not the daemons'
flock 9
case $verb in
start)
    # A start that fails, or is interrupted, leaves no daemon behind.
    trap '[ $? -eq 0 ] || stop >/dev/null 2>&1' EXIT
    start
    ;;
stop) stop ;;
kill-rgw) end rgw KILL ;;
restart-rgw)
    end rgw KILL
    start_rgw
    ;;
esac
