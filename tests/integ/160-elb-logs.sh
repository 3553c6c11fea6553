#!/bin/bash
# `weir elb-logs` to real receivers and to bad ones: is every line there, once by its id, or is the exit status 3?
source "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin

lines() { python3 "$SUPPORT/elb_lines.py" "$@"; }
lines 1 >one.log
lines 10 >ten.log
lines 10000 >many.log
gzip -k many.log

# whole LOG LINES [REPEATS]: the lines received are those of the log, each once by its id (repeats only where allowed)
whole() { python3 "$INTEG/elb_check.py" "$@"; }
arrived() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# ---- bad receivers that stay so, each to the timeout's end ----

# They are begun here and looked at below, so that a time that is long enough for a machine that stands still costs nothing.
# late NAME LOG URL: in the background; NAME.out, NAME.err, its exit status in NAME.rc
late() {
    { "$WEIR" elb-logs "$2" --to "$3" --timeout 20 >"$1.out" 2>"$1.err" </dev/null; echo $? >"$1.rc"; } &
}
sink never --bad never --forever
late never ten.log "tcp://127.0.0.1:$PORT"
sink resets --bad reset:100 --forever
late resets many.log "tcp://127.0.0.1:$PORT"
late nobody one.log tcp://127.0.0.1:1
ended() { # ended NAME: with a 3, one line
    until_true 60 test -s "$1.rc" || fail "it does not end" || return 1
    same "$(cat "$1.rc") $(wc -l <"$1.err")" "3 1" || { cat "$1.err"; return 1; }
}

# ---- stdout ----

to_stdout() {
    status 0 "$WEIR" elb-logs many.log --to - && whole many.log out && grep -q '"lines":10000,"parsed":10000,"rejected":0' err
}
from_gzip_and_stdin() {
    "$WEIR" elb-logs - --to - <many.log.gz >out 2>err && whole many.log out
}
several_files() {
    status 0 "$WEIR" elb-logs one.log ten.log many.log.gz --to - && [ "$(wc -l <out)" -eq 10011 ] &&
        same "$(grep -o '"id":"[^"]*"' out | sort -u | wc -l)" 10011
}
same_ids_again() {
    "$WEIR" elb-logs ten.log --to - >a 2>/dev/null && "$WEIR" elb-logs ten.log --to - >b 2>/dev/null && cmp a b
}
spliced() {
    { cat ten.log; head -c 300 one.log; cat ten.log; } >spliced.log
    status 1 "$WEIR" elb-logs spliced.log --to - && [ "$(wc -l <out)" -eq 20 ] && same "$(grep -c _elbparsefailure out)" 1
}
flat() {
    status 0 "$WEIR" elb-logs one.log --fields aws --to - && grep -q '"client_port":[0-9]*,"target_ip":"10' out
}
edges() { WEIR_EDGE_BYTES=1 "$WEIR" elb-logs ten.log --to - 2>/dev/null | cmp - b; }
check "lines as JSON on stdout" to_stdout
check "gzip on stdin" from_gzip_and_stdin
check "several files, ids of their own" several_files
check "the same ids again" same_ids_again
check "a spliced line is told, the exit status is 1" spliced
check "AWS's own names" flat
check "edges of one byte" edges

# ---- real receivers ----

# send LOG LINES-FILE URL ARGS...
send() {
    local log=$1 to=$2 url=$3
    shift 3
    status 0 "$WEIR" elb-logs "$log" --to "$url" --timeout 120 "$@" || return 1
    until_true 30 arrived "$to" "$(wc -l <"$log")" || fail "$(wc -l <"$to") lines of $(wc -l <"$log")" || return 1
    whole "$log" "$to"
}
listening() { python3 -c "import socket, sys; socket.create_connection(('127.0.0.1', $1), 1)"; }

to_socat() {
    local port log
    for log in one ten many; do
        port=$(free_port)
        rm -f "socat.$log"
        socat -u "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "OPEN:socat.$log,creat,append" >socat.err 2>&1 &
        until_true 20 listening "$port" || return 1
        send "$log.log" "socat.$log" "tcp://127.0.0.1:$port" || return 1
    done
}
to_rsyslog() {
    local port log
    port=$(free_port)
    cat >rsyslog.conf <<TEXT
global(workDirectory="$T" maxMessageSize="64k")
module(load="imtcp")
template(name="raw" type="string" string="%rawmsg%\n")
input(type="imtcp" address="127.0.0.1" port="$port" SupportOctetCountedFraming="off" ruleset="r")
ruleset(name="r") { action(type="omfile" file="$T/rsyslog.out" template="raw") }
TEXT
    rsyslogd -n -f "$T/rsyslog.conf" -i "$T/rsyslog.pid" >rsyslog.err 2>&1 &
    until_true 20 listening "$port" || { cat rsyslog.err; return 1; }
    for log in one ten many; do
        : >rsyslog.out
        send "$log.log" rsyslog.out "tcp://127.0.0.1:$port" || return 1
    done
}
check "to socat: 1, 10, 10,000 lines" to_socat
check "to rsyslog: 1, 10, 10,000 lines" to_rsyslog
four_connections() { sink four && send many.log four/lines "tcp://127.0.0.1:$PORT" --connections 4; }
check "over four connections at once" four_connections

# ---- TLS ----

certificates() {
    local days=(-days 2 -nodes -newkey rsa:2048)
    openssl req -x509 "${days[@]}" -keyout ca.key -out ca.pem -subj "/CN=weir test" 2>/dev/null || return 1
    local name
    for name in server client; do
        openssl req "${days[@]:2}" -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null &&
            printf 'subjectAltName=DNS:logstash.test,IP:127.0.0.1\n' >"$name.ext" &&
            openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$name.ext" -out "$name.pem" 2>/dev/null || return 1
    done
    cat client.pem client.key >both.pem
}
tls_trusted() { sink tls --tls server.pem server.key && send many.log tls/lines "tls://127.0.0.1:$PORT" --ca ca.pem; }
tls_name() { sink tlsn --tls server.pem server.key && send ten.log tlsn/lines "tls://127.0.0.1:$PORT" --ca ca.pem --server-name logstash.test; }
tls_wrong_name() {
    sink tlsw --tls server.pem server.key
    status 3 "$WEIR" elb-logs ten.log --to "tls://127.0.0.1:$PORT" --ca ca.pem --server-name other.test && grep -q 'hostname mismatch' err
}
tls_untrusted() { sink tlsu --tls server.pem server.key && status 3 "$WEIR" elb-logs ten.log --to "tls://127.0.0.1:$PORT" && grep -qi 'certificate' err; }
tls_client() {
    sink tlsc --tls server.pem server.key --ca ca.pem
    send ten.log tlsc/lines "tls://127.0.0.1:$PORT" --ca ca.pem --cert client.pem --key client.key || return 1
    : >tlsc/lines
    send ten.log tlsc/lines "tls://127.0.0.1:$PORT" --ca ca.pem --cert both.pem || return 1
    status 3 "$WEIR" elb-logs ten.log --to "tls://127.0.0.1:$PORT" --ca ca.pem --timeout 3
}
tls_socat() {
    local port
    port=$(free_port)
    rm -f socat.tls
    socat -u "OPENSSL-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,cert=server.pem,key=server.key,verify=0" OPEN:socat.tls,creat,append >socat.err 2>&1 &
    until_true 20 listening "$port" || return 1
    send many.log socat.tls "tls://127.0.0.1:$port" --ca ca.pem
}
tls_bad_file() { status 2 "$WEIR" elb-logs ten.log --to tls://127.0.0.1:1 --ca missing.pem && grep -q 'missing.pem' err; }
check "certificates" certificates
check "TLS: a CA that is trusted" tls_trusted
check "TLS: another name than the host's" tls_name
check "TLS: the wrong name is 3" tls_wrong_name
check "TLS: an unknown CA is 3" tls_untrusted
check "TLS: a client's certificate, and none" tls_client
check "TLS: to socat" tls_socat
check "TLS: a missing file is 2" tls_bad_file

# ---- Lumberjack ----

lumberjack() { sink lj --lumberjack && send many.log lj/lines "lumberjack://127.0.0.1:$PORT"; }
lumberjack_reuse() {
    sink ljr --lumberjack && status 0 "$WEIR" elb-logs one.log ten.log one.log --to "lumberjack://127.0.0.1:$PORT" &&
        grep -q '"created":1,"reused":2,"failed":0' out && same "$(wc -l <ljr/lines)" 12
}
lumberjack_compressed() { sink ljc --lumberjack && send many.log ljc/lines "lumberjack://127.0.0.1:$PORT" --compress 3; }
lumberjack_plain() { sink ljp --lumberjack && send many.log ljp/lines "lumberjack://127.0.0.1:$PORT" --compress 0; }
lumberjack_tls() { sink ljt --lumberjack --tls server.pem server.key && send many.log ljt/lines "lumberjack+tls://127.0.0.1:$PORT" --ca ca.pem; }
lumberjack_bad() {
    sink ljb --lumberjack --bad reset:40000 --bad unread:90000 --bad close --bad reset:5 &&
        status 0 "$WEIR" elb-logs many.log --to "lumberjack://127.0.0.1:$PORT" --timeout 120 && whole many.log ljb/lines repeats
}
check "Lumberjack: 10,000 lines" lumberjack
check "Lumberjack: a connection is used again" lumberjack_reuse
check "Lumberjack: compressed" lumberjack_compressed
check "Lumberjack: level 0 is not compressed" lumberjack_plain
check "Lumberjack: over TLS" lumberjack_tls
check "Lumberjack: a receiver that breaks off" lumberjack_bad

# ---- bad receivers ----

recovers() {
    sink bad --bad late:300 --bad reset:50000 --bad unread:7000 --bad close --bad reset:0 &&
        status 0 "$WEIR" elb-logs many.log --to "tcp://127.0.0.1:$PORT" --timeout 120 && whole many.log bad/lines repeats &&
        grep -q '"failed":[1-9]' out && grep -q '"resent":[1-9]' out
}
slow() { sink slow --bad slow:3000000 --forever && send many.log slow/lines "tcp://127.0.0.1:$PORT"; }
never_reads() { ended never && grep -q '^weir: elb-logs: 10 of 10 lines read are not confirmed: ' never.err; }
always_resets() { ended resets && grep -q 'not confirmed' resets.err && grep -q 'reset by peer' resets.err; }
nobody() { ended nobody && grep -q 'connection refused' nobody.err; }
check "a receiver that resets, closes, leaves bytes unread, then recovers" recovers
check "a receiver that reads slowly" slow
check "a receiver that never reads is 3 at the timeout" never_reads
check "a receiver that always resets is 3" always_resets
check "nobody listens is 3" nobody

# one line after the other, each by a process of its own
singles() {
    local n=100 i
    [ "$ASAN" -eq 0 ] || n=20
    [ "$FULL" = 0 ] || n=10000
    sink singles
    for ((i = 0; i < n; i++)); do
        "$WEIR" elb-logs one.log --to "tcp://127.0.0.1:$PORT" >out 2>err || { cat err; return 1; }
    done
    same "$(wc -l <singles/lines)" "$n"
}
check "a single line, again and again: none is lost" singles

# ---- usage ----

usage() {
    status 2 "$WEIR" elb-logs --to - && status 2 "$WEIR" elb-logs one.log && status 2 "$WEIR" elb-logs one.log --to http://h:1 &&
        status 2 "$WEIR" elb-logs missing.log --to - && status 2 "$WEIR" elb-logs one.log --to tcp://h:1 --ca ca.pem &&
        status 2 "$WEIR" elb-logs one.log --to tcp://h:1 --connections 0 && status 0 "$WEIR" elb-logs --help && same "$(wc -c <err)" 0
}
truncated() {
    head -c 20000 many.log.gz >cut.gz
    status 3 "$WEIR" elb-logs cut.gz --to - && grep -q '^weir: elb-logs: ' err
}
interrupted() {
    sink intr --bad never --forever
    "$WEIR" elb-logs one.log --to "tcp://127.0.0.1:$PORT" >out 2>err &
    local pid=$! rc=0
    until_true 20 sh -c "ss -tn 2>/dev/null | grep -q ':$PORT ' || grep -qi ':$(printf %04X "$PORT") 01' /proc/net/tcp" || return 1
    kill -TERM "$pid"
    wait "$pid" || rc=$?
    same "$rc" 143
}
check "wrong usage is 2" usage
check "truncated gzip is 3" truncated
check "SIGTERM ends it with 143" interrupted
finish
