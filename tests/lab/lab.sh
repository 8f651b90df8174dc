# Sourced by every test against a real engine: private folders, names of its own, and clean-up whatever happens.
# shellcheck shell=bash
set -euo pipefail

source "$(dirname -- "${BASH_SOURCE[0]}")/assertions.sh"

[[ -x $ksail ]] || skip "there is no ksail at $ksail"
"$lab/engine" status >/dev/null 2>&1 || skip 'no Docker engine answers (tests/lab/engine start)'
eval "$("$lab/engine" env)"
engine_socket=${DOCKER_HOST#unix://}
[[ $engine_socket != "${DOCKER_HOST:-}" ]] || engine_socket=/var/run/docker.sock

work=$(mktemp -d "/tmp/ksail-$test_name-XXXXXX")
export KUBECONFIG=$work/kubeconfig TALOSCONFIG=$work/talosconfig XDG_STATE_HOME=$work/state NO_COLOR=1
unset KSAIL_TIMING_LOG KSAIL_TIMING_JSON
export KSAIL_VANILLA_NODE_IMAGE=${KSAIL_VANILLA_NODE_IMAGE:-ksail/node-vanilla:v1.34.2}
export KSAIL_K3S_NODE_IMAGE=${KSAIL_K3S_NODE_IMAGE:-ksail/k3s-standin:v1.34.2}
export KSAIL_TALOS_NODE_IMAGE=${KSAIL_TALOS_NODE_IMAGE:-ksail/node-talos:v1.13.0}
docker image inspect "$KSAIL_VANILLA_NODE_IMAGE" >/dev/null 2>&1 || skip "the node image $KSAIL_VANILLA_NODE_IMAGE is not there (packaging/node-images/vanilla/build)"
# need_images CREATE-OPTION...: what creating a cluster with these options takes besides; quick when it is there.
need_images() {
  if [[ " $* " == *' --distribution K3s '* ]] && ! docker image inspect "$KSAIL_K3S_NODE_IMAGE" >/dev/null 2>&1; then
    skip "the node image $KSAIL_K3S_NODE_IMAGE is not there (packaging/node-images/k3s-standin/build)"
  fi
  if [[ " $* " == *' --distribution Talos '* ]] && ! docker image inspect "$KSAIL_TALOS_NODE_IMAGE" >/dev/null 2>&1; then
    skip "the node image $KSAIL_TALOS_NODE_IMAGE is not there (packaging/node-images/talos/build)"
  fi
  [[ " $* " != *' --control-planes '* ]] || "$repo/packaging/node-images/load-balancer/build" >/dev/null
}
kubectl=${KUBECTL:-$("$lab/peers" kubectl)}

# Clusters of a test carry the test's name, so that tests never see each other's.
cluster=lt-$$
at_end=()
clean_up() {
  local status=$?
  trap - EXIT
  local command
  for command in "${at_end[@]}"; do eval "$command" || true; done
  remove_everything "$cluster"
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Past ksail, for when ksail is what failed.
remove_everything() {
  local ids
  ids=$(docker ps -aq --filter "label=ksail.cluster=$1")
  # shellcheck disable=SC2086
  [[ -z $ids ]] || docker rm -fv $ids >/dev/null
  ids=$(docker network ls -q --filter "label=ksail.cluster=$1")
  # shellcheck disable=SC2086
  [[ -z $ids ]] || docker network rm $ids >/dev/null
  ids=$(docker volume ls -q --filter "label=ksail.cluster=$1")
  # shellcheck disable=SC2086
  [[ -z $ids ]] || docker volume rm -f $ids >/dev/null
}

# Everything that a cluster may leave behind, one line each.
leftovers() {
  docker ps -a --filter "label=ksail.cluster=$1" --format 'container {{.Names}}'
  docker network ls --filter "label=ksail.cluster=$1" --format 'network {{.Name}}'
  docker volume ls --filter "label=ksail.cluster=$1" --format 'volume {{.Name}}'
  if [[ -e $KUBECONFIG ]]; then grep -n "ksail-$1" "$KUBECONFIG" | sed 's/^/kubeconfig line /' || true; fi
  if [[ -e $TALOSCONFIG ]]; then grep -n "ksail-$1" "$TALOSCONFIG" | sed 's/^/talosconfig line /' || true; fi
  if [[ -e $KUBECONFIG.lock ]]; then echo "lock $KUBECONFIG.lock"; fi
}
assert_nothing_left() { # CLUSTER WHAT-HAPPENED
  local left
  left=$(leftovers "$1")
  [[ -z $left ]] || fail "$2 left behind:"$'\n'"$left"
}
# Anonymous volumes carry no label: those of a cluster's nodes, to be gone after it.
volumes_of() { # CLUSTER
  docker ps -aq --filter "label=ksail.cluster=$1" |
    xargs --no-run-if-empty docker inspect --format '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}' | sed '/^$/d'
}
assert_volumes_gone() { # VOLUME... WHAT-HAPPENED
  local volume known
  known=$(docker volume ls -q)
  for volume in "${@:1:$#-1}"; do ! grep -xF "$volume" <<<"$known" >/dev/null || fail "${!#} left the volume $volume behind"; done
}
# Where nobody can say which they were: those that no container has, before and after.
loose_volumes() { docker volume ls -q --filter dangling=true | sort; }
assert_no_more_loose_volumes() { # BEFORE
  local i more
  for ((i = 0; i < 10; i++)); do
    more=$(comm -13 <(printf '%s\n' "$1") <(loose_volumes))
    [[ -n $more ]] || return 0
    sleep 0.5
  done
  fail "volumes stayed:"$'\n'"$more"
}

start_proxy() { # [INDEX MODE]: the engine through tests/lab/fault_proxy; sets proxy_pid, proxy_host, proxy_log
  proxy_host=unix://$work/proxy.sock
  proxy_log=$work/proxy.log
  "$lab/fault_proxy" --listen "$work/proxy.sock" --engine "$engine_socket" --log "$proxy_log" \
    ${1:+--index "$1" --mode "$2"} >"$work/proxy.out" &
  proxy_pid=$!
  local i
  for ((i = 0; i < 100; i++)); do
    grep -q listening "$work/proxy.out" 2>/dev/null && return 0
    sleep 0.05
  done
  fail 'the fault proxy did not start'
}
stop_proxy() {
  kill "$proxy_pid" 2>/dev/null || true
  wait "$proxy_pid" 2>/dev/null || true
}
at_end+=('[[ -z ${proxy_pid:-} ]] || stop_proxy')
