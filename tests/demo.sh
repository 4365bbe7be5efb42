#!/bin/sh
# The main job in a few seconds: three sipsh on loopback, one of them the
# registrar, register, call, cancel, write and unregister.
#
#   tests/demo.sh [PROGRAM]      else $SIPSH, else ./sipsh
#
# What is typed stands behind ">", what is answered behind "|".
set -eu
umask 077

sipsh=${1:-${SIPSH:-./sipsh}}
dir=$(mktemp -d "${TMPDIR:-/tmp}/sipsh-demo.XXXXXX")
pids=
typed=0

clean_up() {
  for pid in $pids; do
    kill "$pid" 2>/dev/null || :
  done
  rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap '' PIPE

fail() {
  printf 'demo: failed: %s\n' "$*" >&2
  exit 1
}

# fds PARTY: sets in and out to the descriptors that lead to it.
fds() {
  case $1 in
    registrar) in=3 out=4 ;;
    bob) in=5 out=6 ;;
    alice) in=7 out=8 ;;
  esac
}

# start PARTY OPTION...: runs a sipsh that takes its commands from us.
start() {
  party=$1
  shift
  fds "$party"
  mkfifo "$dir/$party.in" "$dir/$party.out"
  (cd "$dir" && exec "$sipsh" --no-rc -l 127.0.0.1 "$@") \
    <"$dir/$party.in" >"$dir/$party.out" 2>&1 \
    3>&- 4<&- 5>&- 6<&- 7>&- 8<&- &
  pids="$pids $!"
  eval "pid_of_$party=$!"
  eval "exec $in>\"\$dir/\$party.in\" $out<\"\$dir/\$party.out\""
}

# tell PARTY COMMAND: shows it and what the party says until it is done; the
# last line said is left in $said.
tell() {
  party=$1
  shift
  fds "$party"
  typed=$((typed + 1))
  printf '%-9s > %s\n' "$party" "$*"
  printf '%s\necho "done %s"\n' "$*" $typed >&"$in" || :
  said=
  while IFS= read -r line <&"$out"; do
    if [ "$line" = "done $typed" ]; then
      return
    fi
    said=$line
    printf '%-9s | %s\n' "$party" "$line"
  done
  fail "$party did not get over: $*"
}

# finish PARTY: the end of its input is the end of its run, with status 0.
finish() {
  party=$1
  fds "$party"
  eval "exec $in>&-"
  while IFS= read -r line <&"$out"; do
    printf '%-9s | %s\n' "$party" "$line"
  done
  eval "pid=\$pid_of_$party"
  status=0
  wait "$pid" || status=$?
  printf '%-9s = exit status %s\n' "$party" "$status"
  [ "$status" -eq 0 ] || fail "$party ended with status $status"
}

# once STATUS ARG...: one command on the command line, and how it must end.
once() {
  wanted=$1
  shift
  printf 'shell     > sipsh %s\n' "$*"
  status=0
  (cd "$dir" && "$sipsh" --no-rc --timeout 10s "$@" 2>&1) >"$dir/once" ||
    status=$?
  sed 's/^/shell     | /' "$dir/once"
  printf 'shell     = exit status %s\n' "$status"
  [ "$status" -eq "$wanted" ] || fail "status $status, wanted $wanted"
}

chapter() {
  printf '\n# %s\n' "$*"
}

case $sipsh in
  */*) sipsh=$(cd "$(dirname "$sipsh")" && pwd)/${sipsh##*/} ;;
esac
[ -x "$sipsh" ] || fail "no program $sipsh"
echo "wonderland" >"$dir/alice.pw"
echo "builder" >"$dir/bob.pw"
echo "guessed" >"$dir/wrong.pw"

chapter 'A registrar with two users, on a free port of loopback'
start registrar
tell registrar serve registrar --realm demo --user alice:alice.pw \
  --user bob:bob.pw \&
tell registrar transports
port=${said##*127.0.0.1:}
port=${port%%[!0-9]*}
[ -n "$port" ] || fail "the registrar tells no port"

chapter 'Bob registers and waits to be called'
start bob --timeout 10s -a "sip:bob@127.0.0.1:$port" --password-file bob.pw
tell bob register

chapter 'Alice registers, with a wrong password first'
once 7 -a "sip:alice@127.0.0.1:$port" --password-file wrong.pw register
start alice --timeout 10s -a "sip:alice@127.0.0.1:$port" \
  --password-file alice.pw
tell alice register
tell alice bindings
tell alice options "sip:127.0.0.1:$port" --count 3 --interval 200ms

chapter 'Alice calls Bob, where the registrar says that he is'
tell alice set redirect follow
tell alice invite bob --nowait
tell bob wait call.incoming
tell alice wait call.ringing
tell bob answer
tell alice wait call.confirmed
tell alice calls
tell alice sleep 1s
tell alice bye
tell bob wait call.ended

chapter 'She calls again, and thinks better of it'
tell alice invite bob --nowait
tell bob wait call.incoming
tell alice wait call.ringing
tell alice cancel
tell alice wait call.failed
tell bob wait call.failed

chapter 'She writes instead'
tell alice message bob "Let us talk tomorrow."
tell bob wait message

chapter 'All go home'
tell alice unregister
tell alice bindings
finish alice
finish bob
finish registrar
pids=

printf '\ndemo: all worked\n'
