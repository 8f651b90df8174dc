// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/node_version.hpp"

#include <array>
#include <charconv>

namespace ksail::vanilla {

namespace {

struct Pinned {
  std::string_view version;
  std::string_view digest;
};

// From the release notes of the images' makers; newest patch of each minor first. The first is the default.
constexpr std::array pinned = {
    Pinned{"v1.34.11", "sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"},
    Pinned{"v1.34.0", "sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a"},
    Pinned{"v1.37.0", "sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"},
    Pinned{"v1.36.4", "sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed"},
    Pinned{"v1.36.1", "sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5"},
    Pinned{"v1.35.8", "sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0"},
    Pinned{"v1.35.0", "sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f"},
    Pinned{"v1.33.1", "sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f"},
    Pinned{"v1.32.2", "sha256:f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f"},
    Pinned{"v1.31.2", "sha256:18fbefc20a7113353c7b75b5c869d7145a6abd6269154825872dc59c1329912e"},
};

} // namespace

std::string Version::text() const {
  return "v" + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<Version> parse_version(std::string_view text) {
  if (!text.empty() && text.front() == 'v') text.remove_prefix(1);
  Version version;
  const char *at = text.data();
  const char *end = text.data() + text.size();
  unsigned *parts[] = {&version.major, &version.minor, &version.patch};
  for (int i = 0; i < 3; ++i) {
    const auto parsed = std::from_chars(at, end, *parts[i]);
    if (parsed.ec != std::errc()) return std::nullopt;
    at = parsed.ptr;
    if (i < 2) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
  }
  if (at != end && *at != '-' && *at != '+') return std::nullopt;
  return version;
}

Result<Version> node_version(const std::string &asked, const std::string &image_ref,
                             const std::map<std::string, std::string> &labels) {
  std::optional<Version> version;
  std::string from;
  if (!asked.empty()) {
    version = parse_version(asked);
    if (!version) return Error(Code::usage, "'" + asked + "' is not a Kubernetes version", "write it like v1.34.2");
  } else {
    if (const auto label = labels.find("ksail.kubernetes-version"); label != labels.end())
      version = parse_version(label->second);
    if (!version) {
      std::string_view name = std::string_view(image_ref).substr(0, image_ref.find('@'));
      const auto colon = name.rfind(':');
      if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos)
        version = parse_version(name.substr(colon + 1));
    }
    if (!version)
      return Error(Code::usage, "it cannot be told which Kubernetes the node image " + image_ref + " holds",
                   "say it with --kubernetes-version, e.g. --kubernetes-version v1.34.2");
  }
  if (version->major != 1 || version->minor < oldest_minor)
    return Error(Code::usage,
                 "Kubernetes " + version->text() + " is too old: v1." + std::to_string(oldest_minor) +
                     " is the oldest that can be created",
                 "choose a newer node image with --node-image or --kubernetes-version");
  return *version;
}

std::string pinned_image(const std::string &kubernetes_version) {
  const auto wanted = parse_version(kubernetes_version);
  for (const auto &image : pinned)
    if (kubernetes_version.empty() || (wanted && image.version == wanted->text()))
      return "docker.io/kindest/node:" + std::string(image.version) + "@" + std::string(image.digest);
  return {};
}

std::string pinned_versions() {
  std::string text;
  for (const auto &image : pinned)
    text += (text.empty() ? "" : ", ") + std::string(image.version);
  return text;
}

} // namespace ksail::vanilla
