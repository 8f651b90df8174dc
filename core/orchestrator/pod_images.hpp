// SPDX-License-Identifier: Apache-2.0
// The images of a distribution's own pods, fetched and put into the nodes beside the creation of a cluster. The
// creation never waits for it and never fails of it: what is not in the nodes when it is needed, they pull for
// themselves.
#pragma once

#include "orchestrator/cluster.hpp"

#include <ksail/sdk/async.hpp>

#include <functional>
#include <string>
#include <vector>

namespace ksail {

/// On the session's executor.
class PodImages {
public:
  PodImages(Session &session, std::string cluster, std::vector<std::string> references, nlohmann::json labels,
            std::string operation_id, Deadline deadline);

  /// Runs `work` and returns what it returns; fetches and places meanwhile. Whatever of that is going on when `work`
  /// ends is cancelled, and leaves nothing behind.
  asio::awaitable<Result<void>> beside(std::function<asio::awaitable<Result<void>>()> work);

  void may_pull() { pull_.set(); }       ///< what the creation cannot do without has been asked for before
  void may_place() { place_.set(); }     ///< every node has started
  void not_needed() { needed_ = false; } ///< the nodes turned out to have them

private:
  asio::awaitable<Result<void>> fetch_and_place();

  Session &session_;
  std::string cluster_;
  std::vector<std::string> references_;
  nlohmann::json labels_;
  std::string operation_id_;
  Deadline deadline_;
  Event pull_, place_;
  bool needed_ = true;
};

} // namespace ksail
