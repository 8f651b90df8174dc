// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster_spec_of.hpp"

#include "distributions/distribution.hpp"

#include <algorithm>

namespace ksail::cli {

namespace key = config::key;

Result<ClusterSpec> cluster_spec_of(const config::Settings &settings) {
  ClusterSpec spec;
  spec.name = settings.text(key::name);
  spec.distribution = settings.text(key::distribution);
  spec.provider = settings.text(key::provider);
  spec.control_planes = settings.number(key::control_planes);
  spec.workers = settings.number(key::workers);
  spec.kubernetes_version = settings.text(key::kubernetes_version);
  spec.load_balancer_image = settings.text(key::load_balancer_image);
  spec.cni = settings.text(key::cni) == "None" ? Cni::none : Cni::standard;
  spec.api_host_port = static_cast<std::uint16_t>(settings.number(key::api_port));
  const std::string disable = settings.text(key::disable);
  for (std::size_t at = 0; at < disable.size();) {
    const auto end = std::min(disable.find(',', at), disable.size());
    if (end > at) spec.disable.push_back(disable.substr(at, end - at));
    at = end + 1;
  }
  const Distribution *distribution = find_distribution(spec.distribution);
  if (!distribution) return Error(Code::usage, "unknown distribution '" + spec.distribution + "'");
  spec.node_image = settings.node_image().text;
  if (spec.node_image.empty()) {
    spec.node_image = distribution->default_node_image(spec.kubernetes_version);
    spec.node_image_is_default = true;
  }
  if (auto checked = distribution->check(spec); !checked) {
    Error error = checked.error();
    if (error.code == Code::invalid_argument) error.code = Code::usage;
    // When none of it was typed, the command line is not what has to change.
    bool typed = false;
    for (const auto &[name, value] : settings.all())
      typed = typed || value.origin == config::Origin::flag;
    if (error.code == Code::usage && !typed) error.code = Code::config;
    return error;
  }
  return spec;
}

} // namespace ksail::cli
