# Sourced by lab.sh and api_lab.sh: where things are, and how a test says what it saw.
# shellcheck shell=bash disable=SC2034
lab=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd -- "$lab/../.." && pwd)
ksail=${KSAIL:-$repo/ksail}
test_name=${0##*/}
test_name=${test_name//_/-}

skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
say() { printf '\n-- %s\n' "$*"; }

# expect EXIT-CODE PATTERN COMMAND...: runs it, checks exit code and that its output matches the extended regular expression.
expect() {
  local code=$1 pattern=$2 output status=0
  shift 2
  output=$("$@" 2>&1) || status=$?
  if [[ $status != "$code" ]]; then
    fail "exit $status instead of $code: $*"$'\n'"$output"
  fi
  grep -qE -- "$pattern" <<<"$output" || fail "no match for /$pattern/: $*"$'\n'"$output"
  printf 'ok  exit %s  %s\n' "$code" "$(grep -m1 -E -- "$pattern" <<<"$output" | cut -c1-150)"
}

# A seed that is printed and can be given again with KSAIL_TEST_SEED.
seed() {
  RANDOM=${KSAIL_TEST_SEED:=$(( $(date +%s) % 32768 ))}
  printf 'seed: KSAIL_TEST_SEED=%s\n' "$KSAIL_TEST_SEED"
}
