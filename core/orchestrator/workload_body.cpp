// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_body.hpp"

#include "kubernetes/apply_set.hpp"

#include <nlohmann/json.hpp>

namespace ksail {

using nlohmann::json;

namespace {

bool may_need_pruning(const std::string &text) {
  return text.find("\"status\"") != std::string::npos || text.find("\"managedFields\"") != std::string::npos ||
         text.find("\"creationTimestamp\"") != std::string::npos;
}

/// A custom resource may have a status that is data like any other; of one with a status of its own the server takes
/// none.
bool status_is_server_s(const std::string &group) {
  return group.find('.') == std::string::npos || group.ends_with(".k8s.io");
}

} // namespace

Result<std::string> apply_body(const manifests::Object &object, const std::string &ns, const std::string &set) {
  if (set.empty() && object.ns == ns && !may_need_pruning(object.json)) return object.json;
  json parsed = json::parse(object.json, nullptr, false);
  if (!parsed.is_object())
    return Error(Code::invalid_argument,
                 object.describe() + ": it is not a JSON object (" + object.where.describe() + ")");
  if (status_is_server_s(object.group())) parsed.erase("status");
  json &metadata = parsed["metadata"];
  if (!metadata.is_object()) metadata = json::object();
  metadata.erase("managedFields");
  metadata.erase("creationTimestamp");
  if (ns.empty())
    metadata.erase("namespace");
  else
    metadata["namespace"] = ns;
  if (!set.empty()) {
    json &labels = metadata["labels"];
    if (!labels.is_object()) labels = json::object();
    json &member = labels[std::string(kubernetes::apply_set_member_label)];
    if (member.is_string() && member != set)
      return Error(Code::invalid_argument,
                   object.describe() + " belongs to another inventory by its label " +
                       std::string(kubernetes::apply_set_member_label),
                   "remove the label (" + object.where.describe() + ")");
    member = set;
  }
  return parsed.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace ksail
