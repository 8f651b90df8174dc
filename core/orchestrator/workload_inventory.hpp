// SPDX-License-Identifier: Apache-2.0
// What was applied before under the same name and is not part of it any more: how `--prune` finds it.
#pragma once

#include "kubernetes/apply_set.hpp"
#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "orchestrator/object_set.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ksail {

/// One inventory during one apply. Lives on the client's executor; the client must outlive it.
class WorkloadInventory {
public:
  /// `tool` is "ksail/1.2".
  WorkloadInventory(kubernetes::Client &client, kubernetes::ApplySetParent parent, std::string tool);

  const kubernetes::ApplySetParent &parent() const { return parent_; }
  /// Reads what was applied before. Fails when the parent cannot be read or is not ours.
  asio::awaitable<Result<void>> open(Deadline deadline);
  /// Before anything is applied: from now on the set may have members of these kinds too. Whatever happens then, the
  /// members can be found.
  asio::awaitable<Result<void>> announce(kubernetes::ApplySetContents now, Deadline deadline);

  struct Leftover {
    manifests::Object object; ///< without content
    std::string uid;
    std::string kept; ///< why it must stay; usually empty
  };
  /// Members whose uid is not among `wanted`, in no particular order.
  asio::awaitable<Result<std::vector<Leftover>>> leftovers(std::set<std::string> wanted, std::size_t concurrency,
                                                           Deadline deadline);
  /// After the leftovers are gone: the set has members of these kinds only.
  asio::awaitable<Result<void>> settle(kubernetes::ApplySetContents now, Deadline deadline);

private:
  asio::awaitable<Result<void>> write(kubernetes::ApplySetContents contents, Deadline deadline);

  kubernetes::Client &client_;
  kubernetes::ApplySetParent parent_;
  std::string tool_;
  kubernetes::ApplySetContents contents_; ///< as the parent says
  bool exists_ = false;
};

/// The kinds and namespaces of a set; what `defined` says of a kind counts before what is known of it.
kubernetes::ApplySetContents
contents_of(const ObjectSet &objects,
            const std::map<std::pair<std::string, std::string>, kubernetes::ResourceInfo> &defined,
            const std::string &default_namespace);

} // namespace ksail
