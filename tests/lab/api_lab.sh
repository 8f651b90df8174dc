# Sourced by tests that need an API server and nothing else: a real one as plain processes (tests/lab/api_server), with
# the same words as lab.sh.
# shellcheck shell=bash
set -euo pipefail

source "$(dirname -- "${BASH_SOURCE[0]}")/assertions.sh"

[[ -x $ksail ]] || skip "there is no ksail at $ksail"
kubectl=${KUBECTL:-$("$lab/peers" kubectl)} || skip 'kubectl cannot be built here'

work=$(mktemp -d "/tmp/ksail-$test_name-XXXXXX")
export XDG_STATE_HOME=$work/state NO_COLOR=1
unset KSAIL_TIMING_LOG KSAIL_TIMING_JSON
at_end=()
clean_up() {
  local status=$?
  trap - EXIT
  local command
  for command in "${at_end[@]}"; do eval "$command" || true; done
  "$lab/api_server" stop "$work/api" || true
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

"$lab/api_server" start "$work/api" ${API_LAB_START:-} >/dev/null || skip 'no API server can be started here'
export KUBECONFIG=$work/api/kubeconfig
k() { "$kubectl" "$@"; }
