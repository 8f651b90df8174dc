// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_trouble.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace ksail {

using nlohmann::json;

namespace {

constexpr std::int64_t crashes_that_last = 3;

std::string owner_of(const json &object) {
  const json &owners = field(field(object, "metadata"), "ownerReferences");
  if (!owners.is_array()) return {};
  for (const auto &owner : owners)
    if (const json &controls = field(owner, "controller"); controls.is_boolean() && controls.get<bool>())
      return text(owner, "uid");
  return {};
}

std::string label(const json &object, std::string_view key) {
  return text(field(field(object, "metadata"), "labels"), key);
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_pull_error(std::string_view reason) { return reason == "ErrImagePull" || reason == "RegistryUnavailable"; }

std::string end_of(const json &ended) {
  std::string out = "it ended with exit code " + std::to_string(ended.value("exitCode", 0));
  if (const auto reason = text(ended, "reason"); !reason.empty() && reason != "Error") out += " (" + reason + ")";
  if (const auto message = text(ended, "message"); !message.empty()) out += ": " + message;
  return out;
}

std::optional<PodTrouble> container_trouble(const json &container) {
  const json &ended = field(field(container, "state"), "terminated");
  const json &code = field(ended, "exitCode");
  if (code.is_number_integer() && code.get<std::int64_t>() != 0)
    return PodTrouble{.text = "container " + text(container, "name") + ": " + end_of(ended),
                      .pod = "",
                      .container = text(container, "name"),
                      .crashed = true};
  const json &waiting = field(field(container, "state"), "waiting");
  if (!waiting.is_object()) return std::nullopt;
  const std::string reason = text(waiting, "reason"), message = text(waiting, "message");
  if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") return std::nullopt;
  static constexpr std::array<std::string_view, 5> lasting{"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
                                                           "CreateContainerConfigError", "ImageInspectError"};
  PodTrouble trouble;
  trouble.lasting = std::find(lasting.begin(), lasting.end(), reason) != lasting.end();
  trouble.text = "container " + text(container, "name") + ": " + reason + (message.empty() ? "" : ": " + message);
  trouble.container = text(container, "name");
  if (reason == "CrashLoopBackOff") {
    trouble.crashed = true;
    const json &restarts = field(container, "restartCount");
    trouble.lasting = restarts.is_number_integer() && restarts.get<std::int64_t>() >= crashes_that_last;
    const json &last = field(field(container, "lastState"), "terminated");
    if (last.is_object()) trouble.text += "; " + end_of(last);
  }
  return trouble;
}

} // namespace

std::optional<PodTrouble> pod_trouble(const json &pod) {
  const json &status = field(pod, "status");
  const std::string name = "pod " + text(field(pod, "metadata"), "name") + ": ";
  std::optional<PodTrouble> found;
  for (const char *list : {"initContainerStatuses", "containerStatuses"}) {
    const json &containers = field(status, list);
    if (!containers.is_array()) continue;
    for (const auto &container : containers)
      if (auto trouble = container_trouble(container); trouble && (!found || trouble->lasting > found->lasting))
        found = std::move(trouble);
  }
  if (!found) {
    const json &conditions = field(status, "conditions");
    if (conditions.is_array())
      for (const auto &condition : conditions)
        if (text(condition, "type") == "PodScheduled" && text(condition, "status") == "False")
          found = PodTrouble{.text = text(condition, "reason") + ": " + text(condition, "message"), .pod = ""};
  }
  if (found) {
    found->text = name + found->text;
    found->pod = text(field(pod, "metadata"), "name");
  }
  return found;
}

bool is_refusal(std::string_view message) {
  if (!contains(message, "forbidden") && !contains(message, "denied the request")) return false;
  // A ServiceAccount is often made in the same moment.
  return !contains(message, "error looking up service account");
}

/// Events repeat what was: only those that come while we watch are news, and the caller hands on no others.
bool PodBoard::take_refusal(std::string_view type, const json &event) {
  const std::string uid = text(field(event, "involvedObject"), "uid"), message = text(event, "message");
  if (type == "DELETED" || uid.empty() || !is_refusal(message)) return false;
  refusals_[uid] = message;
  return true;
}

bool PodBoard::changed(std::string_view type, const json &object) {
  if (text(object, "kind") == "Event") return take_refusal(type, object);
  const std::string uid = text(field(object, "metadata"), "uid");
  if (text(object, "kind") == "ReplicaSet") {
    if (type == "DELETED") {
      replica_sets_.erase(uid);
      return false;
    }
    ReplicaSet set;
    set.owner_uid = owner_of(object);
    set.revision = text(field(field(object, "metadata"), "annotations"), "deployment.kubernetes.io/revision");
    set.hash = label(object, "pod-template-hash");
    replica_sets_[uid] = std::move(set);
    return true;
  }
  if (type == "DELETED") {
    pods_.erase(uid);
    return false;
  }
  Pod &pod = pods_[uid];
  pod.name = text(field(object, "metadata"), "name");
  pod.owner_uid = owner_of(object);
  refusals_.erase(pod.owner_uid); // it can make pods again
  pod.revision = label(object, "controller-revision-hash");
  const auto before = std::move(pod.trouble);
  pod.trouble = pod_trouble(object);
  if (pod.trouble) {
    for (const auto &container : field(field(object, "status"), "containerStatuses")) {
      const json &waiting = field(field(container, "state"), "waiting");
      if (is_pull_error(text(waiting, "reason"))) pod.pull_error = text(waiting, "message");
    }
    const bool knows_why = pod.trouble->text.find(pod.pull_error) != std::string::npos;
    if (pod.trouble->text.find("ImagePullBackOff") != std::string::npos && !pod.pull_error.empty() && !knows_why)
      pod.trouble->text += " (" + pod.pull_error + ")";
  }
  return pod.trouble.has_value() || before.has_value();
}

bool PodBoard::is_of(const Pod &pod, const json &workload) const {
  const std::string uid = text(field(workload, "metadata"), "uid");
  if (uid.empty()) return false;
  if (pod.owner_uid == uid) {
    const std::string newest = text(field(workload, "status"), "updateRevision"); // StatefulSet
    return newest.empty() || pod.revision.empty() || pod.revision == newest;
  }
  const auto set = replica_sets_.find(pod.owner_uid);
  if (set == replica_sets_.end() || set->second.owner_uid != uid) return false;
  const std::string newest =
      text(field(field(workload, "metadata"), "annotations"), "deployment.kubernetes.io/revision");
  return newest.empty() || set->second.revision.empty() || set->second.revision == newest;
}

std::optional<PodTrouble> PodBoard::of(const json &workload) const {
  std::optional<PodTrouble> found;
  for (const auto &[uid, pod] : pods_)
    if (pod.trouble && (!found || pod.trouble->lasting > found->lasting) && is_of(pod, workload)) found = pod.trouble;
  if (found) return found;
  const auto refusal = refusals_.find(text(field(workload, "metadata"), "uid"));
  if (refusal != refusals_.end())
    found = PodTrouble{.text = "its pods cannot be made: " + refusal->second, .pod = "", .refused = true};
  return found;
}

std::string PodBoard::pod_of(const json &workload) const {
  if (text(workload, "kind") == "Pod") return text(field(workload, "metadata"), "name");
  std::string any;
  for (const auto &[uid, pod] : pods_) {
    if (!is_of(pod, workload)) continue;
    if (pod.trouble) return pod.name;
    any = pod.name;
  }
  return any;
}

} // namespace ksail
