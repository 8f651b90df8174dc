// SPDX-License-Identifier: Apache-2.0
// The body of an apply request. Pure.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <string>

namespace ksail {

/// The object as it is sent to the API: in namespace `ns` (empty: cluster-scoped, a namespace in the manifest is
/// dropped), without managedFields, creationTimestamp and, for kinds of Kubernetes itself, status (what `kubectl get -o
/// yaml` adds and the server refuses or ignores). Text that needs no change is passed on as it is. With `set` (an
/// ApplySet's id) it gets the label of that set's members; an object that belongs to another set is refused.
Result<std::string> apply_body(const manifests::Object &object, const std::string &ns, const std::string &set = {});

} // namespace ksail
