// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/claim_binding.hpp"

#include "kubernetes/json_field.hpp"

namespace ksail {

using nlohmann::json;

asio::awaitable<bool> ClaimBinding::waits_for_pod(json claim, Deadline deadline) {
  if (!classes_) {
    auto list = co_await client_.get("/apis/storage.k8s.io/v1/storageclasses", deadline);
    classes_ = list && list->contains("items") ? (*list)["items"] : json::array();
  }
  const std::string wanted = text(field(claim, "spec"), "storageClassName");
  for (const auto &item : *classes_) {
    const json metadata = field(item, "metadata");
    const bool is_default =
        text(field(metadata, "annotations"), "storageclass.kubernetes.io/is-default-class") == "true";
    const bool meant = wanted.empty() ? is_default : text(metadata, "name") == wanted;
    if (meant) co_return text(item, "volumeBindingMode") == "WaitForFirstConsumer";
  }
  co_return false;
}

} // namespace ksail
