// SPDX-License-Identifier: Apache-2.0
// The objects of several inputs as one set. Memory holds some ten bytes for each; who they are and where they stand is
// in a nameless temporary file once they are many, and what they say is read again when it is needed, from the file it
// came from or, for what cannot be read twice, from another temporary file.
#pragma once

#include "manifests/object.hpp"
#include "manifests/reader.hpp"
#include "manifests/spool.hpp"
#include "orchestrator/identity_index.hpp"

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksail {

/// Not thread-safe. An object is the same as another when group, kind, namespace and name are; the version does not
/// matter, and of kinds known to be cluster-scoped neither does the namespace. Said twice with the same content it is
/// kept once; with differing content it is a failure that names both places, unless the last one wins.
class ObjectSet {
public:
  /// `default_namespace` is that of namespaced objects without one; it only decides what is the same.
  explicit ObjectSet(std::string default_namespace = "default", bool last_wins = false);

  /// A file, or "-" for standard input. Pipes and the like are kept while they are read.
  Result<void> add_file(const std::string &path);
  /// The *.yaml, *.yml and *.json of a directory, and with `recursive` of all below.
  Result<void> add_directory(const std::string &path, bool recursive);
  /// A text that is in no file, such as what a web server sent; it is kept. `name` is for messages.
  Result<void> add_text(const std::string &name, std::string_view text);
  /// What is in memory only; its content is put away.
  Result<void> add(manifests::Object object);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Everything but the content. Throws when the temporary file cannot be read any more.
  manifests::Object head(std::size_t i) const;
  /// With its content. Fails when its file is not what it was when the set was read.
  Result<manifests::Object> read(std::size_t i) const;
  /// Bytes of its text.
  std::size_t length(std::size_t i) const { return entry(i).length; }
  /// Whether the object has the annotation config.kubernetes.io/depends-on, or something that looks like it.
  bool may_state_dependencies(std::size_t i) const;
  /// How many objects were there already, with the same content.
  std::size_t repeated() const { return repeated_; }

private:
  struct Entry { // as it stands in the temporary file
    std::uint64_t offset = 0;
    std::uint64_t name = 0; ///< where it begins in names_
    std::uint32_t length = 0;
    std::uint32_t ns = 0;
    std::uint32_t source = 0;
    std::uint32_t line = 0;
    std::uint16_t name_length = 0;
    std::uint16_t type = 0;
    std::uint16_t column : 6 = 0;
    std::uint16_t lines_in : 7 = 0;  ///< from the document's first line (`line`) to the object's own
    std::uint16_t put_away : 1 = 0;  ///< as JSON in put_away_; else a document of its source
    std::uint16_t generated : 1 = 0; ///< the name is a prefix
    std::uint16_t states_dependencies : 1 = 0;
  };
  struct Type {
    std::string api_version, kind;
    std::uint32_t family = 0; ///< the same for all versions of a group's kind
    bool cluster_scoped = false;
  };
  struct Source {
    std::string name;
    bool kept = false; ///< in kept_, at `begin`
    std::size_t begin = 0;
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t changed_ns = 0;
  };

  Result<void> add_descriptor(int fd, const std::string &path);
  Result<void> add_bytes(Source source, const manifests::ByteSource &bytes);
  Result<void> add_placed(manifests::Object object, const manifests::Place *place, std::uint32_t source);
  Result<void> same_again(std::size_t known, Entry entry, const manifests::Object &object);
  Result<Entry> stored(std::size_t i) const;
  Entry entry(std::size_t i) const; ///< or throws
  Result<std::uint16_t> type_of(const manifests::Object &object);
  std::uint32_t namespace_of(const std::string &ns);
  std::uint64_t hash(const Entry &entry, std::string_view name) const;
  std::uint32_t identity_namespace(const Entry &entry) const;
  Result<std::optional<std::uint32_t>> find(std::uint64_t hash, const Entry &entry, std::string_view name) const;
  Result<std::string> bytes_of(const Entry &entry) const;

  std::string default_namespace_;
  bool last_wins_;
  std::size_t size_ = 0;
  mutable manifests::Spool entries_, names_;
  std::vector<Type> types_;
  std::map<std::pair<std::string, std::string>, std::uint16_t> type_index_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> families_;
  std::vector<std::string> namespaces_;
  std::map<std::string, std::uint32_t, std::less<>> namespace_index_;
  std::uint32_t default_ns_ = 0;
  std::vector<Source> sources_;
  IdentityIndex index_;
  std::size_t repeated_ = 0;
  mutable manifests::Spool kept_, put_away_;
  struct OpenFile { ///< the file read last stays open for the next object of it
    int fd = -1;
    std::uint32_t source = 0;
    OpenFile() = default;
    OpenFile(const OpenFile &) = delete;
    OpenFile &operator=(const OpenFile &) = delete;
    ~OpenFile();
  };
  mutable OpenFile open_;
};

} // namespace ksail
