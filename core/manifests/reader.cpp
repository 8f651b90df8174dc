// SPDX-License-Identifier: Apache-2.0
#include "manifests/reader.hpp"

#include "manifests/document_splitter.hpp"
#include "manifests/json.hpp"
#include "manifests/object_builder.hpp"
#include "manifests/yaml_parser.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ksail::manifests {
namespace {

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

bool is_empty(const Node &root) {
  if (!root.is_scalar()) {
    return false;
  }
  const auto resolved = resolve(root, Rules::kubectl);
  return resolved && resolved->type == ScalarType::null;
}

/// Reads everything a splitter gives.
class StreamReader {
public:
  StreamReader(DocumentSplitter &splitter, const std::string &file, const ObjectSink &sink)
      : splitter_(splitter), file_(file), sink_(sink) {}

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
        return emit(*root, document);
      }
      arena_.reset();
      if (auto r = splitter_.extend(document); r.has_error()) {
        return r;
      }
    } else if (Node *root = parse_block_document(document.text, arena_, document.line)) {
      return emit(*root, document);
    }
    arena_.reset();
    YamlParser parser(document.text, document.line);
    for (;;) {
      Node *root = nullptr;
      if (const auto error = parser.next(arena_, root)) {
        return reading_error(file_, document.text, document.line, *error);
      }
      if (root == nullptr) {
        return {};
      }
      if (auto r = emit(*root, document); r.has_error()) {
        return r;
      }
    }
  }

  Result<void> emit(Node &root, const Document &document) {
    return is_empty(root) ? Result<void>{} : emit_objects(arena_, root, file_, document.text, document.line, sink_);
  }

  DocumentSplitter &splitter_;
  const std::string &file_;
  const ObjectSink &sink_;
  Arena arena_;
};

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
    return Error{error == ENOENT ? Code::not_found : Code::config, "reading " + path + ": " + reason(error),
                 error == ENOENT ? "check the path; it is taken from the current directory" : ""};
  }
  struct stat info{};
  if (::fstat(in.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Error{Code::config, "reading " + path + ": it is a directory",
                 "a directory with a kustomization.yaml is an overlay (--overlay-path)"};
  }
  DocumentSplitter splitter(
      [&](char *to, std::size_t size) -> Result<std::size_t> {
        for (;;) {
          const ssize_t got = ::read(in.get(), to, size);
          if (got >= 0) {
            return static_cast<std::size_t>(got);
          }
          if (errno != EINTR) {
            return Error{Code::config, "reading " + path + ": " + reason(errno)};
          }
        }
      },
      path);
  return StreamReader(splitter, path, sink).run();
}

Result<void> read_text(std::string_view text, const std::string &file, const ObjectSink &sink) {
  DocumentSplitter splitter(
      [&](char *to, std::size_t size) -> Result<std::size_t> {
        const std::size_t n = std::min(size, text.size());
        std::memcpy(to, text.data(), n);
        text.remove_prefix(n);
        return n;
      },
      file);
  return StreamReader(splitter, file, sink).run();
}

Result<void> read_directory(const std::string &path, bool recursive, const ObjectSink &sink) {
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
  for (const auto &file : files) {
    if (auto r = read_file(file, sink); r.has_error()) {
      return r;
    }
  }
  return {};
}

} // namespace ksail::manifests
