// SPDX-License-Identifier: Apache-2.0
// Calls that create containers, which outlive whoever waits for them: the engine finishes what it began even when the
// connection is closed, so giving up on an answer would leave a container that nobody knows of. A cancelled creation
// therefore stops waiting at once, and what removes the cluster waits for the answers first.
#pragma once

#include "engine.hpp"

#include <list>
#include <map>
#include <memory>
#include <string>

namespace ksail::docker {

class ContainerCreations {
public:
  explicit ContainerCreations(Engine &engine) : engine_(engine) {}

  /// POST /containers/create. cancelled when the caller was, the call itself then goes on.
  asio::awaitable<Result<http::Response>> create(std::string cluster, std::string name, nlohmann::json body);

  /// Until no call for this cluster is on its way, or the deadline has passed.
  asio::awaitable<void> settle(std::string cluster, Deadline deadline);

private:
  struct Pending;
  static asio::awaitable<Result<void>> perform(Engine &engine, EngineCall call, std::shared_ptr<Pending> pending);

  Engine &engine_;
  std::multimap<std::string, std::shared_ptr<Pending>> pending_; ///< by cluster
};

} // namespace ksail::docker
