// SPDX-License-Identifier: Apache-2.0
// JSON text as the API server gets it, without a detour over values: numbers stay as they are written.
#pragma once

#include <cstddef>
#include <optional>
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

/// Where the first member of the "metadata" of an object's JSON begins; nothing when it has none, or an empty one.
std::optional<std::size_t> first_in_metadata(std::string_view json);

} // namespace ksail::kubernetes
