// SPDX-License-Identifier: Apache-2.0
// What differs between two states of an object, for people: without what only the server writes, and without secrets.
// Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ksail::kubernetes {

/// Unified diff of the two as YAML; null is an object that is not there. Left out: status, managedFields and what the
/// server counts (resourceVersion, uid, generation, creationTimestamp). The values of Secrets become "***", and
/// "*** (before)" and "*** (after)" where they differ. Empty when nothing is left that differs.
std::string object_difference(nlohmann::json live, nlohmann::json merged);

/// "apps.v1.Deployment.shop.web": what the heading lines name, and kubectl its files.
std::string difference_name(const nlohmann::json &object);

} // namespace ksail::kubernetes
