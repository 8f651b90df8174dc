// SPDX-License-Identifier: Apache-2.0
#include "pull_progress.hpp"

#include "answer_member.hpp"

#include <nlohmann/json.hpp>

namespace ksail::docker {

namespace {

using nlohmann::json;

std::uint64_t positive(const json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() && found->get<std::int64_t>() > 0
             ? found->get<std::uint64_t>()
             : 0;
}

} // namespace

bool PullProgress::feed(std::string_view line) {
  const json message = json::parse(line, nullptr, false);
  if (!message.is_object()) return false;
  if (std::string problem = text(message, "error"); !problem.empty()) {
    error_ = std::move(problem);
    return false;
  }
  const std::string layer = text(message, "id");
  const std::string status = text(message, "status");
  if (layer.empty()) return false;
  if (status == "Downloading") {
    const auto detail = message.find("progressDetail");
    if (detail == message.end() || !detail->is_object()) return false;
    Layer &entry = layers_[layer];
    entry.done = positive(*detail, "current");
    entry.total = std::max(entry.total, std::max(positive(*detail, "total"), entry.done));
    return true;
  }
  if (status == "Download complete" || status == "Pull complete") {
    const auto known = layers_.find(layer);
    if (known == layers_.end() || known->second.done == known->second.total) return false;
    known->second.done = known->second.total;
    return true;
  }
  return false;
}

std::uint64_t PullProgress::done() const {
  std::uint64_t sum = 0;
  for (const auto &[id, layer] : layers_)
    sum += layer.done;
  return sum;
}

std::uint64_t PullProgress::total() const {
  std::uint64_t sum = 0;
  for (const auto &[id, layer] : layers_)
    sum += layer.total;
  return sum;
}

} // namespace ksail::docker
