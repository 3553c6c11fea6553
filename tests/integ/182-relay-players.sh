#!/bin/bash
# Do ffmpeg and VLC play what the relay passes on, wherever in the stream they come in, and can ffmpeg be the encoder that sends
# it there?
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

for c in ffmpeg ffprobe; do
    command -v $c >/dev/null || { skip "players" "skipped: no $c"; exit 0; }
done
if [ $ASAN -ne 0 ]; then
    skip "players" "skipped: once is enough, without sanitizers"
    exit 0
fi
ff=(ffmpeg -hide_banner -nostdin -v error) # no function: $! is then ffmpeg

# Ten seconds of H.264 and MPEG audio in a transport stream, with a way in once a second.
codec=(-c:v libx264 -preset ultrafast)
ffmpeg -hide_banner -encoders 2>/dev/null | grep -q ' libx264 ' || codec=(-c:v mpeg2video)
"${ff[@]}" -f lavfi -i testsrc=size=320x240:rate=25:duration=10 -f lavfi -i sine=frequency=440:duration=10 \
    "${codec[@]}" -g 25 -pix_fmt yuv420p -c:a mp2 -b:a 64k -f mpegts clip.ts || { not_ok "ffmpeg makes no clip"; finish; }

WEIR_RELAY_TOKEN=s3cret "$WEIR" relay --listen 127.0.0.1:0 --unit ts --random-access --age-max 0 --burst 64KiB --source live=push: --source basic=push: \
    2>relay.log </dev/null &
until_true 20 grep -q 'listening on' relay.log || { not_ok "the relay does not start: $(cat relay.log)"; finish; }
at=$(sed -n 's/.*listening on //p' relay.log)

# field SOURCE NAME: of the status
field() { curl -sS "http://$at/status.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)["sources"][sys.argv[1]][sys.argv[2]])' "$1" "$2"; }
state() { [ "$(field "$1" state)" = "$2" ]; }
more_than() { [ "$(field "$1" units)" -gt "$2" ]; }

# ---- encoders ----

encoder() { # encoder NAME URL ARGS...: the clip for ever, at its pace
    local name=$1 url=$2
    shift 2
    "${ff[@]}" -re -stream_loop -1 -i clip.ts -map 0 -c copy -f mpegts "$@" "$url" 2>"$name.err" </dev/null &
}
pushes() { until_true 30 more_than "$1" 100 || fail "nothing comes: $(cat "$1.err" relay.log)"; }
refused() { # with a wrong token an encoder's connection ends, and nothing of it was taken
    local url pids=() pid
    for url in "http://$at/basic" "http://encoder:guess@$at/basic"; do
        "${ff[@]}" -re -i clip.ts -c copy -f mpegts "$url" 2>/dev/null &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" && { fail "it may push"; return; }; done
    same "$(field basic units)" 0
}
second() { # while one pushes, no other may
    same "$(curl -sS -o /dev/null -w '%{http_code}' -T clip.ts -H 'Authorization: Bearer s3cret' "http://$at/live")" 409
}
check "an encoder with a wrong token is refused" refused
encoder live "http://$at/live" -method PUT -headers $'Authorization: Bearer s3cret\r\n'
encoder basic "http://encoder:s3cret@$at/basic"
check "ffmpeg pushes with PUT and a Bearer token" pushes live
check "ffmpeg pushes with POST and the token as a password" pushes basic
check "there is one encoder at a time" second

# ---- VLC ----

vlc() { # as somebody else than root; told what to do and asked what it has done by a socket
    local home as=()
    home=$(mktemp -d)
    if [ "$(id -u)" -eq 0 ]; then
        chown nobody "$home"
        as=(setpriv --reuid nobody --regid nogroup --clear-groups)
    fi
    "${as[@]}" env HOME="$home" XDG_RUNTIME_DIR="$home" cvlc -q --extraintf oldrc --rc-unix "$home/rc" --rc-fake-tty --no-media-library --vout dummy --aout dummy \
        "http://$at/live?burst=1000000" >vlc.log 2>&1 </dev/null &
    VLC=$home/rc
}
stats() { printf 'stats\nlogout\n' | timeout 100 socat -t 90 - "UNIX-CONNECT:$VLC"; }
displayed() { [ "$(stats 2>/dev/null | sed -n 's/.*frames displayed *: *\([0-9]*\).*/\1/p')" -ge 50 ]; } 2>/dev/null
plays() {
    until_true 60 displayed || fail "VLC: $(stats; tail -n 20 vlc.log)"
}
has_vlc() { command -v cvlc >/dev/null && { [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null; }; }
has_vlc && vlc # it takes its time

# ---- ffmpeg and ffprobe ----

codecs() {
    same "$(timeout 600 ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "http://$at/live?burst=1000000" | grep . | sort -u | paste -sd ' ')" "audio video"
}
# decodes N QUERY: N frames, the first one a key frame, and not a word of complaint; each comes at another time
decodes() {
    local frames
    timeout 600 ffmpeg -hide_banner -nostdin -v warning -analyzeduration 1M -i "http://$at/live$2" -map 0:v -frames:v "$1" -f framecrc - >"frames.$3" 2>"frames.$3.err" || fail "$(cat "frames.$3.err")" || return 1
    frames=$(grep -vc '^#' "frames.$3")
    same "$frames" "$1" && same "$(cat "frames.$3.err")" ""
}
first_is_key() {
    local first
    first=$(timeout 600 ffprobe -v error -select_streams v -read_intervals '%+#1' -show_entries frame=key_frame,pict_type -of csv=p=0 "http://$at/live?burst=1000000" | head -n 1)
    same "${first%,}" "1,I"
}
at_any_time() { # all at once: each begins somewhere else
    local i pids=()
    for i in 0 1 2 3 4 5; do
        decodes $((30 + i)) "?burst=$((i * 50000))" "$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || return 1; done
}
# The proof that it could fail: whoever comes in anywhere is sent what no decoder can begin with.
anywhere() {
    local i
    for i in 1 2 3 4 5 6; do decodes 5 "?random_access=0&burst=$((i * 1880))" "r$i" >/dev/null || return 0; done
    fail "a decoder that comes in anywhere never complains"
}
check "ffprobe sees the streams" codecs
check "the first frame that a player gets is a key frame" first_is_key
check "ffmpeg decodes without an error, whenever it comes" at_any_time
check "and complains when it is let in anywhere" anywhere

# ---- a player that stands still ----

# It stops for longer than its data may be old; then it goes on, where a decoder can: more frames than were on their way to it.
lost() { [ "$(field live dropped_units)" -gt "$1" ]; }
frames() { grep -vc '^#' still.frames; }
has_frames() { [ "$(frames)" -ge "$1" ]; }
stands_still() {
    local pid before
    "${ff[@]}" -analyzeduration 1M -i "http://$at/live?age_max=0.5" -map 0:v -flush_packets 1 -f framecrc - >still.frames 2>still.err </dev/null &
    pid=$!
    # shellcheck disable=SC2064  # this one
    trap "kill -KILL $pid 2>/dev/null" EXIT
    until_true 60 grep -q '^0,' still.frames || { fail "it plays nothing: $(cat still.err)"; return; }
    kill -STOP "$pid"
    before=$(field live dropped_units) # it loses some while it plays, too
    until_true 60 lost "$before" || { fail "nothing is dropped for it"; return; }
    kill -CONT "$pid"
    until_true 60 has_frames $(($(frames) + 60)) || fail "ffmpeg: $(frames) frames: $(cat still.err)"
}

if has_vlc; then
    check "VLC shows 50 frames" plays
    rm -rf "${VLC%/rc}"
else
    skip "VLC shows 50 frames" "skipped: no cvlc"
fi
check "a player that stood still goes on without an end" stands_still
no_fault() { state live live && state basic live && same "$(field live breaks)" 0; }
check "the encoders were not disturbed" no_fault
finish
