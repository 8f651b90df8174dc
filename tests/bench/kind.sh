# Sourced by the benches that compare with kind.
# shellcheck shell=bash disable=SC2154
kind=$("$lab/peers" kind)
peer=$cluster-kind
at_end+=('"$kind" delete cluster --name "$peer" >/dev/null 2>&1')

# The same question that ksail asks at the end of its own creation, for kind's cluster.
dns_answers() { # CONTAINER
  docker exec -i "$1" bash -s <<'SCRIPT'
printf '\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01' >/run/dns-query
for ((i = 0; i < 1200; i++)); do
  for ns in /run/netns/cni-*; do
    [[ -e $ns ]] || continue
    answer=$(nsenter --net="$ns" bash -c 'exec 3<>/dev/udp/10.96.0.10/53; cat /run/dns-query >&3; timeout 0.5 head -c 12 <&3 | od -An -tx1' 2>/dev/null | tr -d ' \n')
    [[ ${answer:0:5} == abcd8 && ${answer:7:1} == 0 && -n ${answer:12:4} && ${answer:12:4} != 0000 ]] && exit 0
    break
  done
  sleep 0.05
done
exit 1
SCRIPT
}
# Some node has CoreDNS or another pod with a network namespace of its own.
dns_answers_on_some() { # CONTAINER...
  local node
  for node in "$@"; do
    [[ -z $(docker exec "$node" bash -c 'ls /run/netns/cni-* 2>/dev/null') ]] || { dns_answers "$node"; return; }
  done
  dns_answers "$1"
}
kind_delete() { "$kind" delete cluster --name "$peer" --kubeconfig "$work/kind.config"; }
