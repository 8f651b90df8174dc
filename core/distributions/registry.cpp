// SPDX-License-Identifier: Apache-2.0
// The distributions of this build.
#include "distributions/distribution.hpp"
#include "distributions/k3s/k3s.hpp"
#include "distributions/talos/talos.hpp"
#include "distributions/talos/talos_services.hpp"
#include "distributions/vanilla/vanilla.hpp"

#include <ksail/sdk/letter_case.hpp>

namespace ksail {

namespace {

const std::vector<const Distribution *> &all() {
  static const vanilla::Vanilla vanilla;
  static const k3s::K3s k3s;
  static const talos::Talos talos;
  static const std::vector<const Distribution *> list = {&vanilla, &k3s, &talos};
  return list;
}

std::vector<std::string> numbered(const std::string &base, unsigned count) {
  std::vector<std::string> names;
  for (unsigned i = 1; i <= count; ++i)
    names.push_back(i == 1 ? base : base + std::to_string(i));
  return names;
}

} // namespace

asio::awaitable<Result<Expansion>> Distribution::expand(NodeAccess &, ExpansionInput, Deadline) const {
  co_return Error(Code::unimplemented, std::string(name()) + " clusters cannot get more workers once they run",
                  "create the cluster anew with --workers");
}

const NodeServices *node_services(std::string_view distribution) {
  static const talos::TalosServices talos;
  return equal_ignoring_case(distribution, "Talos") ? &talos : nullptr;
}

const Distribution *find_distribution(std::string_view name) {
  for (const auto *distribution : all())
    if (equal_ignoring_case(distribution->name(), name)) return distribution;
  return nullptr;
}

std::vector<std::string> distribution_names() {
  std::vector<std::string> names;
  for (const auto *distribution : all())
    names.emplace_back(distribution->name());
  return names;
}

std::vector<std::string> ClusterSpec::control_plane_names() const {
  return numbered(name + "-control-plane", control_planes);
}
std::vector<std::string> ClusterSpec::worker_names() const { return numbered(name + "-worker", workers); }

} // namespace ksail
