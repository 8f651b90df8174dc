// SPDX-License-Identifier: Apache-2.0
#include "image_reference.hpp"

#include <algorithm>

namespace ksail::docker {

namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_sha256(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  if (text.substr(0, prefix.size()) != prefix || text.size() != prefix.size() + 64) return false;
  return std::all_of(text.begin() + prefix.size(), text.end(), is_hex);
}

bool valid_component(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
  return std::all_of(part.begin(), part.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool valid_path(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    if (!valid_component(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool valid_domain(std::string_view domain) {
  if (domain.empty()) return false;
  return std::all_of(domain.begin(), domain.end(), [](char c) {
    return is_lower_or_digit(c) || is_upper(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
}

bool valid_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  return std::all_of(tag.begin(), tag.end(),
                     [](char c) { return is_lower_or_digit(c) || is_upper(c) || c == '_' || c == '.' || c == '-'; });
}

/// The first component names a registry when it could not be part of a path, or is localhost.
bool names_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), is_upper);
}

} // namespace

Result<ImageReference> parse_image_reference(std::string_view text) {
  const Error invalid(Code::invalid_argument, "'" + std::string(text) + "' is not an image reference",
                      "write it as registry/path:tag, for example docker.io/library/busybox:1.36");
  ImageReference ref;
  if (is_sha256(text)) {
    ref.id = text;
    return ref;
  }
  std::string_view rest = text;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    ref.digest = rest.substr(at + 1);
    if (!is_sha256(ref.digest)) return invalid;
    rest = rest.substr(0, at);
  }
  // A colon after the last slash separates the tag; one before it belongs to the registry's port.
  const auto slash = rest.rfind('/');
  const auto colon = rest.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    ref.tag = rest.substr(colon + 1);
    if (!valid_tag(ref.tag)) return invalid;
    rest = rest.substr(0, colon);
  }
  const auto first_slash = rest.find('/');
  if (first_slash != std::string_view::npos && names_registry(rest.substr(0, first_slash))) {
    ref.domain = rest.substr(0, first_slash);
    ref.path = rest.substr(first_slash + 1);
    if (ref.domain == "index.docker.io") ref.domain = "docker.io";
  } else {
    ref.domain = "docker.io";
    ref.path = rest;
  }
  if (ref.domain == "docker.io" && ref.path.find('/') == std::string::npos) ref.path = "library/" + ref.path;
  if (!valid_domain(ref.domain) || !valid_path(ref.path)) return invalid;
  return ref;
}

Result<ImageReference> parse_pinned_reference(std::string_view text) {
  auto ref = parse_image_reference(text);
  if (!ref || ref->pinned()) return ref;
  return Error(Code::invalid_argument,
               "image '" + std::string(text) + "' " +
                   (ref->tag.empty() ? "has no tag" : "has the tag latest, which means another image every day"),
               "pin it to a version (name:1.2.3) or a digest (name@sha256:…)");
}

} // namespace ksail::docker
