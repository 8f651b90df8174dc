// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/apply_effect.hpp"

#include "kubernetes/time_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

/// When our manager's entry of applied fields was last stamped.
std::optional<std::int64_t> stamped(const json &object, std::string_view field_manager) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return std::nullopt;
  const auto entries = metadata->find("managedFields");
  if (entries == metadata->end() || !entries->is_array()) return std::nullopt;
  std::optional<std::int64_t> latest;
  for (const auto &entry : *entries) {
    if (!entry.is_object() || entry.value("manager", "") != field_manager || entry.value("operation", "") != "Apply" ||
        entry.contains("subresource"))
      continue;
    if (const auto time = parse_rfc3339_utc(entry.value("time", ""))) latest = std::max(latest.value_or(*time), *time);
  }
  return latest;
}

} // namespace

std::uint64_t revision_of(const json &object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return 0;
  const auto version = metadata->find("resourceVersion");
  if (version == metadata->end() || !version->is_string()) return 0;
  const auto &text = version->get_ref<const std::string &>();
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() ? value : 0;
}

ApplyEffect apply_effect(const ApplyAnswer &answer, const json &object, std::string_view field_manager) {
  if (answer.status == 201) return ApplyEffect::created;
  const std::uint64_t revision = revision_of(object);
  if (answer.revision_before && revision && revision <= answer.revision_before) return ApplyEffect::unchanged;
  const auto time = stamped(object, field_manager);
  if (time && answer.not_before_unix && *time < *answer.not_before_unix) return ApplyEffect::unchanged;
  return ApplyEffect::configured;
}

} // namespace ksail::kubernetes
