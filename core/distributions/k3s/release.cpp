// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/release.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace ksail::k3s {

namespace {

constexpr std::string_view repository = "docker.io/rancher/k3s";
constexpr std::string_view default_version = "v1.34.2";
constexpr unsigned oldest_minor = 31; // the oldest whose behaviour at start was looked at

/// "v1.34.2", "1.34.2", "v1.34.2-k3s1", "v1.34.2+k3s1"
std::optional<Release> parse(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("-+"));
  unsigned parts[3] = {};
  const char *at = text.data();
  const char *const end = at + text.size();
  for (int i = 0; i < 3; ++i) {
    const auto [next, failure] = std::from_chars(at, end, parts[i]);
    if (failure != std::errc()) return std::nullopt;
    at = next;
    if (i == 2) break;
    if (at == end || *at != '.') return std::nullopt;
    ++at;
  }
  if (at != end || parts[0] != 1) return std::nullopt;
  return Release{parts[1], "v" + std::string(text)};
}

std::string_view tag_of(std::string_view ref) {
  ref = ref.substr(0, ref.find('@'));
  const auto slash = ref.rfind('/');
  const auto colon = ref.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return {};
  return ref.substr(colon + 1);
}

} // namespace

std::string pinned_image(const std::string &kubernetes_version) {
  const auto release = parse(kubernetes_version.empty() ? default_version : std::string_view(kubernetes_version));
  if (!release) return {};
  // The first K3s release of every Kubernetes version is k3s1.
  return std::string(repository) + ":" + release->kubernetes + "-k3s1";
}

Result<Release> release_of(const std::string &asked, const std::string &image_ref,
                           const std::map<std::string, std::string> &labels) {
  std::optional<Release> held;
  if (const auto label = labels.find("ksail.kubernetes-version"); label != labels.end()) held = parse(label->second);
  if (!held) held = parse(tag_of(image_ref));
  const auto wanted = parse(asked);
  if (!asked.empty() && !wanted)
    return Error(Code::usage, "'" + asked + "' is not a full Kubernetes version", "write it like v1.34.2");
  if (held && wanted && held->kubernetes != wanted->kubernetes)
    return Error(Code::failed_precondition,
                 "the node image " + image_ref + " holds Kubernetes " + held->kubernetes + ", not " +
                     wanted->kubernetes,
                 "leave --kubernetes-version away, or give the image of that version with --node-image");
  if (!held) held = wanted;
  if (!held)
    return Error(Code::usage, "it cannot be told which Kubernetes the node image " + image_ref + " holds",
                 "say it with --kubernetes-version, e.g. --kubernetes-version v1.34.2");
  if (held->minor < oldest_minor)
    return Error(Code::usage,
                 "K3s " + held->kubernetes + " is too old: v1." + std::to_string(oldest_minor) +
                     " is the oldest that can be created",
                 "choose a newer node image with --node-image or --kubernetes-version");
  return *held;
}

} // namespace ksail::k3s
