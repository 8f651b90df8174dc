// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/object_set.hpp"

#include "kubernetes/known_kinds.hpp"
#include "manifests/kustomize/build.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <limits>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ksail {

using manifests::Object;
using manifests::Place;
using nlohmann::json;

namespace {

template <class Record> std::string_view bytes(const Record &record) {
  return {reinterpret_cast<const char *>(&record), sizeof record};
}

constexpr std::string_view depends_on = "config.kubernetes.io/depends-on";

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

std::int64_t nanoseconds(const timespec &t) { return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec; }

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

Result<std::size_t> read_some(int fd, char *to, std::size_t size, const std::string &path) {
  for (;;) {
    const ssize_t got = ::read(fd, to, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return Error(Code::config, "reading " + path + ": " + reason(errno));
  }
}

bool is_kustomization_file(const std::string &path) {
  const auto name = std::filesystem::path(path).filename();
  const auto &names = manifests::kustomize::kustomization_files;
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string overlay_hint(const std::string &file) {
  const auto folder = std::filesystem::path(file).parent_path().string();
  return "a kustomization is built and not applied itself: -k " + (folder.empty() ? "." : folder);
}

} // namespace

ObjectSet::OpenFile::~OpenFile() {
  if (fd >= 0) ::close(fd);
}

ObjectSet::ObjectSet(std::string default_namespace, bool last_wins)
    : default_namespace_(std::move(default_namespace)), last_wins_(last_wins) {
  namespace_of("");
  default_ns_ = namespace_of(default_namespace_);
}

Result<void> ObjectSet::add_file(const std::string &path) {
  const Descriptor in(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) {
    const int error = errno;
    return Error(error == ENOENT ? Code::not_found : Code::config, "reading " + path + ": " + reason(error),
                 error == ENOENT ? "check the path; it is taken from the current directory" : "");
  }
  auto added = add_descriptor(in.get(), path);
  if (!added && added.error().hint.empty() && is_kustomization_file(path)) {
    Error error = std::move(added).error();
    error.hint = overlay_hint(path);
    return error;
  }
  return added;
}

Result<void> ObjectSet::add_text(const std::string &name, std::string_view text) {
  Source source;
  source.name = name;
  source.kept = true;
  return add_bytes(std::move(source), [&text](char *to, std::size_t size) -> Result<std::size_t> {
    const std::size_t n = text.copy(to, size);
    text.remove_prefix(n);
    return n;
  });
}

Result<void> ObjectSet::add_descriptor(int fd, const std::string &path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return Error(Code::config, "reading " + path + ": " + reason(errno));
  if (S_ISDIR(info.st_mode))
    return Error(Code::config, "reading " + path + ": it is a directory",
                 "a directory with a kustomization.yaml is an overlay (--overlay-path)");
  Source source;
  source.name = path;
  source.kept = path == "-" || !S_ISREG(info.st_mode);
  source.device = info.st_dev;
  source.inode = info.st_ino;
  source.size = static_cast<std::uint64_t>(info.st_size);
  source.changed_ns = nanoseconds(info.st_mtim);
  return add_bytes(std::move(source), [&](char *to, std::size_t size) { return read_some(fd, to, size, path); });
}

Result<void> ObjectSet::add_bytes(Source source, const manifests::ByteSource &bytes) {
  source.begin = kept_.size();
  const bool kept = source.kept;
  const std::string name = source.name;
  const auto number = static_cast<std::uint32_t>(sources_.size());
  sources_.push_back(std::move(source));
  const manifests::PlacedSink sink = [&](Object object, const Place &place) {
    return add_placed(std::move(object), &place, number);
  };
  return manifests::read_placed(
      [&](char *to, std::size_t size) -> Result<std::size_t> {
        auto got = bytes(to, size);
        if (!got || !kept) return got;
        auto stored = kept_.append(std::string_view(to, *got));
        if (!stored) return stored.error();
        return got;
      },
      name, sink);
}

Result<void> ObjectSet::add_directory(const std::string &path, bool recursive) {
  auto files = manifests::manifest_files(path, recursive);
  if (!files) return files.error();
  for (const auto &file : *files)
    if (auto added = add_file(file); !added) return added;
  return {};
}

Result<void> ObjectSet::add(Object object) {
  if (sources_.empty() || sources_.back().name != object.where.file) {
    Source source;
    source.name = object.where.file;
    sources_.push_back(std::move(source));
  }
  return add_placed(std::move(object), nullptr, static_cast<std::uint32_t>(sources_.size() - 1));
}

Result<void> ObjectSet::add_placed(Object object, const Place *place, std::uint32_t source) {
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  if (size_ + 1 >= most)
    return Error(Code::resource_exhausted, "there are too many objects for one call", "apply them in several parts");
  if (object.group() == "kustomize.config.k8s.io")
    return Error(Code::config, "reading " + object.where.describe() + ": this is a " + object.kind + ", no object",
                 overlay_hint(object.where.file));
  if (object.name.empty() && object.generate_name.empty())
    return Error(Code::config, "reading " + object.where.describe() + ": this " + object.kind + " has no name",
                 "give it metadata.name, or metadata.generateName for a new one each time");
  Entry entry;
  auto type = type_of(object);
  if (!type) return type.error();
  entry.type = *type;
  entry.ns = namespace_of(object.ns);
  entry.source = source;
  entry.line = static_cast<std::uint32_t>(std::min(object.where.line, most));
  entry.column = std::min<std::size_t>(object.where.column, 63) & 63U;
  entry.generated = object.name.empty();
  entry.states_dependencies = object.json.find(depends_on) != std::string::npos;
  if (place != nullptr && place->alone) {
    entry.offset = place->offset;
    entry.length = static_cast<std::uint32_t>(place->length);
    entry.line = static_cast<std::uint32_t>(place->line);
    entry.lines_in = std::min<std::size_t>(object.where.line - place->line, 127) & 127U;
  } else {
    auto at = put_away_.append(object.json);
    if (!at) return at.error();
    entry.put_away = 1;
    entry.offset = *at;
    entry.length = static_cast<std::uint32_t>(object.json.size());
  }
  const std::string_view name = entry.generated ? object.generate_name : object.name;
  if (name.size() > 65535)
    return Error(Code::config,
                 object.where.describe() + ": the name of this " + object.kind + " has " + std::to_string(name.size()) +
                     " characters",
                 "names have at most 253");
  std::uint64_t key = 0;
  if (!entry.generated) {
    key = hash(entry, name);
    auto known = find(key, entry, name);
    if (!known) return known.error();
    if (*known) return same_again(**known, entry, object);
  }
  entry.name_length = static_cast<std::uint16_t>(name.size());
  auto name_at = names_.append(name);
  if (!name_at) return name_at.error();
  entry.name = *name_at;
  auto at = entries_.append(bytes(entry));
  if (!at) return at.error();
  if (!entry.generated) index_.insert(key, static_cast<std::uint32_t>(size_));
  ++size_;
  return {};
}

Result<void> ObjectSet::same_again(std::size_t known, Entry entry, const Object &object) {
  auto before = read(known);
  if (!before) return before.error();
  if (json::parse(before->json, nullptr, false) == json::parse(object.json, nullptr, false)) {
    ++repeated_;
    return {};
  }
  if (!last_wins_)
    return Error(Code::config,
                 object.describe() + " is given twice and differs: " + before->where.describe() + " and " +
                     object.where.describe(),
                 "remove one of them, or let the later one count with --last-wins");
  auto former = stored(known);
  if (!former) return former.error();
  entry.name = former->name;
  entry.name_length = former->name_length;
  return entries_.overwrite(known * sizeof(Entry), bytes(entry));
}

Result<std::uint16_t> ObjectSet::type_of(const Object &object) {
  const auto [at, is_new] =
      type_index_.try_emplace({object.api_version, object.kind}, static_cast<std::uint16_t>(types_.size()));
  if (!is_new) return at->second;
  if (types_.size() >= std::numeric_limits<std::uint16_t>::max())
    return Error(Code::resource_exhausted, "there are too many different kinds for one call");
  Type type;
  type.api_version = object.api_version;
  type.kind = object.kind;
  type.family =
      families_.try_emplace({object.group(), object.kind}, static_cast<std::uint32_t>(families_.size())).first->second;
  const auto known = kubernetes::known_kind(object.api_version, object.kind);
  type.cluster_scoped = known && !known->namespaced;
  types_.push_back(std::move(type));
  return at->second;
}

std::uint32_t ObjectSet::namespace_of(const std::string &ns) {
  if (const auto known = namespace_index_.find(ns); known != namespace_index_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(namespaces_.size());
  namespaces_.push_back(ns);
  namespace_index_.emplace(ns, number);
  return number;
}

Result<ObjectSet::Entry> ObjectSet::stored(std::size_t i) const {
  auto at = entries_.view(i * sizeof(Entry), sizeof(Entry));
  if (!at) return at.error();
  Entry entry;
  std::memcpy(&entry, at->data(), sizeof(Entry));
  return entry;
}

ObjectSet::Entry ObjectSet::entry(std::size_t i) const {
  auto found = stored(i);
  if (!found) throw std::runtime_error(found.error().message);
  return *found;
}

bool ObjectSet::may_state_dependencies(std::size_t i) const { return entry(i).states_dependencies; }

std::uint32_t ObjectSet::identity_namespace(const Entry &entry) const {
  if (types_[entry.type].cluster_scoped) return 0;
  return entry.ns == 0 ? default_ns_ : entry.ns;
}

std::uint64_t ObjectSet::hash(const Entry &entry, std::string_view name) const {
  const std::uint64_t home = (std::uint64_t{types_[entry.type].family} << 32U) | identity_namespace(entry);
  std::uint64_t h = (std::hash<std::string_view>()(name) ^ home) * 0x9E3779B97F4A7C15U;
  h = (h ^ (h >> 32U)) * 0xD6E8FEB86659FD93U;
  return h ^ (h >> 32U);
}

Result<std::optional<std::uint32_t>> ObjectSet::find(std::uint64_t hash, const Entry &entry,
                                                     std::string_view name) const {
  return index_.find(hash, [&](std::uint32_t number) -> Result<bool> {
    auto other = stored(number);
    if (!other) return other.error();
    if (types_[other->type].family != types_[entry.type].family) return false;
    if (identity_namespace(*other) != identity_namespace(entry)) return false;
    auto other_name = names_.view(other->name, other->name_length);
    if (!other_name) return other_name.error();
    return *other_name == name;
  });
}

Object ObjectSet::head(std::size_t i) const {
  const Entry entry = this->entry(i);
  Object object;
  object.api_version = types_[entry.type].api_version;
  object.kind = types_[entry.type].kind;
  object.ns = namespaces_[entry.ns];
  auto name = names_.view(entry.name, entry.name_length);
  if (!name) throw std::runtime_error(name.error().message);
  (entry.generated ? object.generate_name : object.name) = *name;
  object.where = {sources_[entry.source].name, entry.line + entry.lines_in, entry.column};
  return object;
}

Result<std::string> ObjectSet::bytes_of(const Entry &entry) const {
  const Source &source = sources_[entry.source];
  if (entry.put_away) return put_away_.read(entry.offset, entry.length);
  if (source.kept) return kept_.read(source.begin + entry.offset, entry.length);
  if (open_.fd < 0 || open_.source != entry.source) {
    if (open_.fd >= 0) ::close(open_.fd);
    open_.fd = ::open(source.name.c_str(), O_RDONLY | O_CLOEXEC);
    open_.source = entry.source;
    if (open_.fd < 0) return Error(Code::config, "reading " + source.name + " again: " + reason(errno));
  }
  struct stat info{};
  const bool same = ::fstat(open_.fd, &info) == 0 && info.st_dev == source.device && info.st_ino == source.inode &&
                    static_cast<std::uint64_t>(info.st_size) == source.size &&
                    nanoseconds(info.st_mtim) == source.changed_ns;
  if (!same) return Error(Code::config, source.name + " was changed while it was being applied", "apply it again");
  return manifests::read_range(open_.fd, entry.offset, entry.length, source.name);
}

Result<Object> ObjectSet::read(std::size_t i) const {
  auto entry = stored(i);
  if (!entry) return entry.error();
  auto bytes = bytes_of(*entry);
  if (!bytes) return bytes.error();
  if (!entry->put_away) return manifests::read_document(*bytes, sources_[entry->source].name, entry->line);
  Object object = head(i);
  object.json = std::move(*bytes);
  return object;
}

} // namespace ksail
