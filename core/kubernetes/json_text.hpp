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
///
/// After each { and [ a line is broken: either may turn out to be a key (YAML 1.1, section 8.1.2), so that a parser
/// holds back all that follows on its line, up to 1024 characters, at every level. That is a quarter of the time the
/// server takes to read a Deployment in one line, and half of the memory.
std::string yaml_safe(std::string_view json);

} // namespace ksail::kubernetes
