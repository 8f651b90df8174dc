// SPDX-License-Identifier: Apache-2.0
// Which failures of an apply are worth asking again, and for how long. Pure.
#pragma once

#include <ksail/sdk/result.hpp>

#include <chrono>

namespace ksail {

struct RepeatContext {
  bool namespace_in_set = false;  ///< its Namespace was applied in this run
  bool definition_in_set = false; ///< its CustomResourceDefinition was
  bool waiting = false;           ///< the user waits for readiness anyway
};

/// How long, from the first failure of this kind on, an apply is repeated; 0: not at all. Repeating is safe even when
/// the outcome of the failed request is unknown: applying the same fields as the same manager a second time changes
/// nothing. Creations with generateName are not applies and must not ask.
std::chrono::seconds repeat_for(const Error &error, const RepeatContext &context);

} // namespace ksail
