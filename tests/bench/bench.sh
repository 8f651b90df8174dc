# Sourced by every bench: timing in pairs, medians, one table.
# shellcheck shell=bash
# bench_on=api_lab: an API server and nothing else, instead of an engine.
source "$(dirname -- "${BASH_SOURCE[0]}")/../lab/${bench_on:-lab}.sh"

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# timed FILE COMMAND...: appends the seconds that the command took; its output is kept for when it fails.
timed() {
  local file=$1 begin status=0
  shift
  begin=$EPOCHREALTIME
  "$@" >"$work/last.log" 2>&1 || status=$?
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }' >>"$file"
  ((status == 0)) || fail "exit $status: $*"$'\n'"$(tail -30 "$work/last.log")"
}

row() { # WHAT OURS-FILE PEER-FILE TARGET-RATIO
  awk -v what="$1" -v ours="$(median "$2")" -v peer="$(median "$3")" -v target="$4" \
    'BEGIN { printf "%-46s %9.3f s %9.3f s   %5.2f x  (target <= %s x)%s\n", what, ours, peer, ours / peer, target, ours / peer <= target ? "" : "  MISSED" }'
}
header() { printf '\n%-46s %11s %11s   %7s\n' "$1" ksail "$2" ratio; }
