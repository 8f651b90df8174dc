// SPDX-License-Identifier: Apache-2.0
// Objects that are in the cluster already just as they would be applied: found with one list for many, so that applying
// the same set again asks for little more than what is there.
#pragma once

#include "kubernetes/client.hpp"
#include "orchestrator/object_set.hpp"
#include "orchestrator/workload.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ksail {

/// Lives on the client's executor; what it is made of outlives it. Only where several objects of a kind are in one
/// namespace, and some that are looked at first stand already, is it worth a list; and only as long as that shows
/// mostly what is asked about.
class StandingObjects {
public:
  using Definitions = std::map<std::pair<std::string, std::string>, kubernetes::ResourceInfo>;

  /// What is known of an object that need not be applied.
  struct Found {
    kubernetes::ResourceInfo info;
    std::string ns;
    nlohmann::json
        object; ///< as the server has it, without managedFields; unless readiness is waited for, who it is only
  };

  /// Kinds in `defined` are left out: their definitions may be about to change.
  StandingObjects(kubernetes::Client &client, const ObjectSet &objects, const WorkloadApplyOptions &options,
                  const Definitions &defined);

  /// How many requests look() begins with.
  std::size_t first_requests() const;
  /// Asks. What cannot be told, for whatever reason, is not in it afterwards: nothing of this fails.
  asio::awaitable<Result<void>> look(Deadline deadline);
  bool has(std::size_t i) const { return found_.contains(i); }
  Found take(std::size_t i);

private:
  using Place = std::tuple<std::string, std::string, std::string>; ///< apiVersion, kind, namespace ("": as stated)
  struct Group {
    std::vector<std::size_t> members;
    std::size_t bytes = 0; ///< of their manifests
  };

  struct Home { ///< where a group lives
    kubernetes::ResourceInfo info;
    std::string ns;
  };

  asio::awaitable<Result<void>> look_at(Place place, const Group &group, Deadline deadline);
  /// Asks for a few of the members: whether one of them stands.
  asio::awaitable<Result<void>> sample(const Home &home, const Group &group, Deadline deadline);
  asio::awaitable<Result<void>> read(std::vector<std::size_t> some, const Home &home, Deadline deadline);
  asio::awaitable<Result<void>> list(const Home &home, const Group &group, Deadline deadline);
  void compare(const nlohmann::json &live, std::size_t i, const Home &home);

  kubernetes::Client &client_;
  const ObjectSet &objects_;
  const WorkloadApplyOptions &options_;
  std::string set_; ///< the id of the inventory, or empty
  std::map<Place, Group> groups_;
  std::unordered_map<std::size_t, Found> found_;
};

} // namespace ksail
