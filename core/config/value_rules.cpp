// SPDX-License-Identifier: Apache-2.0
// What values a setting may have.
#include "config/duration.hpp"
#include "config/setting.hpp"
#include "config/suggestion.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <charconv>
#include <optional>

namespace ksail::config {

namespace {

/// Names people bring along from the Go ksail: worth an answer of their own.
const std::vector<std::string> go_distributions = {"VCluster", "KWOK", "EKS", "GKE", "AKS"};
const std::vector<std::string> go_providers = {"Omni", "AWS", "GCP", "Azure", "Kubernetes"};
const std::vector<std::string> go_cnis = {"Cilium", "Calico"};
const std::vector<std::string> cnis = {"Default", "None"};
/// Ours, but not in every build.
const std::vector<std::string> our_distributions = {"Vanilla", "K3s", "Talos"};
const std::vector<std::string> our_providers = {"Docker", "Hetzner"};

const std::string *find_word(std::string_view word, const std::vector<std::string> &words) {
  for (const auto &candidate : words)
    if (equal_ignoring_case(word, candidate)) return &candidate;
  return nullptr;
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, 200))
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return result + "'";
}

Result<std::string> one_of(std::string_view word, const char *what, const std::vector<std::string> &choices,
                           const std::vector<std::string> &ours, const std::vector<std::string> &of_go) {
  if (const auto *found = find_word(word, choices)) return *found;
  const std::string accepted = "accepted: " + any_of(choices);
  if (const auto *found = find_word(word, ours))
    return Error(Code::config, *found + " is not in this build of ksail", accepted);
  if (const auto *found = find_word(word, of_go))
    return Error(Code::config, *found + " is a " + what + " of the Go ksail that this one does not have", accepted);
  const std::string near = closest(word, choices);
  return Error(Code::config, "unknown " + std::string(what) + " " + quoted(word),
               near.empty() ? accepted : "did you mean " + near + "? " + accepted);
}

struct Range {
  long low, high;
};

constexpr Range range_of(Type type) {
  switch (type) {
  case Type::at_least_one:
    return {1, 99};
  case Type::port:
    return {0, 65535};
  default:
    return {0, 999};
  }
}

Result<std::string> number(std::string_view text, Range range) {
  long value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc::invalid_argument || end != text.data() + text.size())
    return Error(Code::config, quoted(text) + " is not a number", "write digits only");
  if (failure != std::errc() || value < range.low || value > range.high)
    return Error(Code::config, std::string(text.substr(0, 30)) + " is out of range",
                 "from " + std::to_string(range.low) + " to " + std::to_string(range.high));
  return std::to_string(value);
}

Result<std::string> cluster_name(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  bool good = !text.empty() && text.size() <= 50 && text.front() >= 'a' && text.front() <= 'z' &&
              alphanumeric(text.empty() ? ' ' : text.back());
  for (const char c : text)
    good = good && (alphanumeric(c) || c == '-');
  if (!good)
    return Error(
        Code::config, quoted(text) + " cannot be a cluster's name",
        "a name has at most 50 lower case letters, digits and '-', starts with a letter and does not end in '-'");
  return std::string(text);
}

Result<std::string> version(std::string_view text) {
  const std::string_view digits = text.starts_with('v') ? text.substr(1) : text;
  unsigned dots = 0;
  bool good = !digits.empty() && digits.front() != '.' && digits.back() != '.';
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    if (c == '.') {
      ++dots;
      good = good && i > 0 && digits[i - 1] != '.';
    } else
      good = good && c >= '0' && c <= '9';
  }
  if (!good || dots < 1 || dots > 2)
    return Error(Code::config, quoted(text) + " is not a version of Kubernetes", "for example v1.34.2");
  return "v" + std::string(digits);
}

Result<std::string> image(std::string_view text) {
  for (const char c : text)
    if (c <= ' ' || static_cast<unsigned char>(c) > 0x7e)
      return Error(Code::config, quoted(text) + " is not an image reference", "for example kindest/node:v1.34.0");
  if (text.find('@') != std::string_view::npos) return std::string(text);
  const auto slash = text.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? text : text.substr(slash + 1);
  const auto colon = last.rfind(':');
  const std::string_view tag = colon == std::string_view::npos ? "" : last.substr(colon + 1);
  const char *const remedy =
      "name a version (kindest/node:v1.34.0) or a digest (…@sha256:…), so that every creation gives "
      "the same cluster";
  if (tag == "latest")
    return Error(Code::config, "image " + quoted(text) + " has the tag latest, which is whatever was pushed last",
                 remedy);
  if (tag.empty()) return Error(Code::config, "image " + quoted(text) + " has no tag, which means latest", remedy);
  return std::string(text);
}

Result<std::string> boolean(std::string_view text) {
  if (equal_ignoring_case(text, "true")) return std::string("true");
  if (equal_ignoring_case(text, "false")) return std::string("false");
  return Error(Code::config, quoted(text) + " is neither true nor false");
}

} // namespace

std::string accepted_values(Type type) {
  switch (type) {
  case Type::name:
    return "at most 50 lower case letters, digits and '-', beginning with a letter";
  case Type::distribution:
    return any_of(our_distributions);
  case Type::provider:
    return "the name of an installed provider";
  case Type::at_least_one:
  case Type::count:
  case Type::port:
    return "a number from " + std::to_string(range_of(type).low) + " to " + std::to_string(range_of(type).high);
  case Type::version:
    return "a version such as v1.34.2";
  case Type::cni:
    return any_of(cnis);
  case Type::path:
    return "a path";
  case Type::patches:
    return "paths, each of which may have a role before it";
  case Type::text:
    return "a text";
  case Type::duration:
    return "a duration such as 90s, 5m or 1h30m";
  case Type::image:
    return "an image with a tag other than latest, or with a digest";
  case Type::boolean:
    break;
  }
  return "true or false";
}

Result<std::string> normalise(const Setting &setting, std::string_view text, const Choices &choices) {
  if (text.empty() && setting.fallback.empty()) return std::string();
  switch (setting.type) {
  case Type::name:
    return cluster_name(text);
  case Type::distribution:
    return one_of(text, "distribution", choices.distributions, our_distributions, go_distributions);
  case Type::provider: {
    auto found = one_of(text, "provider", choices.providers, {}, go_providers);
    // Which plugin is missing is for the loader to say: it knows where it looked.
    if (!found)
      if (const auto *known = find_word(text, our_providers)) return *known;
    return found;
  }
  case Type::at_least_one:
  case Type::count:
  case Type::port:
    return number(text, range_of(setting.type));
  case Type::version:
    return version(text);
  case Type::cni:
    return one_of(text, "CNI", cnis, {}, go_cnis);
  case Type::duration:
    if (!parse_duration(text))
      return Error(Code::config, quoted(text) + " is not a duration", "a number and a unit: 90s, 5m, 1h30m");
    return std::string(text);
  case Type::image:
    return image(text);
  case Type::boolean:
    return boolean(text);
  case Type::path:
  case Type::patches:
  case Type::text:
    break;
  }
  return std::string(text);
}

} // namespace ksail::config
