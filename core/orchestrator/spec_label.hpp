// SPDX-License-Identifier: Apache-2.0
// What a cluster was created as, on the label ksail.spec of its nodes: a node that is added later has to be like those
// that are there. Holds no secrets. Pure.
#pragma once

#include "distributions/cluster_spec.hpp"

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>

namespace ksail {

inline constexpr const char *label_spec = "ksail.spec";

std::string spec_text(const ClusterSpec &spec);
/// Members that are missing keep their defaults, unknown ones are ignored: the label may be of another release.
Result<ClusterSpec> parse_spec(std::string_view text);

} // namespace ksail
