#!/bin/bash
# Does build.sh say what is wrong with its words before it installs, removes or runs anything? Its own tools are all that is in the
# PATH: every package is missing, and apt-get only notes that it was asked.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

mkdir -p bin tree/tests tree/build
cp "$ROOT/build.sh" tree/
cp "$ROOT/tests/run.sh" tree/tests/
for tool in bash cat dirname env grep mktemp paste rm sort tail tr; do ln -s "$(command -v $tool)" bin/; done
export UID_HERE=0
printf '#!/bin/bash\necho "$*" >>"%s/asked"\n' "$T" >bin/apt-get
printf '#!/bin/bash\necho "$UID_HERE"\n' >bin/id
printf '#!/bin/bash\n' >bin/python3 # else another one is looked for in /usr/bin
chmod +x bin/*

# ends STATUS WORDS...: and nothing was installed or removed
ends() {
    local want=$1 rc
    shift
    timeout -k 5 60 env "PATH=$T/bin" tree/build.sh "$@" >out 2>err </dev/null
    rc=$?
    same "$rc" "$want" && gone asked && [ -d tree/build ] && return
    fail "$(cat out err)"
}
refused() { ends 2 "$@" && [ ! -s out ] && grep -q '^usage: ./build.sh VERB' err; }
for words in '' frobnicate 'deps all' 'deps build test' 'demo x' 'bench --help' 'clean x'; do
    # shellcheck disable=SC2086  # words
    check "./build.sh $words: usage, status 2" refused $words
done
no_step() { ends 2 test build TYPO && grep -q '^TYPO: no such step; steps: build .* valgrind .*; and, by name only: .*mutate' err && same "$(wc -l <err)" 1; }
check "test TYPO: the steps there are, status 2" no_step
steps() { ends 0 test "$1" && grep -q '^steps: build .* valgrind ' out && [ ! -s err ]; }
for word in help --help; do check "test $word: the steps there are" steps $word; done
no_root() { # no_root SET WORDS...
    local set=$1
    shift
    UID_HERE=1000 ends 1 "$@" && same "$(wc -l <err)" 1 && same "$(grep -o 'libuv1-dev' err | wc -l)" 1 && grep -q "as root: ./build.sh deps $set$" err
}
check "without root: the packages, once, and what to do" no_root build deps build
check "the same of demo" no_root build demo
check "and of test, which needs more" no_root test test unit
asks() { ! timeout -k 5 60 env "PATH=$T/bin" tree/build.sh "$@" >out 2>err </dev/null && grep -q '^-y -q install .*libuv1-dev' asked; }
check "with it apt-get is asked" asks test unit
finish
