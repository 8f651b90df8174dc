// SPDX-License-Identifier: Apache-2.0
// More workers for a cluster that runs. Like those it was created with, they need no joining: their kubelets come with
// certificates signed by the cluster's authority, which a control plane holds.
#include "distributions/cluster_layout.hpp"
#include "distributions/vanilla/node_files.hpp"
#include "distributions/vanilla/node_version.hpp"
#include "distributions/vanilla/vanilla.hpp"
#include "distributions/vanilla/vanilla_plan.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace ksail::vanilla {

namespace {

using nlohmann::json;

constexpr const char *mark = "=====";

/// Certificate, key and the pod ranges in use, one part each.
constexpr const char *read_script = R"sh(set -e
cat /etc/kubernetes/pki/ca.crt
echo =====
cat /etc/kubernetes/pki/ca.key
echo =====
kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o 'jsonpath={range .items[*]}{.spec.podCIDR}{"\n"}{end}'
)sh";

std::vector<std::string> parts_of(const std::string &text) {
  std::vector<std::string> parts(1);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line == mark)
      parts.emplace_back();
    else
      parts.back() += line + "\n";
  }
  return parts;
}

asio::awaitable<Result<std::string>> run(NodeAccess &access, std::string node, std::string what, std::string script,
                                         std::string input, Deadline deadline) {
  std::vector<std::string> argv;
  argv.emplace_back("bash");
  argv.emplace_back("-c");
  argv.push_back(std::move(script));
  auto output = co_await access.exec(node, std::move(argv), std::move(input), deadline);
  if (!output) co_return output.error();
  if (output->exit_code == 0) co_return std::move(output->out);
  std::string detail = output->err;
  while (!detail.empty() && detail.back() == '\n')
    detail.pop_back();
  co_return Error(Code::failed_precondition, "cannot " + what + " on node " + node + ": " + detail,
                  "is the API server up? `ksail cluster status` says");
}

/// The lowest range for pods that no node has.
Result<std::string> free_range(const Subnet &pods, std::set<std::string> &taken) {
  for (std::uint32_t i = 0;; ++i) {
    auto part = part_of(pods, 24, i);
    if (!part) return Error(part.error()).in("no range is left for the pods of another node");
    if (taken.insert(part->text()).second) return part->text();
  }
}

} // namespace

asio::awaitable<Result<Expansion>> Vanilla::expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const {
  const ClusterSpec &spec = input.spec;
  auto layout = lay_out(input);
  if (!layout) co_return layout.error();
  const ImageFacts &image = layout->image;
  auto version = node_version(spec.kubernetes_version, image.use, image.labels);
  if (!version) co_return version.error();
  auto pods = parse_subnet(spec.pod_subnet);
  if (!pods) co_return pods.error();
  auto services = parse_subnet(spec.service_subnet);
  if (!services) co_return services.error();
  auto service_address = address_in(*services, 1);
  if (!service_address) co_return service_address.error();

  std::string script = read_script;
  auto text = co_await run(access, input.control_plane, "read the cluster's authority", std::move(script),
                           std::string(), deadline);
  if (!text) co_return text.error();
  const auto parts = parts_of(*text);
  if (parts.size() != 3) co_return Error(Code::internal, "the cluster's authority is not where it was put");
  auto authority = pki::Authority::load(parts[0], parts[1]);
  if (!authority) co_return authority.error();
  std::set<std::string> ranges;
  std::istringstream lines(parts[2]);
  for (std::string line; std::getline(lines, line);)
    ranges.insert(line);

  // The token is only written into kubeadm's file, as at creation: nothing joins by it.
  ConfigInput config{spec, input.host, *version, endpoint_host(spec) + ":" + std::to_string(api_port),
                     "abcdef.0123456789abcdef"};
  Expansion expansion;
  json announced = json::array();
  for (const auto &[name, address] : layout->workers) {
    NodeIdentity identity{name, address, false};
    std::string range;
    json node = {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", name}}}};
    if (spec.cni == Cni::standard) {
      auto assigned = free_range(*pods, ranges);
      if (!assigned) co_return assigned.error();
      range = *assigned;
      node["spec"] = {{"podCIDR", range}, {"podCIDRs", json::array({range})}};
      announced.push_back(std::move(node));
    }
    auto client = issue_kubelet_client(*authority, name);
    if (!client) co_return client.error();
    NodeTemplate made = node_template(config, identity, image.use);
    add_worker_files(made, *service_address, layout->control_plane_address);
    add_kubelet_files(made, config, identity, authority->certificate_pem(), *client, range);
    expansion.nodes.push_back(std::move(made));
  }
  if (!announced.empty()) {
    // Before the kubelets and the controller manager come to it: the ranges in the nodes' files and in the API are then
    // the same.
    const json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(announced)}};
    expansion.announce = [&access, node = input.control_plane, text = list.dump(),
                          deadline]() -> asio::awaitable<Result<void>> {
      std::string create = "kubectl --kubeconfig /etc/kubernetes/admin.conf create -f - >/dev/null";
      auto created = co_await run(access, node, "announce the new nodes", std::move(create), text, deadline);
      if (!created) co_return created.error();
      co_return Result<void>();
    };
  }
  co_return expansion;
}

} // namespace ksail::vanilla
