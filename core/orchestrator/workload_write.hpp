// SPDX-License-Identifier: Apache-2.0
// One object into the cluster: with patience where repeating helps, never twice blindly, never cut off in the middle.
#pragma once

#include "kubernetes/client.hpp"
#include "orchestrator/object_set.hpp"
#include "orchestrator/workload.hpp"
#include "orchestrator/workload_pace.hpp"
#include "orchestrator/workload_retry.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace ksail {

/// What an object has become in the cluster.
struct Written {
  std::string effect;
  kubernetes::ResourceInfo info;
  std::string ns, name;
  kubernetes::LateJson answer; ///< the object as the server has it
};

/// Lives on the client's executor. A request that was sent is waited for even when the caller is cancelled (for at most
/// request_limit), so that its outcome is known.
class ObjectWriter {
public:
  using Definitions = std::map<std::pair<std::string, std::string>, kubernetes::ResourceInfo>;

  /// Longer than the API server takes for any write (34 s): no answer by then means that none will come.
  static constexpr std::chrono::seconds request_limit{45};

  /// `defined` are kinds whose place in the API is known without asking. All of these outlive the writer.
  ObjectWriter(kubernetes::Client &client, const WorkloadApplyOptions &options, const Definitions &defined, Pace &pace,
               Deadline deadline)
      : client_(client), options_(options), defined_(defined), pace_(pace), deadline_(deadline),
        set_(options.inventory ? options.inventory->id() : std::string()) {}

  /// `turn` is asked before each request whether it may still be sent; its error ends the attempt. Repeats what may
  /// succeed later. After an outcome that is unknown (the connection broke before the answer) the object is read before
  /// it is applied again, and what the lost request did is what is told.
  asio::awaitable<Result<Written>> write(const ObjectSet &objects, std::size_t i, RepeatContext context,
                                         std::function<std::optional<Error>()> turn);
  /// One request that creates the object or does nothing to it, before anything is known of the server. Whatever it
  /// failed of, write() takes the object up from there. `sending` is called when its place in the pace has come.
  asio::awaitable<Result<Written>> create(const ObjectSet &objects, std::size_t i, std::function<void()> sending);
  /// That request may or may not have been carried out.
  bool has_lost(std::size_t i) const { return lost_.contains(i); }

private:
  struct Attempt {
    bool only_create = false;
    std::optional<kubernetes::ResourceInfo> info; ///< once it is known
    std::string ns;
    bool sent = false;                        ///< the latest one got as far as its request
    bool generated = false;                   ///< the server gives it its name
    bool unknown = false;                     ///< a request was lost, and nobody has looked since
    std::optional<Clock::time_point> lost_at; ///< when the first lost request was sent
    std::optional<std::string> lost_effect;   ///< what it turned out to have done
  };
  /// At its place in the pace.
  asio::awaitable<Result<Written>> try_once(const ObjectSet &objects, std::size_t i, Attempt &attempt,
                                            const std::function<std::optional<Error>()> &turn);
  asio::awaitable<Result<Written>> once(const manifests::Object &object, Attempt &attempt);
  asio::awaitable<Result<Written>> create_generated(const manifests::Object &object, Written written);
  /// What the lost request did, in `attempt`.
  asio::awaitable<Result<void>> look(const manifests::Object &object, Attempt &attempt);
  asio::awaitable<Result<Written>> replace(const manifests::Object &object, Written written, std::string body,
                                           Error refused);
  /// A dry run stores nothing, so that versions and times say nothing either: whether `would_be` differs from what is
  /// there is found by reading that.
  asio::awaitable<Result<std::string>> effect_of_trial(std::string path, const nlohmann::json &would_be);
  asio::awaitable<Result<void>> until_gone(const Written &written, Deadline deadline);
  Deadline request_deadline() const { return deadline_.min(Deadline::after(request_limit)); }

  kubernetes::Client &client_;
  const WorkloadApplyOptions &options_;
  const Definitions &defined_;
  Pace &pace_;
  Deadline deadline_;
  std::string set_;                     ///< the id of the inventory, or empty
  std::map<std::size_t, Attempt> lost_; ///< creations whose answer was lost
};

/// Whether a refusal means that a field cannot be changed in place. Pure.
bool refused_as_immutable(const Error &error);

} // namespace ksail
