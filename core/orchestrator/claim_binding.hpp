// SPDX-License-Identifier: Apache-2.0
// Whether a volume claim is bound at once or only when a pod uses it.
#pragma once

#include "kubernetes/client.hpp"

#include <ksail/sdk/async.hpp>

#include <nlohmann/json.hpp>

#include <optional>

namespace ksail {

/// Asks for the StorageClasses once. Who may not read them, or finds none that is meant, gets false.
class ClaimBinding {
public:
  explicit ClaimBinding(kubernetes::Client &client) : client_(client) {}
  /// volumeBindingMode WaitForFirstConsumer: an unused claim of that class is never bound.
  asio::awaitable<bool> waits_for_pod(nlohmann::json claim, Deadline deadline);

private:
  kubernetes::Client &client_;
  std::optional<nlohmann::json> classes_;
};

} // namespace ksail
