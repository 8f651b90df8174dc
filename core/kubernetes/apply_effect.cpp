// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/apply_effect.hpp"

#include "kubernetes/time_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

struct Ownership {
  std::optional<std::int64_t> stamped; ///< when our manager's entry of applied fields last was
  bool owned_nothing = false;          ///< neither now nor before
};

Ownership ownership(const json &object, std::string_view field_manager) {
  Ownership out;
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return out;
  const auto entries = metadata->find("managedFields");
  if (entries == metadata->end() || !entries->is_array()) return out;
  bool first_tracked = false, ours = false;
  for (const auto &entry : *entries) {
    if (!entry.is_object() || entry.contains("subresource")) continue;
    // What the server calls the fields of an object that had no owner when it was first applied to. An empty Namespace
    // gets this entry when it is applied a second time, and is stored again for nothing else.
    if (entry.value("manager", "") == "before-first-apply") first_tracked = true;
    if (entry.value("manager", "") != field_manager || entry.value("operation", "") != "Apply") continue;
    ours = true;
    if (const auto time = parse_rfc3339_utc(entry.value("time", "")))
      out.stamped = std::max(out.stamped.value_or(*time), *time);
  }
  out.owned_nothing = first_tracked && !ours;
  return out;
}

std::uint64_t revision_from(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() ? value : 0;
}

/// Takes the events of an object's text up to its metadata.resourceVersion.
class RevisionFinder final : public nlohmann::json_sax<json> {
public:
  std::uint64_t revision = 0;

  bool key(std::string &name) override {
    if (depth_ == 1) in_metadata_ = name == "metadata";
    here_ = depth_ == 2 && in_metadata_ && name == "resourceVersion";
    return true;
  }
  bool string(std::string &value) override {
    if (here_) revision = revision_from(value);
    return !here_;
  }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string &) override { return true; }
  bool binary(json::binary_t &) override { return true; }
  bool parse_error(std::size_t, const std::string &, const nlohmann::detail::exception &) override { return false; }

private:
  bool enter() {
    ++depth_;
    here_ = false;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }
  std::size_t depth_ = 0;
  bool in_metadata_ = false, here_ = false;
};

} // namespace

std::uint64_t revision_in(std::string_view object) {
  RevisionFinder finder;
  json::sax_parse(object, &finder);
  return finder.revision;
}

std::uint64_t revision_of(const json &object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return 0;
  const auto version = metadata->find("resourceVersion");
  if (version == metadata->end() || !version->is_string()) return 0;
  return revision_from(version->get_ref<const std::string &>());
}

ApplyEffect apply_effect(const ApplyAnswer &answer, const json &object, std::string_view field_manager) {
  if (answer.status == 201) return ApplyEffect::created;
  const std::uint64_t revision = revision_of(object);
  if (answer.revision_before && revision && revision <= answer.revision_before) return ApplyEffect::unchanged;
  const Ownership ours = ownership(object, field_manager);
  if (ours.owned_nothing) return ApplyEffect::unchanged;
  if (ours.stamped && answer.not_before_unix && *ours.stamped < *answer.not_before_unix) return ApplyEffect::unchanged;
  return ApplyEffect::configured;
}

std::optional<ApplyEffect> effect_of_lost_apply(const json &object, std::string_view field_manager,
                                                std::int64_t not_before_unix) {
  const Ownership ours = ownership(object, field_manager);
  if (!ours.stamped || *ours.stamped < not_before_unix) return std::nullopt;
  const auto made = parse_rfc3339_utc(object["metadata"].value("creationTimestamp", ""));
  return made && *made >= not_before_unix ? ApplyEffect::created : ApplyEffect::configured;
}

} // namespace ksail::kubernetes
