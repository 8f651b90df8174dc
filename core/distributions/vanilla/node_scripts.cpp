// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/node_scripts.hpp"

namespace ksail::vanilla {

namespace {

// Sleeps without a process: all nodes share few processors now.
constexpr const char *pause_function = R"sh(exec {never}<> <(:)
pause() { read -rt "$1" -u "$never"; }
)sh";

const std::string script_head =
    std::string(R"sh(#!/bin/bash
exec 2>>/kind/ksail/log
)sh") +
    pause_function +
    R"sh(until_listens() { until exec 3<>"/dev/tcp/$1/6443"; do pause 0.05; done 2>/dev/null; exec 3>&-; } # ADDRESS
say() { echo "$EPOCHREALTIME $*" >&2; }
fail() { say "FAILED: $*"; touch /kind/ksail/failed; exit 1; }
)sh";

// Until kube-proxy has programmed the Service of the API server, this stands in for it. Whoever asks before would wait
// half a minute for an answer that never comes.
const std::string detour = R"sh(detour() {
  local chain
  for chain in PREROUTING OUTPUT; do
    iptables -w -t nat "$1" "$chain" -d SERVICE/32 -p tcp --dport 443 -j DNAT --to-destination TARGET:6443
  done
}
until_proxied() { until iptables-save -t nat | grep KUBE-SVC-NPX46M4PTMTKRN6Y >/dev/null; do pause 0.15; done; }
)sh";

std::string replace_all(std::string text, const std::string &from, const std::string &to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

} // namespace

std::string image_layers_script() {
  // The volume covers what the image has: a bind mount of the folder above shows it. It is mounted at every start of
  // the node, the links are made once. An overlay may have its lower layers on an overlay, but not what it writes.
  return replace_all(R"sh(#!/bin/bash
set -e
image=/run/ksail/image-containerd volume=SNAPSHOTTER
layers=$image/${volume##*/}
mkdir -p $image
mountpoint -q $image || mount --bind --make-private ${volume%/*} $image
[[ ! -e $layers/metadata.db || -e $volume/metadata.db ]] && exit
mkdir -p $volume/snapshots
for layer in $layers/snapshots/*; do
  [[ ! -d $layer ]] || ln -sfn $layer $volume/snapshots/
done
cp $layers/metadata.db $volume/metadata.db.new
mv $volume/metadata.db.new $volume/metadata.db
)sh",
                     "SNAPSHOTTER", snapshotter_folder);
}

std::string static_pods_script(const std::string &etcd_members, bool first) {
  // The certificates and kubeconfigs are there already: of kubeadm's phases only those that write static pods are left.
  // The controller manager and the scheduler are held back until the API server answers and allows them what they do:
  // two processors have enough to do, and started too early they would be refused and back off.
  return replace_all(replace_all(script_head + R"sh(
kubeadm init --config /kind/kubeadm.conf --skip-phases preflight,certs,kubeconfig,kubelet-start,wait-control-plane,upload-config,upload-certs,mark-control-plane,bootstrap-token,kubelet-finalize,addon,show-join-command >/kind/ksail/static-pods.log 2>&1 ||
  fail "kubeadm could not write the static pods: $(tail -3 /kind/ksail/static-pods.log)"
mkdir -p /kind/ksail/later
mv /etc/kubernetes/manifests/kube-{LATER}.yaml /kind/ksail/later/
sed -i 's|--initial-cluster=.*|--initial-cluster=MEMBERS|' /etc/kubernetes/manifests/etcd.yaml
say static pods written
)sh",
                                 "LATER",
                                 first ? "controller-manager,scheduler" : "apiserver,controller-manager,scheduler"),
                     "MEMBERS", etcd_members);
}

std::string bootstrap_script(const std::string &service_address, const std::string &node_address) {
  std::string text = script_head + R"sh(
api=https://127.0.0.1:6443
ask() { curl --silent --max-time 5 --cacert /etc/kubernetes/pki/ca.crt --cert /kind/ksail/super-admin.pem "$@"; }
status_of() { ask --output /dev/null --write-out '%{http_code}' "$api$1"; }
until_ok() { until [[ $(status_of "$1") == 200 ]]; do pause 0.05; done; }
phase() {
  local log=/kind/ksail/phase-$1-${2:-all}.log attempt
  # A server that has just begun to answer cannot do everything yet, e.g. allocate Service addresses.
  for ((attempt = 0; attempt < 60; attempt++)); do
    if kubeadm init phase "$@" --config /kind/kubeadm.conf >"$log" 2>&1; then
      say "phase $* done (attempt $((attempt + 1)))"
      return
    fi
    pause 0.2
  done
  fail "kubeadm init phase $*: $(grep -m1 -i '^error' "$log" || tail -1 "$log")"
}

)sh" + detour + R"sh(detour -A

until_listens 127.0.0.1
until_ok /version
say API answers

# The API server needs seconds to write its default roles. What belongs to the control plane gets by until then with a
# binding of its own, which is removed again below.
post() { ask --output /dev/null -X POST -H 'Content-Type: application/json' --data "$2" "$api$1"; }
post /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}}'
rbac=/apis/rbac.authorization.k8s.io/v1
post $rbac/clusterroles '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"ksail:bootstrap"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]},{"nonResourceURLs":["*"],"verbs":["*"]}]}'
post $rbac/clusterrolebindings '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"ksail:bootstrap"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"ksail:bootstrap"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"system:kube-controller-manager"},{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"system:kube-scheduler"},{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:serviceaccounts:kube-system"}]}'
# Not before they may: who asks for a lease and is refused comes again two to four seconds later.
mv /kind/ksail/later/kube-{controller-manager,scheduler}.yaml /etc/kubernetes/manifests/
# A kubelet may see a pod before the API server's node authorizer has, is refused the ConfigMaps the pod mounts, and comes again only
# a second later. Until the first pods run, nodes may read those of kube-system by a role.
system=$rbac/namespaces/kube-system
post $system/roles '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"ksail:bootstrap"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list","watch"]}]}'
post $system/rolebindings '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"ksail:bootstrap"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"ksail:bootstrap"},"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:nodes"}]}'
critical() { post /apis/scheduling.k8s.io/v1/priorityclasses "{\"apiVersion\":\"scheduling.k8s.io/v1\",\"kind\":\"PriorityClass\",\"metadata\":{\"name\":\"$1\"},\"value\":$2,\"description\":\"$3\"}"; }
critical system-node-critical 2000001000 'Used for system critical pods that must not be moved from their current node.'
critical system-cluster-critical 2000000000 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'
say control plane complete

export KUBECONFIG=/etc/kubernetes/super-admin.conf
jobs=()
job() { "$@" & jobs+=($!); }
dns() {
  phase addon coredns
  # A first probe that comes a moment too early would otherwise cost ten seconds.
  ask --output /dev/null -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' --data '{"spec":{"template":{"spec":{"containers":[{"name":"coredns","readinessProbe":{"periodSeconds":1}}]}}}}' "$api/apis/apps/v1/namespaces/kube-system/deployments/coredns"
}
job phase addon kube-proxy
job dns
job phase upload-config all
job phase bootstrap-token
job phase mark-control-plane
# kubeadm's own binding for administrators: its client makes it when it first uses admin.conf, which no phase above does.
post $rbac/clusterrolebindings '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"kubeadm:cluster-admins"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"kubeadm:cluster-admins"}]}'

until_ok /readyz/poststarthook/rbac/bootstrap-roles
ask --output /dev/null -X DELETE $api$rbac/clusterrolebindings/ksail:bootstrap
ask --output /dev/null -X DELETE $api$rbac/clusterroles/ksail:bootstrap
say default roles are there
for pid in "${jobs[@]}"; do wait "$pid" || exit 1; done
say kubeadm phases done

until_proxied
detour -D
ask --output /dev/null -X DELETE $api$system/rolebindings/ksail:bootstrap
ask --output /dev/null -X DELETE $api$system/roles/ksail:bootstrap
rm -f /kind/ksail/super-admin.pem
touch /kind/ksail/done
say done
)sh";
  return replace_all(replace_all(std::move(text), "SERVICE", service_address), "TARGET", node_address);
}

std::string follow_script(const std::string &service_address, const std::string &first_address) {
  return replace_all(replace_all(replace_all(script_head + R"sh(
ask() { curl --silent --max-time 5 --cacert /etc/kubernetes/pki/ca.crt --cert /kind/ksail/super-admin.pem "$@"; }
until_ok() { until [[ $(ask --output /dev/null --write-out '%{http_code}' "https://$1:6443$2") == 200 ]]; do pause 0.15; done; }

)sh" + detour + R"sh(detour -A

# Its roles and the cluster's objects are written once, by the first.
until_listens FIRST
until_ok FIRST /readyz
mv /kind/ksail/later/kube-apiserver.yaml /etc/kubernetes/manifests/
until_listens 127.0.0.1
until_ok 127.0.0.1 /readyz
say API answers
mv /kind/ksail/later/kube-{controller-manager,scheduler}.yaml /etc/kubernetes/manifests/
for ((attempt = 0; ; attempt++)); do
  KUBECONFIG=/etc/kubernetes/super-admin.conf kubeadm init phase mark-control-plane --config /kind/kubeadm.conf >/kind/ksail/mark.log 2>&1 && break
  ((attempt < 60)) || fail "kubeadm init phase mark-control-plane: $(grep -m1 -i '^error' /kind/ksail/mark.log || tail -1 /kind/ksail/mark.log)"
  pause 0.2
done
until_proxied
detour -D
rm -f /kind/ksail/super-admin.pem
touch /kind/ksail/done
say done
)sh",
                                             "FIRST", first_address),
                                 "SERVICE", service_address),
                     "TARGET", first_address);
}

std::string detour_script(const std::string &service_address, const std::string &first_address) {
  return replace_all(replace_all(script_head + detour + R"sh(
detour -A
until_proxied
detour -D
)sh",
                                 "SERVICE", service_address),
                     "TARGET", first_address);
}

std::string worker_script(const std::string &control_plane_address) {
  return replace_all(script_head + R"sh(
until_listens NODE
say API server listens
# The kubelet is ordered after this script.
touch /kind/ksail/done
)sh",
                     "NODE", control_plane_address);
}

std::string wait_script(unsigned seconds) {
  return pause_function + ("for ((i = 0; i < " + std::to_string(seconds * 20)) + R"sh(; i++)); do
  [[ ! -e /kind/ksail/done ]] || exit 0
  if [[ -e /kind/ksail/failed ]]; then grep FAILED /kind/ksail/log; exit 1; fi
  pause 0.05
done
tail -5 /kind/ksail/log
exit 2
)sh";
}

std::string dns_script(const std::string &dns_address, unsigned seconds) {
  // A query for the A record of kubernetes.default.svc.cluster.local, RFC 1035 §4.1, id 0xabcd. The answer's header has
  // the same id, the response bit, no error code and at least one answer. From a file: a newline in what bash prints
  // would split it into two datagrams.
  return replace_all(std::string(pause_function) + R"sh(query=/run/ksail-dns-query
printf '\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01' >$query
for ((i = 0; i < )sh" + std::to_string(seconds * 10) +
                         R"sh(; i++)); do
  for ns in /run/netns/cni-*; do
    [[ -e $ns ]] || continue
    answer=$(nsenter --net="$ns" bash -c 'exec 3<>/dev/udp/SERVER/53; cat /run/ksail-dns-query >&3; timeout 0.5 head -c 12 <&3 | od -An -tx1' 2>/dev/null | tr -d ' \n')
    [[ ${answer:0:5} == abcd8 && ${answer:7:1} == 0 && -n ${answer:12:4} && ${answer:12:4} != 0000 ]] && exit 0
    break
  done
  pause 0.05
done
echo "last answer: ${answer:-none}"
exit 1
)sh",
                     "SERVER", dns_address);
}

std::string unit_text(const std::string &description, const std::string &script, bool blocking,
                      const std::string &before) {
  std::string text = "[Unit]\nDescription=" + description + "\nConditionPathExists=!" + done_marker + "\n";
  if (!before.empty()) text += "Before=" + before + "\n";
  // "exec" lets the boot go on while the script runs; "oneshot" holds back what is ordered after it.
  text += std::string("\n[Service]\nType=") + (blocking ? "oneshot" : "exec") + "\nExecStart=" + script +
          "\nRemainAfterExit=yes\nTimeoutStartSec=infinity\n";
  return text;
}

} // namespace ksail::vanilla
