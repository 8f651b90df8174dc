// SPDX-License-Identifier: Apache-2.0
#include "manifests/reader.hpp"

#include "manifests/document_splitter.hpp"
#include "manifests/json.hpp"
#include "manifests/object_builder.hpp"
#include "manifests/system_error_text.hpp"
#include "manifests/yaml_parser.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace ksail::manifests {
namespace {

bool is_empty(const Node &root) {
  if (!root.is_scalar()) {
    return false;
  }
  const auto resolved = resolve(root, Rules::kubectl);
  return resolved && resolved->type == ScalarType::null;
}

bool is_list(const Node &root) { return root.find_text("kind").ends_with("List"); }

/// The text of a YAML document as kubectl reads it, line by line: the last line ends like any other, which matters to
/// the block scalar it may belong to, and each document of a stream may begin with a byte order mark of its own.
std::string_view as_lines(std::string_view text, std::string &changed) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const auto first = text.starts_with("---") ? text.find('\n') : std::string_view::npos;
  const bool marked = first != std::string_view::npos && text.substr(first + 1).starts_with(kMark);
  if (text.ends_with('\n') && !marked) {
    return text;
  }
  changed = text;
  if (marked) {
    changed.erase(first + 1, kMark.size());
  }
  if (!changed.ends_with('\n')) {
    changed += '\n';
  }
  return changed;
}

/// What comes next but blanks and comments, at `from` or behind it; the end of the text when there is nothing.
std::size_t skip_blanks(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    if (text[from] == '#') {
      from = std::min(text.find('\n', from), text.size());
    } else if (std::string_view(" \t\r\n").find(text[from]) != std::string_view::npos) {
      ++from;
    } else {
      break;
    }
  }
  return from;
}

/// Reads everything a splitter gives.
class StreamReader {
public:
  StreamReader(DocumentSplitter &splitter, const std::string &file, const PlacedSink &sink)
      : splitter_(splitter), file_(file), sink_(sink) {
    emit_ = [this](Object object) { return sink_(std::move(object), place_); };
  }

  Result<void> run() {
    Document document;
    for (;;) {
      auto more = splitter_.next(document);
      if (more.has_error()) {
        return std::move(more).error();
      }
      if (!*more) {
        return {};
      }
      if (auto r = read(document); r.has_error()) {
        return r;
      }
      arena_.reset();
    }
  }

private:
  Result<void> read(Document &document) {
    if (document.json) {
      std::size_t used = 0;
      if (Node *root = parse_json(document.text, arena_, used, document.line)) {
        return emit(*root, document, true, Numbers::of_json);
      }
      arena_.reset();
      if (auto r = splitter_.extend(document); r.has_error()) {
        return r;
      }
    }
    std::string changed;
    const auto text = as_lines(document.text, changed);
    if (auto done = document.json ? std::nullopt : read_values(document)) {
      return std::move(*done);
    }
    if (Node *root = document.json ? nullptr : parse_block_document(text, arena_, document.line)) {
      return emit(*root, document, true);
    }
    arena_.reset();
    YamlParser parser(text, document.line);
    for (;;) {
      Node *root = nullptr;
      if (const auto error = parser.next(arena_, root)) {
        return reading_error(file_, document.text, document.line, *error);
      }
      if (root == nullptr) {
        return {};
      }
      // A text may hold several documents that no line of dashes separates, and this may be the first of them.
      if (auto r = emit(*root, document, false); r.has_error()) {
        return r;
      }
    }
  }

  /// JSON values one after the other, where the splitter did not look for them: behind a line of dashes or a comment.
  /// kubectl takes them for a stream at the beginning of a file only, and elsewhere drops all but the first without a
  /// word. Nothing when there are not at least two.
  std::optional<Result<void>> read_values(const Document &document) {
    const auto text = document.text;
    std::size_t at = skip_blanks(text, text.starts_with("---") ? 3 : 0);
    std::size_t line = document.line;
    std::size_t counted = 0; ///< to where `line` is right
    for (bool first = true; at < text.size(); first = false) {
      line += static_cast<std::size_t>(std::count(text.data() + counted, text.data() + at, '\n'));
      counted = at;
      std::size_t used = 0;
      Node *root = text[at] == '{' ? parse_json(text.substr(at), arena_, used, line) : nullptr;
      if (root == nullptr && !first) {
        const auto newline = text.rfind('\n', at);
        const auto column = newline == std::string_view::npos ? at : at - newline - 1;
        return reading_error(file_, text, document.line,
                             {line, column + 1, "this is no JSON, and what stands before it is"});
      }
      const std::size_t next = root == nullptr ? text.size() : skip_blanks(text, at + used);
      if (root == nullptr || (first && (next == text.size() || text[next] != '{'))) {
        arena_.reset();
        return std::nullopt;
      }
      if (auto r = emit(*root, document, false, Numbers::of_json); r.has_error()) {
        return r;
      }
      arena_.reset();
      at = next;
    }
    return Result<void>{};
  }

  Result<void> emit(Node &root, const Document &document, bool alone, Numbers numbers = Numbers::of_yaml) {
    if (is_empty(root)) {
      return {};
    }
    place_ = {document.offset, document.text.size(), document.line, alone && !is_list(root)};
    return emit_objects(arena_, root, file_, document.text, document.line, numbers, emit_);
  }

  DocumentSplitter &splitter_;
  const std::string &file_;
  const PlacedSink &sink_;
  ObjectSink emit_;
  Place place_;
  Arena arena_;
};

Result<void> run(ByteSource source, const std::string &file, const PlacedSink &sink) {
  DocumentSplitter splitter(std::move(source), file);
  return StreamReader(splitter, file, sink).run();
}

PlacedSink without_place(const ObjectSink &sink) {
  return [&sink](Object object, const Place &) { return sink(std::move(object)); };
}

/// Closes what open() gave, and leaves standard input open.
class Descriptor {
public:
  explicit Descriptor(const std::string &path)
      : fd_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd_ > STDIN_FILENO) {
      ::close(fd_);
    }
  }
  int get() const { return fd_; }

private:
  int fd_;
};

} // namespace

Result<void> read_file(const std::string &path, const ObjectSink &sink) {
  const Descriptor in(path);
  if (in.get() < 0) {
    const int error = errno;
    return Error{error == ENOENT ? Code::not_found : Code::config, "reading " + path + ": " + system_error_text(error),
                 error == ENOENT ? "check the path; it is taken from the current directory" : ""};
  }
  struct stat info{};
  if (::fstat(in.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Error{Code::config, "reading " + path + ": it is a directory",
                 "a directory with a kustomization.yaml is an overlay (--overlay-path)"};
  }
  return run(
      [&](char *to, std::size_t size) -> Result<std::size_t> {
        for (;;) {
          const ssize_t got = ::read(in.get(), to, size);
          if (got >= 0) {
            return static_cast<std::size_t>(got);
          }
          if (errno != EINTR) {
            return Error{Code::config, "reading " + path + ": " + system_error_text(errno)};
          }
        }
      },
      path, without_place(sink));
}

Result<void> read_placed(ByteSource source, const std::string &file, const PlacedSink &sink) {
  return run(std::move(source), file, sink);
}

Result<Object> read_document(std::string_view text, const std::string &file, std::size_t line) {
  std::optional<Object> found;
  const ObjectSink keep = [&](Object object) -> Result<void> {
    found = std::move(object);
    return {};
  };
  Arena arena;
  std::size_t used = 0;
  const bool json = text.starts_with("{");
  Node *root = json ? parse_json(text, arena, used, line) : nullptr;
  const auto numbers = root != nullptr ? Numbers::of_json : Numbers::of_yaml;
  std::string changed;
  if (root == nullptr) {
    arena.reset();
    root = parse_block_document(as_lines(text, changed), arena, line);
  }
  if (root == nullptr || is_list(*root)) {
    return Error{Code::internal,
                 "reading " + file + ":" + std::to_string(line) + ": it is another document than before"};
  }
  if (auto r = emit_objects(arena, *root, file, text, line, numbers, keep); r.has_error()) {
    return std::move(r).error();
  }
  return std::move(*found);
}

Result<void> read_text(std::string_view text, const std::string &file, const ObjectSink &sink) {
  return run(
      [&](char *to, std::size_t size) -> Result<std::size_t> {
        const std::size_t n = std::min(size, text.size());
        std::memcpy(to, text.data(), n);
        text.remove_prefix(n);
        return n;
      },
      file, without_place(sink));
}

Result<std::vector<std::string>> manifest_files(const std::string &path, bool recursive) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  const auto consider = [&](const fs::directory_entry &entry) {
    const auto extension = entry.path().extension();
    std::error_code ignored;
    if ((extension == ".yaml" || extension == ".yml" || extension == ".json") && !entry.is_directory(ignored)) {
      files.push_back(entry.path().string());
    }
  };
  if (recursive) {
    fs::recursive_directory_iterator it(path, error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      consider(*it);
    }
  } else {
    fs::directory_iterator it(path, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      consider(*it);
    }
  }
  if (error) {
    return Error{error == std::errc::no_such_file_or_directory ? Code::not_found : Code::config,
                 "reading the directory " + path + ": " + error.message()};
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> read_directory(const std::string &path, bool recursive, const ObjectSink &sink) {
  auto files = manifest_files(path, recursive);
  if (files.has_error()) {
    return std::move(files).error();
  }
  for (const auto &file : *files) {
    if (auto r = read_file(file, sink); r.has_error()) {
      return r;
    }
  }
  return {};
}

} // namespace ksail::manifests
