// SPDX-License-Identifier: Apache-2.0
// From the tree of one document to the objects in it: identity, `List` expansion, compact JSON.
#pragma once

#include "manifests/json.hpp"
#include "manifests/reader.hpp"

namespace ksail::manifests {

/// Hands the objects of one document to `sink`. `text` is the document, for the offending line in errors; its first
/// line is `first_line` of `file`. `numbers` says whether it was read as YAML or as JSON.
Result<void> emit_objects(Arena &arena, Node &root, const std::string &file, std::string_view text,
                          std::size_t first_line, Numbers numbers, const ObjectSink &sink);

/// libyaml's words for what stands behind a manifest without a line of dashes before it: kubectl and kustomize drop
/// that without a word. reading_error() says it in its own.
inline constexpr std::string_view kNotSeparated = "did not find expected <document start>";

/// "reading FILE:LINE:COLUMN: message" with the offending line. Values in a line of a Secret are masked.
Error reading_error(const std::string &file, std::string_view text, std::size_t first_line, const SyntaxError &error);

} // namespace ksail::manifests
