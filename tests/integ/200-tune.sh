#!/bin/bash
# Does weir tune run the real bootstrap under each size's limits, reckon as aws-lambda-power-tuning does, and see a function that runs out
# of memory for what it is?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

echo '{"name":"x"}' >hello.json
echo '{"bytes":5000000}' >bytes.json
tune() { "$WEIR" tune "$@" --handler hello -q; }
sizes=128,512,1769
[ $ASAN -eq 0 ] || sizes=2048,4096 # a sanitizer's memory counts, too

# ---- JSON, the URL, the chart: read back by somebody else ----

result_is_right() {
    tune hello.json --memory "$sizes" --num 5 --strategy "$1" --json --svg chart.svg >result.json || return 1
    python3 "$INTEG/tune_check.py" result.json "$sizes" "$1" 2.1e-9 chart.svg
}
for strategy in cost speed balanced; do check "the result and its URL, $strategy" result_is_right $strategy; done
price_is_right() {
    tune hello.json --memory "$sizes" --num 2 --json --arch "$1" >result.json || return 1
    python3 "$INTEG/tune_check.py" result.json "$sizes" cost "$2"
}
check "prices of x86_64" price_is_right x86_64 2.1e-9
check "prices of arm64" price_is_right arm64 1.7e-9
prices_by_hand() {
    tune hello.json --memory "$sizes" --num 1 --json --price 0.08 >result.json && python3 "$INTEG/tune_check.py" result.json "$sizes" cost 1e-5
}
check "a price of one's own" prices_by_hand
table() {
    tune hello.json --memory "$sizes" --num 2 --size 1GB >table || return 1
    cat table
    grep -q "USD/GB" table && grep -q 'lowest cost: ' table && grep -q '^https://lambda-power-tuning.show/#' table &&
        [ "$(grep -c ' MB .* MB ' table)" -eq "$(tr ',' '\n' <<<"$sizes" | wc -l)" ]
}
check "the table" table

# ---- somebody else's bootstrap ----

printf '#!/bin/sh\nexec %s/bootstrap\n' "$BUILD" >other
chmod +x other
compared() {
    tune hello.json --memory "$sizes" --num 2 --compare ./other --svg both.svg >both || return 1
    [ "$(grep -c '^lowest cost' both)" -eq 2 ] && grep -q '^other$' both && [ "$(grep -c '<polyline' both.svg)" -eq 4 ]
}
check "another program beside it, in one chart" compared
printf '#!/bin/sh\nexit 7\n' >broken
chmod +x broken
both_as_json() { # a line for each, also when the first has nothing
    tune hello.json --memory "$sizes" --num 1 --compare ./broken --json >two && tune hello.json --memory "$sizes" --num 1 --bootstrap ./broken --compare ./other --json >>two &&
        python3 -c 'import json; d = [json.loads(line) for line in open("two")]; assert [x is None for x in d] == [False, True, True, False], d'
}
check "--json has a line for each of two" both_as_json
cat >once <<'P'
#!/usr/bin/env python3
import http.client, os
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
c.request("GET", "/2018-06-01/runtime/invocation/next")
r = c.getresponse()
r.read()
c.request("POST", "/2018-06-01/runtime/invocation/" + r.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", "{}")
c.getresponse().read()
P
chmod +x once
ends_after_each() {
    status 0 "$WEIR" tune hello.json --memory 512,1024 --num 3 --bootstrap ./once || return 1
    grep -qx 'weir: tune: the program ended after an event and was started anew: 6 of 6 runs are cold' err || { cat err; return 1; }
    status 0 "$WEIR" tune hello.json --memory 512,1024 --num 1 --bootstrap ./once && ! grep 'started anew' err
}
check "a program that does not stay for a second event: it says so" ends_after_each
check "a price of 0 is 2" status 2 tune hello.json --memory 128 --price 0
check "no such program is 2" status 2 tune hello.json --memory 128 --bootstrap ./none

# ---- limits ----

share() { # a CPU's share is kept: work of some CPU time takes that much longer
    tune bytes.json --memory "$1" --num 1 >"share.$1" 2>err || { cat err; return 1; }
    # Five MB of text cost more than the 1.4 ms of a period: the duration is the CPU time stretched, or near it.
    awk -v min="$2" '$2 == "MB" { found = 1; if ($3 < $7 * min) { print; exit 1 } } END { exit !found }' "share.$1"
}
out_of_memory() {
    tune bytes.json --memory 4,1769 --num 2 >oom || { cat oom; return 1; }
    grep -qE '^ +4 MB +out of memory$' oom && grep -q 'lowest cost: 1769 MB' oom
}
failed() {
    echo '{"error":"Nope"}' >fails.json
    status 1 tune fails.json --memory "$sizes" && grep -qx ' *[0-9]* MB  function error: [A-Za-z.]*Nope' out
}
check "a function that fails at every size is 1, and says how" failed
batch_failures() {
    AWS_ENDPOINT_URL_S3=file://$T/nowhere status 1 "$WEIR" tune "$ROOT/events/validate-sqs-s3.json" --memory 4096 --env WEIR_SCHEMA="$SCHEMA" -q &&
        grep -q 'answered with 1 batchItemFailures' out
}
check "a batch that comes back is no measurement" batch_failures
ends() { # ends TEXT SCRIPT: a bootstrap that does this is told of so
    printf '#!/bin/sh\n%s\n' "$2" >ends
    chmod +x ends
    status 1 "$WEIR" tune hello.json --memory 1769 --timeout 1 --bootstrap ./ends -q && { grep -qx " *1769 MB  $1" out || fail "$(cat out)"; }
}
check "nor is a function that is killed" ends 'killed by signal 9' 'kill -9 $$'
check "that ends" ends 'ended with status 5' 'exit 5'
# shellcheck disable=SC2016
check "or takes too long" ends 'timed out' 'curl -sS -o event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"; exec sleep 300'
if [ $ASAN -eq 1 ]; then
    skip "limits" "a sanitizer's memory is beyond them"
elif [ "$(id -u)" != 0 ] || ! ls /sys/fs/cgroup >/dev/null 2>&1; then
    skip "limits" "no right to make a control group"
else
    "$WEIR" invoke hello.json --handler hello -v >/dev/null 2>err
    if grep -q 'a control group' err; then
        check "a CPU's share at 128 MB" share 128 8
        check "out of memory is seen as that, and the other size is measured" out_of_memory
        nothing_left() {
            "$WEIR" tune hello.json --handler hello -q --memory 128 >/dev/null &
            wait $! || return 1
            same "$(find /sys/fs/cgroup -name "weir-$!" 2>/dev/null)" ""
        }
        check "no control group is left" nothing_left
        swept_by_another() { # once what ran in it has ended, too
            tune hello.json --memory 128 --num 1 >/dev/null 2>&1
            same "$(find /sys/fs/cgroup -name "weir-$1" 2>/dev/null)" ""
        }
        swept() { # what a kill has left goes with the next run. It has to be seen before it is over: it sleeps
            echo '{"sleep_ms":2000}' >sleeps.json
            "$WEIR" tune sleeps.json --handler hello -q --memory 128 --num 20 >/dev/null 2>&1 &
            local pid=$!
            until_true 20 bash -c "find /sys/fs/cgroup -name 'weir-$pid' 2>/dev/null | grep -q ." && kill -KILL "$pid" && { wait "$pid" || true; } && until_true 20 swept_by_another "$pid"
        }
        check "nor one of a run that was killed" swept
    else
        skip "limits" "no control group can be made here"
    fi
    estimated() {
        chmod 755 "$T"
        setpriv --reuid=65534 --clear-groups "$WEIR" tune hello.json --handler hello --memory 128,1769 --num 2 -q >est 2>err || { cat err; return 1; }
        grep -q 'estimates from the CPU time' err && grep -q 'lowest cost' est
    }
    doubted() { # a program that gets no memory ends as it likes
        local unprivileged=(setpriv --reuid=65534 --clear-groups "$WEIR") why='(its memory is limited by RLIMIT_DATA, and may have run out)'
        status 1 "${unprivileged[@]}" tune hello.json --memory 128 --num 1 --bootstrap ./broken && grep -qF "128 MB  ended with status 7 $why" out || return 1
        status 3 "${unprivileged[@]}" invoke hello.json --bootstrap ./broken &&
            same "$(tail -n 1 err)" "weir: invoke: bootstrap: ended with status 7 before it answered $why"
    }
    if setpriv --reuid=65534 --clear-groups test -x "$WEIR" 2>/dev/null; then
        check "without the right to a control group: estimates, and it says so" estimated
        check "nor is it known why a program ended: it says so" doubted
    else
        skip "estimates" "another user cannot reach the build"
    fi
fi

# ---- usage ----

bad() { status 2 "$WEIR" tune "$@" && same "$(wc -l <err)" 1; }
check "no sizes is 2" bad hello.json
check "a size of 0 is 2" bad hello.json --memory 0
check "a size twice is 2" bad hello.json --memory 128,128
check "no list is 2" bad hello.json --memory 128,
check "too large a size is 2" bad hello.json --memory 20000
check "no price is 2" bad hello.json --memory 128 --price much
check "no event is 2" bad --memory 128
check "an event that is not there is 2" bad none.json --memory 128
finish
