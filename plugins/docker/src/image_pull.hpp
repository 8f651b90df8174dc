// SPDX-License-Identifier: Apache-2.0
// What a failed pull means.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string_view>

namespace ksail::docker {

/// `begun`: bytes had come before it failed, so that a repetition may well succeed.
Error pull_error(std::string_view ref, std::string_view reason, bool begun);

} // namespace ksail::docker
