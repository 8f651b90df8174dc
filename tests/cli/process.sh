# Sourced by every test of the program as a process: a clean environment, a folder of its own, no engine.
# shellcheck shell=bash
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ksail=${KSAIL:-$here/../../ksail}
ksail=$(readlink -f "$ksail")
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
[[ -x $ksail ]] || fail "there is no ksail at $ksail"

work=$(mktemp -d "${TMPDIR:-/tmp}/ksail-cli-XXXXXX")
at_end=()
clean_up() {
  local status=$?
  trap - EXIT
  local command
  for command in "${at_end[@]}"; do eval "$command" || true; done
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Nothing of the caller's: neither his configuration nor his engine nor his colours.
for variable in $(compgen -e); do
  case $variable in
  PATH | TMPDIR | ASAN_OPTIONS | UBSAN_OPTIONS | TSAN_OPTIONS | LSAN_OPTIONS | LD_LIBRARY_PATH) ;;
  *) unset "$variable" 2>/dev/null || true ;;
  esac
done
export HOME=$work/home LC_ALL=C.UTF-8 DOCKER_HOST=unix://$work/no-engine.sock
mkdir "$HOME"
cd "$work"

# run COMMAND...: sets status, out and err.
run() {
  status=0
  "$@" >"$work/.out" 2>"$work/.err" </dev/null || status=$?
  out=$(<"$work/.out")
  err=$(<"$work/.err")
}
# expect EXIT-CODE PATTERN COMMAND...: exit code, and an extended regular expression that the two streams together match.
expect() {
  local code=$1 pattern=$2
  shift 2
  run "$@"
  [[ $status == "$code" ]] || fail "exit $status instead of $code: $*"$'\n'"$out"$'\n'"$err"
  grep -qE -- "$pattern" <<<"$out"$'\n'"$err" || fail "no match for /$pattern/: $*"$'\n'"$out"$'\n'"$err"
}
# Errors go to stderr and leave stdout to results.
silent_out() { [[ -z $out ]] || fail "something on stdout: $out"; }
silent_err() { [[ -z $err ]] || fail "something on stderr: $err"; }
on_out() { grep -qE -- "$1" <<<"$out" || fail "no match for /$1/ on stdout: $out"; }
on_err() { grep -qE -- "$1" <<<"$err" || fail "no match for /$1/ on stderr: $err"; }
not_on_err() { ! grep -qE -- "$1" <<<"$err" || fail "a match for /$1/ on stderr: $err"; }

# terminal COLUMNS ROWS COMMAND: runs it behind a terminal of that size; everything it shows comes out, as bytes.
terminal() {
  local columns=$1 rows=$2
  script --quiet --return --command "stty cols $columns rows $rows; $3" /dev/null </dev/null
}
