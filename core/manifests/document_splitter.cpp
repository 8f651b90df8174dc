// SPDX-License-Identifier: Apache-2.0
#include "manifests/document_splitter.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ksail::manifests {
namespace {

constexpr std::size_t kSmall = std::size_t{64} << 10U; ///< holds most files whole
constexpr std::size_t kRead = std::size_t{1} << 20U;
constexpr std::string_view kMark = "\xEF\xBB\xBF";

bool is_marker_end(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

} // namespace

Result<bool> DocumentSplitter::fill() {
  if (ended_) {
    return false;
  }
  if (filled_ - begin_ > kMaxDocument) {
    const bool one_line = std::memchr(buffer_.get() + begin_, '\n', filled_ - begin_) == nullptr;
    return Error{Code::config,
                 "reading " + name_ + ":" + std::to_string(line_) + ": a single " +
                     (one_line ? "line is longer than " : "document is larger than ") +
                     std::to_string(kMaxDocument >> 20U) + " MiB",
                 "separate documents with lines of three dashes (---), or check that this is a manifest at all"};
  }
  make_room();
  const std::size_t old = filled_;
  auto got = source_(buffer_.get() + old, room_ - old);
  if (got.has_error()) {
    return std::move(got).error();
  }
  filled_ = old + *got;
  ended_ = *got == 0;
  if (auto text = check_text({buffer_.get() + old, *got}); text.has_error()) {
    return std::move(text).error();
  }
  return *got > 0;
}

/// The room grows with the input to kRead and beyond that with the document, and stays: a pipe fills it by small
/// pieces.
void DocumentSplitter::make_room() {
  const std::size_t kept = filled_ - begin_;
  if (begin_ > 0 && begin_ >= kept) {
    std::memcpy(buffer_.get(), buffer_.get() + begin_, kept);
    filled_ = kept;
    begin_ = 0;
  }
  if (room_ > 0 && room_ - filled_ >= std::min(room_ / 4, kRead)) {
    return;
  }
  const std::size_t room = room_ < kRead ? std::max(room_ * 4, kSmall) : kept + std::max(kRead, kept / 2);
  auto larger = std::make_unique_for_overwrite<char[]>(room);
  if (kept > 0) {
    std::memcpy(larger.get(), buffer_.get() + begin_, kept);
  }
  buffer_ = std::move(larger);
  room_ = room;
  filled_ = kept;
  begin_ = 0;
}

/// Told at once and by its name: a reader of YAML would complain about some control character, after reading all of it.
Result<void> DocumentSplitter::check_text(std::string_view fresh) const {
  if (offset_ == 0 && begin_ == 0 && filled_ == fresh.size() &&
      (fresh.starts_with("\xFF\xFE") || fresh.starts_with("\xFE\xFF"))) {
    return Error{Code::config, "reading " + name_ + ": the file is encoded in UTF-16", "save it as UTF-8"};
  }
  if (const auto zero = fresh.find('\0'); zero != std::string_view::npos) {
    const auto line = line_ + static_cast<std::size_t>(std::count(unread().data(), fresh.data() + zero, '\n'));
    return Error{Code::config, "reading " + name_ + ":" + std::to_string(line) + ": it is a binary file, no manifest",
                 "name a file of YAML or JSON"};
  }
  return {};
}

void DocumentSplitter::consume(std::size_t bytes) {
  line_ += static_cast<std::size_t>(std::count(buffer_.get() + begin_, buffer_.get() + begin_ + bytes, '\n'));
  offset_ += bytes;
  begin_ += bytes;
}

/// Where the next "---" line after `from` (counted from the unread part) begins, or the end of the stream.
Result<std::size_t> DocumentSplitter::find_marker(std::size_t from) {
  for (;;) {
    const std::string_view text = unread();
    std::size_t at = text.find("\n---", from);
    while (at != std::string_view::npos && at + 4 < text.size() && !is_marker_end(text[at + 4])) {
      at = text.find("\n---", at + 4);
    }
    if (at != std::string_view::npos && (at + 4 < text.size() || ended_)) {
      return at + 1;
    }
    const std::size_t size = text.size();
    auto more = fill();
    if (more.has_error()) {
      return std::move(more).error();
    }
    if (!*more) {
      if (at != std::string_view::npos) {
        return at + 1;
      }
      return size;
    }
    from = size > 4 ? std::max(from, size - 4) : from;
  }
}

/// Where the brace that closes the first one ends; the end of the stream when nothing closes it.
Result<std::size_t> DocumentSplitter::find_json_end(std::size_t from) {
  std::size_t depth = 0;
  bool in_string = false;
  std::size_t at = from;
  for (;;) {
    const std::string_view text = unread();
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (in_string) {
        if (c == '\\') {
          if (at + 1 == text.size()) {
            break;
          }
          ++at;
        } else if (c == '"') {
          in_string = false;
        }
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        return at + 1;
      } else if (c == '-' && at > 0 && text[at - 1] == '\n' && text.substr(at).starts_with("---")) {
        return at; // no JSON then
      }
    }
    auto more = fill();
    if (more.has_error()) {
      return std::move(more).error();
    }
    if (!*more) {
      return unread().size();
    }
  }
}

/// Passes over the blank lines before what stands first, which belong to nobody, and tells how many blanks stand before
/// it on its own line: those are its indentation. False: there are only blanks left.
Result<bool> DocumentSplitter::skip_blank_lines(bool after_json, std::size_t &indentation) {
  indentation = 0;
  while (offset_ == 0 && unread().size() < kMark.size()) {
    auto more = fill();
    if (more.has_error()) {
      return more;
    }
    if (!*more) {
      break;
    }
  }
  if (offset_ == 0 && unread().starts_with(kMark)) {
    indentation = kMark.size();
  }
  for (;;) {
    const std::string_view text = unread();
    const auto first = std::min(text.find_first_not_of(" \t\r\n", indentation), text.size());
    const bool found = first < text.size();
    const auto newline = text.substr(indentation, first - indentation).rfind('\n');
    std::size_t over = 0;
    if (newline != std::string_view::npos) {
      over = indentation + newline + 1;
      after_json = false;
    } else if (after_json) {
      over = first; // the rest of the line on which a JSON value ends is no indentation
    }
    consume(over);
    indentation = first - over;
    if (found) {
      return true;
    }
    auto more = fill();
    if (more.has_error() || !*more) {
      return more;
    }
  }
}

Result<bool> DocumentSplitter::next(Document &document) {
  consume(length_);
  length_ = 0;
  std::size_t indentation = 0;
  auto any = skip_blank_lines(std::exchange(after_json_, false), indentation);
  if (any.has_error() || !*any) {
    return any;
  }
  // What stands first decides how the end is found.
  const bool json = unread()[indentation] == '{';
  if (json) {
    consume(indentation);
  }
  auto end = json ? find_json_end(0) : find_marker(0);
  if (end.has_error()) {
    return std::move(end).error();
  }
  length_ = *end;
  after_json_ = json;
  document = {{buffer_.get() + begin_, length_}, line_, offset_, json};
  return true;
}

Result<void> DocumentSplitter::extend(Document &document) {
  auto end = find_marker(0);
  if (end.has_error()) {
    return std::move(end).error();
  }
  length_ = *end;
  after_json_ = false;
  document = {{buffer_.get() + begin_, length_}, line_, offset_, false};
  return {};
}

} // namespace ksail::manifests
