// SPDX-License-Identifier: Apache-2.0
// Streaming reader of multi-document YAML and JSON, on libyaml events.
//
// Reads as kubectl does: YAML 1.1 scalars, anchors, merge keys, big integers kept exact, duplicate keys refused, `List`
// kinds expanded, empty documents skipped. Memory is bounded by the largest document. Errors are Code::config with
// file:line:column and the offending line in the message.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <functional>
#include <string>
#include <vector>

namespace ksail::manifests {

/// Receives one object after the other; a failure stops the reading and is returned.
using ObjectSink = std::function<Result<void>(Object)>;

/// `path` is a file or "-" (standard input).
Result<void> read_file(const std::string &path, const ObjectSink &sink);
/// All *.yaml, *.yml, *.json below a directory, sorted by path; recursive or only its own files.
Result<void> read_directory(const std::string &path, bool recursive, const ObjectSink &sink);
/// Text in memory; `file` is what errors name.
Result<void> read_text(std::string_view text, const std::string &file, const ObjectSink &sink);

} // namespace ksail::manifests
