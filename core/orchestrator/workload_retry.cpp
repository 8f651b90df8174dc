// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_retry.hpp"

#include <string_view>

namespace ksail {

std::chrono::seconds repeat_for(const Error &error, const RepeatContext &context) {
  using std::chrono::seconds;
  constexpr seconds never{0}, settling{30}, unlimited{24 * 3600};
  const auto says = [&](std::string_view words) { return error.message.find(words) != std::string::npos; };
  switch (error.code) {
  case Code::resource_exhausted:
    return error.retryable ? unlimited : never;
  case Code::unavailable:
    // A webhook whose pods are only starting: as long as there is time. The server itself: as long as a restart takes.
    return says("webhook") ? unlimited : settling;
  case Code::not_found:
    // The server serves a new kind, and admits into a new namespace, a moment after it has stored them.
    if (context.definition_in_set && (says("could not find the requested resource") || says("page not found")))
      return settling;
    return context.namespace_in_set && says("namespaces \"") ? settling : never;
  case Code::failed_precondition:
    if (!error.retryable) return never;
    return context.waiting ? unlimited : settling;
  case Code::aborted:
    return error.retryable ? settling : never; // a conflict of versions, not of owners
  default:
    return error.retryable ? settling : never;
  }
}

} // namespace ksail
