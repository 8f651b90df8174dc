// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"

#include <algorithm>

namespace ksail::timing {

namespace {

/// The span that `span` started after: the last to end among those it names. Where it names none that was recorded (a
/// milestone, or a span of another graph), the last one that had ended when it started.
const Span *predecessor(const std::vector<Span> &spans, const Span &span) {
  const Span *named = nullptr;
  const Span *any = nullptr;
  for (const auto &other : spans) {
    if (&other == &span || !other.end) continue;
    // A successor starts on the same thread that noticed the end, so never before it.
    if (*other.end > span.start || other.start >= span.start) continue;
    if (!any || *other.end > *any->end) any = &other;
    const bool is_named = std::find(span.after.begin(), span.after.end(), other.name) != span.after.end();
    if (is_named && (!named || *other.end > *named->end)) named = &other;
  }
  return named ? named : any;
}

} // namespace

std::vector<Span> critical_path(const std::vector<Span> &spans) {
  const Span *last = nullptr;
  for (const auto &span : spans)
    if (span.end && (!last || *span.end >= *last->end)) last = &span;
  std::vector<Span> path;
  // Every predecessor starts earlier than its successor, so this ends.
  for (const Span *at = last; at; at = predecessor(spans, *at))
    path.push_back(*at);
  std::reverse(path.begin(), path.end());
  return path;
}

} // namespace ksail::timing
