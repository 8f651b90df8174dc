// SPDX-License-Identifier: Apache-2.0
// The compact form of OpenAPI schemas that comes with ksail (packaging/schema/kubernetes.txt). Pure.
//
// Lines of text; one that starts with "#" is a comment. The first other line is "kubernetes VERSION". Then, for each
// type:
//
//   NAME WHAT [GROUP/VERSION,KIND]...     WHAT: "fields", or the TYPE it is another name for
//    FIELD[!] TYPE[=DEFAULT]              one line per field, after one space; "!": required
//
//   TYPE   any, object, string, integer, number, boolean, int-or-string, one of them with a format ("integer:int32"),
//   the
//          NAME of a type, {TYPE}: an object of these, [TYPE]: a list; [TYPE]!: one without equal entries,
//          [TYPE]KEY,...: one whose entries differ in these fields
#pragma once

#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace ksail::kubernetes {

struct SchemaText {
  std::string version;     ///< of Kubernetes: "v1.34.2"
  nlohmann::json document; ///< as OpenAPI v2 says it, for OpenApiSchema::add
};

/// Whether a file begins like one: its first line that is no comment.
bool is_schema_text(std::string_view text);
/// `name` is what errors call it.
Result<SchemaText> read_schema_text(std::string_view text, const std::string &name);

} // namespace ksail::kubernetes
