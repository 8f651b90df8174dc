// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_wait_applied.hpp"

#include "kubernetes/json_field.hpp"
#include "orchestrator/workload_await.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace ksail {

using manifests::Object;
using nlohmann::json;

AppliedWait::AppliedWait(kubernetes::Client &client, asio::any_io_executor ex, const ObjectSet &objects,
                         const WorkloadApplyOptions &options, const ApplyOrder &order, Deadline deadline)
    : client_(client), executor_(std::move(ex)), objects_(objects), options_(options), deadline_(deadline),
      claims_(client) {
  for (const auto &step : order.steps)
    for (const auto &edge : step.after)
      if (edge.need == ApplyStep::Need::ready) awaited_.insert(edge.on);
}

void AppliedWait::begin() {
  watch_.emplace(client_, executor_, deadline_, options_.timeout);
  std::map<std::pair<std::string, std::string>, std::set<std::string>> namespaces;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    if (!is_needed(i)) continue;
    const Object object = objects_.head(i);
    const std::string ns = object.ns.empty() ? options_.default_namespace : object.ns;
    namespaces[{object.api_version, object.kind}].insert(ns);
    watch_->expect(object.kind, ns, object.name);
    watch_->expect(object.kind, "", object.name); // should it be cluster-scoped
  }
  for (const auto &[kind, in] : namespaces)
    if (in.size() > namespaces_per_watch) wide_.insert(kind);
}

asio::awaitable<Result<void>> AppliedWait::wait(std::size_t i, const Written &applied) {
  const Object object = objects_.head(i);
  if (object.name.empty() && !applied.name.empty()) watch_->expect(applied.info.kind, applied.ns, applied.name);
  ReadinessWatch::Wanted wanted;
  wanted.info = applied.info;
  wanted.ns = applied.ns;
  wanted.name = applied.name;
  wanted.title = object.describe();
  wanted.wide = wide_.contains({object.api_version, object.kind});
  const json metadata = field(*applied.answer, "metadata");
  if (const auto generation = metadata.find("generation");
      generation != metadata.end() && generation->is_number_integer())
    wanted.hints.generation = generation->get<std::int64_t>();
  if (applied.info.kind == "PersistentVolumeClaim" && applied.info.group.empty())
    wanted.hints.claim_waits_for_pod = co_await claims_.waits_for_pod(*applied.answer, deadline_);
  // Often the answer of the apply is all that is needed.
  const ReadinessVerdict now = assess_readiness(*applied.answer, wanted.hints);
  if (now.state == Readiness::ready) co_return Result<void>();
  Result<void> waited = co_await watch_->wait(std::move(wanted));
  co_return waited;
}

} // namespace ksail
