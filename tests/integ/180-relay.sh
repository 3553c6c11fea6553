#!/bin/bash
# Does a slow client lose whole units, all of them counted, while nobody else waits?
source "$(dirname "$0")/lib.sh"

scenarios=(slow_clients_lose_whole_packets_and_all_are_counted a_broken_source_is_connected_again_and_clients_stay
    a_source_that_stalls_is_connected_again who_reads_seldom_gets_all_and_who_reads_slowly_gets_nothing_old answers_say_what_is_wrong an_encoder_pushes_with_a_token)
python3 "$SUPPORT/relay_check.py" "${scenarios[@]}" || FAILED=1

# ---- files and stdin ----

seq 1 2000 >numbers
relay_lines() { # a paced file, to its end: the relay then ends by itself
    rm -f relay.err # the shell opens it late, and the last one's would be read
    "$WEIR" relay --listen 127.0.0.1:0 --unit lines --age-max 0 --source "live=$1" --rate "$2" 2>relay.err <numbers &
    local pid=$!
    until_true 20 grep -q 'listening on' relay.err || { fail "it does not listen: $(cat relay.err)"; return; }
    timeout 600 curl -sS -o got "http://$(sed -n "s/.*listening on //p" relay.err)/live" || { fail "curl: $?"; return; }
    wait "$pid" || { fail "exit status $?"; return; }
    cmp numbers got
}
check "a file is read at its pace, and its end is the clients' end" relay_lines "file:$T/numbers" 20kB
check "stdin is a source" relay_lines - 20kB
relay_unreadable() { # what cannot be read is no end: status 3, and a line that says which source
    status 3 "$WEIR" relay --listen 127.0.0.1:0 --always --quiet --source "live=file:$T" --rate 1kB && { grep -q "live: is a folder" err || fail "$(cat err)"; }
}
check "a source that cannot be read fails the relay" relay_unreadable

# A source chooses its type, and whoever pushes may choose text/html: in a browser it must not be a page of the relay's.
relay_no_page() {
    rm -f relay.err
    WEIR_RELAY_TOKEN=t "$WEIR" relay --listen 127.0.0.1:0 --unit lines --burst 64KiB --age-max 0 --source live=push: 2>relay.err </dev/null &
    local pid=$! at encoder
    PIDS+=("$pid")
    until_true 20 grep -q 'listening on' relay.err || { fail "it does not listen: $(cat relay.err)"; return; }
    at=$(sed -n "s/.*listening on //p" relay.err)
    exec {encoder}<>"/dev/tcp/${at/:/\/}"
    printf 'PUT /live HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<script>\n' >&"$encoder"
    until_true 20 sh -c "curl -sS -I --max-time 5 http://$at/live | tr -d '\r' >head.got && grep -q '^Content-Type: text/html\$' head.got" || { cat head.got; return 1; }
    exec {encoder}>&-
    kill "$pid"
    cat head.got
    grep -q '^X-Content-Type-Options: nosniff$' head.got && grep -q '^Content-Security-Policy: sandbox$' head.got
}
check "what is pushed as a page is none of the relay's" relay_no_page

# ---- wrong usage ----

usage_error() { # usage_error TEXT ARGS...
    local want=$1
    shift
    status 2 "$WEIR" relay "$@" && same "$(wc -l <err)" 1 && { grep -q -- "$want" err || fail "$(cat err)"; }
}
echo '{"sources":{"a":{"url":"push:","unit":"words"}}}' >unit.json
echo '{"sources":{"a":{"url":"push:","ring":1}}}' >unknown.json
echo '{"sources":[' >broken.json
check "no source" usage_error "no source"
check "a source without a URL" usage_error "is not NAME=URL" --source a
check "a source of another kind" usage_error "a source is http" --source a=ftp://x
check "a name that is a path" usage_error "letters, digits" --source a/b=push:
check "two sources of a name" usage_error "two sources" --source a=push: --source a=push:
check "stdin twice" usage_error "stdin is another source" --source a=- --source b=-
check "a file without a pace" usage_error "give it a rate" --source "a=file:$T/numbers"
check "a file that is not there" usage_error "no such file" --source a=file:/nowhere --rate 1kB
check "no address" usage_error "nowhere is not ADDRESS:PORT" --listen nowhere --source a=push:
check "a ring too small" usage_error "ring-bytes" --ring-bytes 1 --source a=push:
check "a configuration's unit" usage_error "/sources/a/unit" --config unit.json
check "a configuration's unknown setting" usage_error "/sources/a/ring: is no setting" --config unknown.json
check "a configuration that is no JSON" usage_error "broken.json" --config broken.json
check "a configuration that is not there" usage_error "no such file" --config nowhere.json

finish
