// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/release.hpp"

#include <string_view>

namespace ksail::talos {

namespace {

std::string tag_of(std::string_view ref) {
  ref = ref.substr(0, ref.find('@'));
  const auto slash = ref.rfind('/');
  const auto colon = ref.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return {};
  return std::string(ref.substr(colon + 1));
}

std::string label_of(const std::map<std::string, std::string> &labels, const char *name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

} // namespace

Result<Release> release_of(const std::string &asked_kubernetes, const std::string &image_ref,
                           const std::map<std::string, std::string> &labels) {
  Release release;
  release.talos = label_of(labels, "ksail.talos-version");
  if (release.talos.empty()) release.talos = tag_of(image_ref);
  auto contract = contract_of(release.talos);
  if (!contract && contract.error().message.find("is not a Talos version") != std::string::npos)
    return Error(Code::usage, "it cannot be told which Talos the node image " + image_ref + " holds",
                 "name one whose tag is its version, e.g. " + std::string(default_image));
  if (!contract) return contract.error();
  release.contract = *contract;
  const std::string held = label_of(labels, "ksail.kubernetes-version");
  release.kubernetes = !asked_kubernetes.empty() ? asked_kubernetes
                       : !held.empty()           ? held
                                                 : default_kubernetes(*contract);
  if (!release.kubernetes.starts_with('v')) release.kubernetes.insert(0, "v");
  if (auto checked = check_kubernetes(*contract, release.kubernetes); !checked) return checked.error();
  return release;
}

Result<void> check_starts_machined(const std::string &image_ref, const std::vector<std::string> &command) {
  if (command.empty()) return {};
  const std::string &program = command.front();
  const std::string name = program.substr(program.rfind('/') + 1);
  // Talos' own images say /sbin/init, which is machined.
  if (name == "init" || name == "machined") return {};
  return Error(Code::failed_precondition,
               "the node image " + image_ref + " holds no machined: it starts " + program +
                   " where Talos has /sbin/init",
               "name an image of Talos, e.g. " + std::string(default_image));
}

} // namespace ksail::talos
