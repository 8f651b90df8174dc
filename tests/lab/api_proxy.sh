# Sourced after api_lab.sh by tests that have a proxy between ksail and the API server, in a folder of their own.
# shellcheck shell=bash
direct=$KUBECONFIG

# start_proxy PLAN PROGRAM ARGUMENTS...: in place of the one before; proxy.log is its log, and it listens on $proxy_port.
start_proxy() {
  local i
  end_proxy
  rm -f proxy.out proxy.log
  printf '%s\n' "$1" >plan.json
  "${@:2}" --plan plan.json --log proxy.log >proxy.out &
  proxy_pid=$!
  for ((i = 0; i < 200; i++)); do
    grep -qs listening proxy.out && break
    sleep 0.05
  done
  proxy_port=$(sed -n 's/^listening //p' proxy.out)
}
end_proxy() {
  export KUBECONFIG=$direct
  [[ -n ${proxy_pid:-} ]] || return 0
  kill "$proxy_pid" 2>/dev/null || true
  wait "$proxy_pid" 2>/dev/null || true
  proxy_pid=
}
at_end+=(end_proxy)

token_kubeconfig() { # NAMESPACE: through a proxy that ends TLS, where no client certificate gets through
  cat <<YAML
apiVersion: v1
kind: Config
clusters: [{name: p, cluster: {server: "https://127.0.0.1:$proxy_port", certificate-authority: $work/api/ca.crt}}]
users: [{name: p, user: {token: "$("$lab/api_server" token "$work/api")"}}]
contexts: [{name: p, context: {cluster: p, user: p, namespace: $1}}]
current-context: p
YAML
}

objects() { # COUNT VALUE
  local i
  for ((i = 0; i < $1; i++)); do
    printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-%d}\ndata: {key: "%s"}\n' "$i" "$2"
  done
}
fresh() { # NAME: a namespace for the next case
  ns=$1
  KUBECONFIG=$direct "$kubectl" create namespace "$ns" >/dev/null
}
all_there() { # COUNT VALUE
  [[ $(KUBECONFIG=$direct "$kubectl" get configmap -n "$ns" -o json | jq --arg v "$2" '[.items[] | select(.data.key == $v)] | length') == "$1" ]] ||
    fail "not all $1 objects are there with $2"
}
