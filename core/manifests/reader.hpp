// SPDX-License-Identifier: Apache-2.0
// Streaming reader of multi-document YAML and JSON, on libyaml events.
//
// Reads as kubectl does: YAML 1.1 scalars, anchors, merge keys, integers of 64 bits kept exact, `List` kinds expanded,
// empty documents skipped, streams of JSON. Stricter on purpose: duplicate keys are refused. Memory is bounded by the
// largest document. Errors are Code::config with file:line:column and the offending line in the message.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <functional>
#include <string>
#include <vector>

namespace ksail::manifests {

/// Receives one object after the other; a failure stops the reading and is returned.
using ObjectSink = std::function<Result<void>(Object)>;

/// Where an object stands in its input, to be read again from there.
struct Place {
  std::size_t offset = 0; ///< of its document, in bytes from the beginning
  std::size_t length = 0;
  std::size_t line = 1; ///< the document's first line
  bool alone = false;   ///< the document holds this object and no other: reading it again gives this one
};
using PlacedSink = std::function<Result<void>(Object, const Place &)>;
/// Fills up to `size` bytes, gives how many; 0 is the end.
using ByteSource = std::function<Result<std::size_t>(char *to, std::size_t size)>;

/// Reads what `source` gives; `file` is what errors name.
Result<void> read_placed(ByteSource source, const std::string &file, const PlacedSink &sink);
/// The object of one document that read_placed() found to be `alone`; `text` are its bytes, `line` its first line.
Result<Object> read_document(std::string_view text, const std::string &file, std::size_t line);
/// The files that read_directory() reads, in its order.
Result<std::vector<std::string>> manifest_files(const std::string &directory, bool recursive);

/// `path` is a file or "-" (standard input).
Result<void> read_file(const std::string &path, const ObjectSink &sink);
/// All *.yaml, *.yml, *.json below a directory, sorted by path; recursive or only its own files.
Result<void> read_directory(const std::string &path, bool recursive, const ObjectSink &sink);
/// Text in memory; `file` is what errors name.
Result<void> read_text(std::string_view text, const std::string &file, const ObjectSink &sink);

} // namespace ksail::manifests
