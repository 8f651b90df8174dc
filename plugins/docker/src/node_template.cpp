// SPDX-License-Identifier: Apache-2.0
#include "node_template.hpp"

#include "subnet.hpp"
#include "tar_archive.hpp"
#include "template_member.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace ksail::docker {

namespace {

using nlohmann::json;

enum class Type { text, texts, flag, text_map, objects, object };

struct Member {
  const char *name;
  Type type;
};

/// Every member a template may have.
constexpr Member members[] = {{"name", Type::text},
                              {"role", Type::text},
                              {"image", Type::text},
                              {"hostname", Type::text},
                              {"entrypoint", Type::texts},
                              {"args", Type::texts},
                              {"env", Type::text_map},
                              {"labels", Type::text_map},
                              {"files", Type::objects},
                              {"ports", Type::objects},
                              {"mounts", Type::objects},
                              {"volumes", Type::texts},
                              {"shared_volumes", Type::objects},
                              {"tmpfs", Type::texts},
                              {"address", Type::text},
                              {"privileged", Type::flag},
                              {"read_only_root", Type::flag},
                              {"init", Type::flag},
                              {"tty", Type::flag},
                              {"cgroup_namespace", Type::text},
                              {"sysctls", Type::text_map},
                              {"devices", Type::texts},
                              {"security_options", Type::texts},
                              {"restart", Type::object},
                              {"resources", Type::object},
                              {"user_data", Type::text},
                              {"health_check", Type::object},
                              {"network_aliases", Type::texts}};

bool all_strings(const json &value) {
  return std::all_of(value.begin(), value.end(), [](const json &v) { return v.is_string(); });
}

bool has_type(const json &value, Type type) {
  switch (type) {
  case Type::text:
    return value.is_string();
  case Type::flag:
    return value.is_boolean();
  case Type::texts:
    return value.is_array() && all_strings(value);
  case Type::text_map:
    return value.is_object() && all_strings(value);
  case Type::objects:
    return value.is_array() && std::all_of(value.begin(), value.end(), [](const json &v) { return v.is_object(); });
  case Type::object:
    return value.is_object();
  }
  return false;
}

/// Collects what is wrong with one template: the first problem wins.
class Checker {
public:
  explicit Checker(std::string subject) : subject_(std::move(subject)) {}
  void refuse(const std::string &reason, const std::string &hint) {
    if (!problem_) problem_ = Error(Code::invalid_argument, subject_ + ": " + reason, hint);
  }
  void only(const json &object, const char *where, std::initializer_list<const char *> known) {
    for (auto entry = object.begin(); entry != object.end(); ++entry)
      if (std::none_of(known.begin(), known.end(), [&](const char *k) { return entry.key() == k; }))
        refuse("unknown member '" + entry.key() + "' in " + where, "");
  }
  /// An integer member within [low, high]; `otherwise` when it is not there.
  std::int64_t number(const json &object, const char *where, const char *name, std::int64_t low, std::int64_t high,
                      std::int64_t otherwise) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return otherwise;
    const std::int64_t value = found->is_number_integer() ? found->get<std::int64_t>() : low - 1;
    if (value < low || value > high) {
      refuse(std::string("'") + name + "' in " + where + " has to be a whole number from " + std::to_string(low) +
                 " to " + std::to_string(high),
             "");
      return otherwise;
    }
    return value;
  }
  void absolute(const std::string &path, const char *where) {
    const bool climbs = path.find("/../") != std::string::npos || path.ends_with("/..");
    if (path.empty() || path.front() != '/' || climbs || path.find('\0') != std::string::npos)
      refuse("'" + path + "' in " + where + " has to be an absolute path without '..'", "");
  }
  const std::optional<Error> &problem() const { return problem_; }

private:
  std::string subject_;
  std::optional<Error> problem_;
};

/// The longest of `mounts` that the path is in; a mount inside of another hides that one.
const std::string *deepest_above(std::string_view path, const std::vector<std::string> &mounts) {
  const std::string *found = nullptr;
  for (const auto &mount : mounts)
    if (is_below(path, mount) && (!found || found->size() < mount.size())) found = &mount;
  return found;
}

void read_files(Checker &check, NodeTemplate &node, const sdk::Request &request) {
  for (const auto &entry : list(node.settings, "files")) {
    check.only(entry, "files", {"path", "mode", "content", "blob", "symlink"});
    PlacedFile file;
    file.path = text_or(entry, "path", "");
    check.absolute(file.path, "files");
    file.mode = static_cast<unsigned>(check.number(entry, "files", "mode", 0, 07777, 0644));
    file.symlink = text_or(entry, "symlink", "");
    file.content = text_or(entry, "content", "");
    if (const std::string blob = text_or(entry, "blob", ""); !blob.empty()) {
      const std::string *bytes = request.blob(blob);
      if (bytes)
        file.content = *bytes;
      else
        check.refuse("the request has no blob '" + blob + "' for " + file.path, "");
    }
    const std::string *volume = deepest_above(file.path, node.volumes);
    const std::string *mount = deepest_above(file.path, node.tmpfs);
    if (mount && (!volume || volume->size() < mount->size()))
      check.refuse("file " + file.path + " would be below the tmpfs " + *mount +
                       ", which is empty when the node starts",
                   "place it elsewhere, or write it with exec once the node runs");
    if (node.read_only_root && !volume)
      check.refuse("file " + file.path + " is in no volume, and the root file system can only be read",
                   "place it in a volume");
    node.files.push_back(std::move(file));
  }
}

void read_ports(Checker &check, NodeTemplate &node) {
  for (const auto &entry : list(node.settings, "ports")) {
    check.only(entry, "ports", {"container", "host", "host_address", "protocol"});
    PublishedPort port;
    port.container = static_cast<int>(check.number(entry, "ports", "container", 1, 65535, 0));
    port.host = static_cast<int>(check.number(entry, "ports", "host", 0, 65535, 0));
    port.chosen = port.host == 0;
    port.host_address = text_or(entry, "host_address", port.host_address);
    port.protocol = text_or(entry, "protocol", port.protocol);
    if (port.container == 0) check.refuse("a port has no 'container'", "");
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
      check.refuse("protocol '" + port.protocol + "' in ports", "use tcp, udp or sctp");
    node.ports.push_back(std::move(port));
  }
}

void check_rest(Checker &check, const NodeTemplate &node) {
  const json &t = node.settings;
  if (!text_or(t, "user_data", "").empty()) check.refuse("containers have no user_data", "place files instead");
  if (!node.address.empty() && !(parse_ipv4_range(node.address) && node.address.find('/') == std::string::npos))
    check.refuse("'" + node.address + "' in address is not an IPv4 address", "");
  for (const auto &mount : list(t, "mounts")) {
    check.only(mount, "mounts", {"source", "target", "options"});
    for (const char *side : {"source", "target"}) {
      check.absolute(text_or(mount, side, ""), "mounts");
      // A bind is written source:target:options.
      if (text_or(mount, side, "").find(':') != std::string::npos) check.refuse("a path in mounts has a ':'", "");
    }
    if (!has_type(list(mount, "options"), Type::texts))
      check.refuse("'options' in mounts has to be an array of strings", "");
  }
  for (const auto &volume : list(t, "shared_volumes")) {
    check.only(volume, "shared_volumes", {"name", "target"});
    check.absolute(text_or(volume, "target", ""), "shared_volumes");
    const std::string name = text_or(volume, "name", "");
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), good))
      check.refuse("'" + name + "' cannot be the name of a shared volume", "use lower case letters, digits and '-'");
  }
  for (const auto &volume : list(t, "volumes")) {
    const auto [target, option] = split_options(volume.get<std::string>());
    check.absolute(target, "volumes");
    if (!option.empty() && option != empty_volume)
      check.refuse("option '" + option + "' in volumes", "the only one is '" + std::string(empty_volume) + "'");
  }
  for (const auto &path : node.tmpfs)
    check.absolute(path, "tmpfs");
  if (const auto found = t.find("restart"); found != t.end() && found->is_object()) {
    check.only(*found, "restart", {"policy", "max_retries"});
    const std::string policy = text_or(*found, "policy", "");
    constexpr std::array known = {"no", "always", "on-failure", "unless-stopped"};
    if (std::find(known.begin(), known.end(), policy) == known.end())
      check.refuse("'" + policy + "' in restart is no policy", "use no, always, on-failure or unless-stopped");
    check.number(*found, "restart", "max_retries", 0, 1000, 0);
  }
  if (const auto found = t.find("resources"); found != t.end() && found->is_object()) {
    check.only(*found, "resources", {"memory_bytes", "cpus"});
    check.number(*found, "resources", "memory_bytes", 0, std::int64_t{1} << 50, 0);
    if (const auto cpus = found->find("cpus"); cpus != found->end() && (!cpus->is_number() || cpus->get<double>() < 0))
      check.refuse("'cpus' in resources has to be a number", "");
  }
  if (const auto found = t.find("health_check"); found != t.end() && found->is_object()) {
    check.only(*found, "health_check", {"argv", "interval_ms", "timeout_ms", "start_period_ms", "retries"});
    if (!has_type(list(*found, "argv"), Type::texts) || list(*found, "argv").empty())
      check.refuse("'argv' in health_check has to be an array of strings", "");
    for (const char *time : {"interval_ms", "timeout_ms", "start_period_ms", "retries"})
      check.number(*found, "health_check", time, 0, 86400000, 0);
  }
}

} // namespace

bool is_below(std::string_view path, std::string_view folder) {
  while (folder.size() > 1 && folder.back() == '/')
    folder.remove_suffix(1);
  if (folder == "/") return true;
  return path.substr(0, folder.size()) == folder && (path.size() == folder.size() || path[folder.size()] == '/');
}

Result<NodeTemplate> parse_node_template(const json &value, const sdk::Request &request) {
  if (!value.is_object())
    return Error(Code::invalid_argument, request.verb + ": every entry of 'nodes' has to be an object");
  NodeTemplate node;
  node.name = text_or(value, "name", "");
  Checker check(request.verb + ": node '" + node.name + "'");
  const auto name_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (node.name.size() < 2 || node.name.front() == '.' || node.name.front() == '-' ||
      !std::all_of(node.name.begin(), node.name.end(), name_char))
    check.refuse("cannot be the name of a container", "use letters, digits, '.', '_' and '-'");
  node.settings = json::object();
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    if (entry->is_null()) continue;
    const auto known =
        std::find_if(std::begin(members), std::end(members), [&](const Member &m) { return entry.key() == m.name; });
    if (known == std::end(members))
      check.refuse("unknown member '" + entry.key() + "'", "this provider cannot give what it asks for");
    else if (!has_type(*entry, known->type))
      check.refuse("member '" + entry.key() + "' has the wrong type", "");
    else
      node.settings[entry.key()] = *entry;
  }
  if (check.problem()) return *check.problem();
  node.role = text_or(node.settings, "role", "");
  node.image = text_or(node.settings, "image", "");
  node.address = text_or(node.settings, "address", "");
  if (node.image.empty()) check.refuse("has no 'image'", "");
  if (const auto found = node.settings.find("labels"); found != node.settings.end()) node.labels = *found;
  for (const auto &entry : list(node.settings, "tmpfs"))
    node.tmpfs.push_back(split_options(entry.get<std::string>()).first);
  for (const auto &entry : list(node.settings, "volumes"))
    node.volumes.push_back(split_options(entry.get<std::string>()).first);
  node.read_only_root = flag(node.settings, "read_only_root");
  read_files(check, node, request);
  read_ports(check, node);
  check_rest(check, node);
  if (check.problem()) return *check.problem();
  // Contents were copied out; a template that may be shown must not hold them.
  node.settings.erase("files");
  return node;
}

std::vector<FileArchive> file_archives(const NodeTemplate &node, std::int64_t modified_unix) {
  std::map<std::string, TarArchive> archives;
  for (const auto &file : node.files) {
    const std::string *volume = node.read_only_root ? deepest_above(file.path, node.volumes) : nullptr;
    const std::string folder = volume ? *volume : "/";
    TarArchive &archive = archives.try_emplace(folder, modified_unix).first->second;
    const std::string path = volume ? file.path.substr(std::min(folder.size(), file.path.size())) : file.path;
    if (file.symlink.empty())
      archive.add_file(path, file.mode, file.content);
    else
      archive.add_symlink(path, file.symlink);
  }
  std::vector<FileArchive> list;
  for (auto &[folder, archive] : archives)
    list.push_back({folder, std::move(archive).finish()});
  return list;
}

} // namespace ksail::docker
