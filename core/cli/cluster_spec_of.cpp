// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster_spec_of.hpp"

#include "cli/machine_patches.hpp"
#include "distributions/distribution.hpp"
#include "distributions/registries.hpp"
#include "kubernetes/atomic_file.hpp"

#include <algorithm>

namespace ksail::cli {

namespace key = config::key;

namespace {

std::vector<std::string> words_of(const std::string &text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// The same failure, as the place the value came from calls for.
Error at_its_origin(Error error, const config::Value &value) {
  if (value.origin != config::Origin::flag) error.code = Code::config;
  if (!value.where.empty()) error.message = value.where + ": " + error.message;
  return error;
}

/// What only a distribution takes whose machines read a configuration.
Result<void> read_machine_files(const config::Settings &settings, ClusterSpec &spec) {
  const auto &patches = settings.value(key::talos_patches);
  const auto &secrets = settings.value(key::talos_secrets);
  if (spec.distribution != "Talos") {
    for (const auto *value : {&patches, &secrets})
      if (value->origin == config::Origin::flag)
        return Error(Code::usage,
                     value->where + " is for machine configurations, which " + spec.distribution + " has not",
                     "leave it away, or take --distribution Talos");
    return {};
  }
  auto read = read_machine_patches(patches.text);
  if (!read) return read.error().code == Code::usage ? at_its_origin(read.error(), patches) : read.error();
  spec.machine_patches = std::move(*read);
  if (secrets.text.empty()) return {};
  auto content = kubernetes::read_whole_file(secrets.text);
  if (!content) return content.error();
  if (!*content)
    return Error(Code::not_found, "there is no secrets bundle " + secrets.text,
                 "`talosctl gen secrets` writes one; without --talos-secrets new keys are made");
  spec.secrets = {secrets.text, std::move(**content)};
  return {};
}

} // namespace

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
  spec.disable = words_of(settings.text(key::disable));
  spec.prefetch = words_of(settings.text(key::prefetch));
  auto mirrors = parse_registry_mirrors(settings.text(key::registry_mirrors));
  if (!mirrors) return at_its_origin(mirrors.error(), settings.value(key::registry_mirrors));
  spec.registry_mirrors = std::move(*mirrors);
  auto registry = parse_local_registry(settings.text(key::local_registry));
  if (!registry) return at_its_origin(registry.error(), settings.value(key::local_registry));
  spec.local_registry = std::move(*registry);
  if (auto read = read_machine_files(settings, spec); !read) return read.error();
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
