// SPDX-License-Identifier: Apache-2.0
// Names for operations that change something.
#pragma once

#include <string>

namespace ksail {

/// Unique enough to tell two operations on one name apart, on one provider, forever.
std::string make_operation_id();

} // namespace ksail
