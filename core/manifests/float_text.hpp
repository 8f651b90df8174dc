// SPDX-License-Identifier: Apache-2.0
// Floats as Go writes them.
#pragma once

#include <string>

namespace ksail::manifests {

/// A float as Go's encoding/json writes it: shortest digits, exponent below 1e-6 and from 1e21 on.
std::string format_json_float(double value);
/// Go's FormatFloat(value, 'g', -1, 64), which is also its %v: exponent below 1e-4 and from a million on. Finite
/// values.
std::string format_float(double value);
/// Go's FormatFloat(value, 'g', -1, 32): what a float becomes as a key of a map.
std::string format_key_float(double value);

} // namespace ksail::manifests
