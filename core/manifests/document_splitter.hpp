// SPDX-License-Identifier: Apache-2.0
// Cuts a stream into documents without understanding them, so that memory holds one document and not the file.
//
// "---" at the beginning of a line ends a document wherever it stands, even inside a block scalar (YAML 1.1 §4.3), so
// no parsing is needed to find it. JSON values may follow one another without any marker; they are found by their
// braces.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// One document: text, the number of its first line, and its place in the stream.
struct Document {
  std::string_view text; ///< valid until the next call; begins with its "---" line if it has one
  std::size_t line = 1;
  std::size_t offset = 0; ///< bytes from the beginning of the stream
  bool json = false;      ///< cut out by its braces; what it holds may still be a YAML flow mapping
};

class DocumentSplitter {
public:
  /// Fills up to `size` bytes, gives how many; 0 is the end.
  using Source = std::function<Result<std::size_t>(char *to, std::size_t size)>;

  /// A document larger than this is refused: something like a binary or a log was given by mistake.
  static constexpr std::size_t kMaxDocument = std::size_t{256} << 20U;

  DocumentSplitter(Source source, std::string name) : source_(std::move(source)), name_(std::move(name)) {}

  /// The next document that is not blank; false at the end.
  Result<bool> next(Document &document);
  /// After a document with `json` set that turned out to be no JSON: the same document up to the next "---".
  Result<void> extend(Document &document);

private:
  Result<bool> fill();
  void make_room();
  Result<bool> skip_blank_lines(bool after_json, std::size_t &indentation);
  Result<void> check_text(std::string_view fresh) const;
  Result<std::size_t> find_marker(std::size_t from);
  Result<std::size_t> find_json_end(std::size_t from);
  void consume(std::size_t bytes);
  std::string_view unread() const { return {buffer_.get() + begin_, filled_ - begin_}; }

  Source source_;
  std::string name_;
  std::unique_ptr<char[]> buffer_;
  std::size_t room_ = 0;   ///< bytes of the buffer
  std::size_t filled_ = 0; ///< bytes of the buffer that were read
  std::size_t begin_ = 0;  ///< where what was not given out yet begins
  std::size_t length_ = 0; ///< of the document given out last
  std::size_t line_ = 1;
  std::size_t offset_ = 0;
  bool ended_ = false;
  bool after_json_ = false; ///< the document given out last was cut out by its braces
};

} // namespace ksail::manifests
