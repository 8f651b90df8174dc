// SPDX-License-Identifier: Apache-2.0
// Would a server-side apply change anything? Found from the object as it is, without asking the server. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace ksail::kubernetes {

/// True only if `field_manager` owns by an earlier apply exactly the fields that `wanted` has, and `live` has all of
/// them with the same values (or has nothing of it, and `wanted` is no more than a name): applying `wanted` would then neither set, add nor remove anything, nor change an owner.
/// `live` is what the server has, read in the version that `wanted` is in. False may also mean that it cannot be told
/// (a quantity that is written differently, a field that the server stores under another name): apply it then.
///
/// What is owned stands in metadata.managedFields, one tree of `f:NAME`, `k:{KEY FIELDS}`, `v:VALUE` for each manager:
/// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management, FieldsV1 in the API reference.
bool stands_as_applied(const nlohmann::json &live, const nlohmann::json &wanted, std::string_view field_manager);

} // namespace ksail::kubernetes
