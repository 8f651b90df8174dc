// SPDX-License-Identifier: Apache-2.0
// JSON text that a YAML parser reads as the same value.
#pragma once

#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// The API server reads the body of an apply patch, JSON or not, with a YAML 1.1 parser. JSON is not quite a subset:
/// raw NEL, LS and PS fold into a space, DEL, C1 controls, BOM and U+FFFE/F are refused, and the escapes \/ and
/// surrogate pairs are not known. Writes the former as \u escapes and the latter as the characters themselves. Valid
/// JSON in, equal JSON out.
std::string yaml_safe(std::string_view json);

} // namespace ksail::kubernetes
