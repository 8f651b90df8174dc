// SPDX-License-Identifier: Apache-2.0
// How far each object of an ordered set has come, and who may go because of it: the order of workload_order.hpp at
// work.
#pragma once

#include "orchestrator/workload_order.hpp"

#include <ksail/sdk/async.hpp>

#include <cstddef>
#include <vector>

namespace ksail {

/// Lives on one executor. `order` outlives it.
class WorkloadTurns {
public:
  WorkloadTurns(const asio::any_io_executor &ex, const ApplyOrder &order);

  /// Until all that has to come before `i` has come as far as it must, or has failed to; false: cancelled.
  asio::awaitable<bool> wait(std::size_t i);
  /// After wait(): whether what the edge asks for is so. Nothing becomes ready in a dry run; having been tried is
  /// enough.
  bool met(const ApplyStep::Edge &edge, bool dry_run) const;
  bool is_applied(std::size_t i) const { return progress_[i].applied; }

  /// It is in the cluster; those that tried() lets go find it there.
  void applied(std::size_t i) { progress_[i].applied = true; }
  /// Lets those go on that only need it to be in the cluster, or to have been given up. Once is enough.
  void tried(std::size_t i);
  void ready(std::size_t i) { progress_[i].ready = true; }
  /// Nothing more happens to it; includes tried().
  void ended(std::size_t i);

private:
  struct Progress {
    explicit Progress(const asio::any_io_executor &ex) : tried(ex), ended(ex) {}
    Event tried; ///< applied, or given up
    Event ended; ///< and if it had to become ready, that has been decided too
    bool applied = false;
    bool ready = false;
  };
  struct Gate {
    explicit Gate(const asio::any_io_executor &ex) : open(ex) {}
    std::size_t members = 0;
    Event open;
  };

  const ApplyOrder &order_;
  std::vector<Progress> progress_;
  std::vector<Gate> gates_;
};

} // namespace ksail
