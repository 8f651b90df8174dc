// SPDX-License-Identifier: Apache-2.0
// Watches the nodes of a cluster while it is being created: a node that dies ends the creation at once with its name,
// exit code and last log lines, instead of a timeout somewhere else minutes later.
#pragma once

#include "distributions/distribution.hpp"
#include "plugins/provider.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <memory>
#include <string>

namespace ksail {

class NodeGuard {
public:
  /// References outlive the guard.
  NodeGuard(plugins::Provider &provider, NodeAccess &access, std::string cluster, asio::any_io_executor executor);
  /// Returns a failure as soon as a node dies; success once release() was called. A provider without events is no
  /// failure: then it only waits for release().
  asio::awaitable<Result<void>> run();
  /// The cluster is up: stop watching.
  void release();

private:
  plugins::Provider &provider_;
  NodeAccess &access_;
  std::string cluster_;
  asio::any_io_executor executor_;
  Event wake_;
  std::string dead_node_;
  int exit_code_ = 0;
};

} // namespace ksail
