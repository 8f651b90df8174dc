// SPDX-License-Identifier: Apache-2.0
// Watches the nodes of a cluster while it is being created: a node that dies ends the creation at once with its name,
// exit code and last log lines, instead of a timeout somewhere else minutes later.
#pragma once

#include "distributions/distribution.hpp"
#include "plugins/provider.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <functional>
#include <string>

namespace ksail {

class NodeGuard {
public:
  /// References outlive the guard.
  NodeGuard(plugins::Provider &provider, NodeAccess &access, std::string cluster, asio::any_io_executor executor);
  /// Runs `work`. A node that dies meanwhile cancels it and is the failure; what `work` itself reported because of that
  /// is among the causes. A provider without events only makes deaths go unnoticed here. Called once.
  asio::awaitable<Result<void>> run(std::function<asio::awaitable<Result<void>>()> work);

private:
  asio::awaitable<Result<void>> wait_for_a_death();
  asio::awaitable<Result<void>> late_news();

  plugins::Provider &provider_;
  NodeAccess &access_;
  std::string cluster_;
  asio::any_io_executor executor_;
  Event wake_; ///< there is no more to watch for, or a node died
  Event died_;
  std::string dead_node_;
  int exit_code_ = 0;
};

} // namespace ksail
