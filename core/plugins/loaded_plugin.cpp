// SPDX-License-Identifier: Apache-2.0
#include <plugins/loaded_plugin.hpp>

#include <plugins/call_table.hpp>
#include <plugins/text.hpp>

#include <ksail/sdk/detail/abi_read.hpp>

#include <dlfcn.h>

#include <cstring>
#include <memory>
#include <utility>

namespace ksail::plugins {

namespace {

constexpr std::uint32_t largest_table = 64 * 1024;
constexpr std::uint64_t longest_name = 256;

std::string hint_for(const std::string &id) {
  return "install another version of the package ksail-plugin-" + id + ", or report it to the plugin's author";
}

/// Copies a table the plugin handed out, if it can be one at all.
template <class Table>
Result<Table> read_table(const void *given, std::uint32_t needed, const char *name, const std::string &subject,
                         const std::string &id) {
  const auto refuse = [&](const std::string &why) { return Error(Code::plugin, subject + " " + why, hint_for(id)); };
  if (!given) return refuse(std::string("has no ") + name + " table");
  if (reinterpret_cast<std::uintptr_t>(given) % alignof(Table) != 0)
    return refuse(std::string("gives a ") + name + " table at an address where no table can be");
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < needed || size > largest_table)
    return refuse(std::string("gives a ") + name + " table of " + std::to_string(size) + " bytes, plugin ABI " +
                  abi_text(KSAIL_ABI_MAJOR, KSAIL_ABI_MINOR) + " needs at least " + std::to_string(needed));
  return detail::abi_read(static_cast<const Table *>(given));
}

std::string text_of(ksail_str s) {
  if (s.len > longest_name) return "(a text of " + std::to_string(s.len) + " bytes)";
  return clean_text(detail::abi_view(s));
}

#define KSAIL_END_OF(type, member) static_cast<std::uint32_t>(offsetof(type, member) + sizeof(type::member))

} // namespace

LoadedPlugin::LoadedPlugin(std::string id) : id_(std::move(id)), host_(id_) {}

Result<LoadedPlugin *> LoadedPlugin::map(const Found &found, const Inspection &inspection) {
  auto plugin = std::unique_ptr<LoadedPlugin>(new LoadedPlugin(found.manifest->id));
  plugin->subject_ = "plugin " + plugin->id_ + " (" + inspection.library.path().string() + ")";
  // With a hash to keep to, the very file that was hashed is loaded; otherwise the path, which debuggers understand and
  // nobody else may write to.
  const bool pinned = !found.manifest->sha256.empty();
  const std::string path =
      pinned ? "/proc/self/fd/" + std::to_string(inspection.library.descriptor()) : inspection.library.path().string();
  void *const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char *why = ::dlerror();
    return Error(Code::plugin, plugin->subject_ + " cannot be loaded: " + clean_text(why ? why : "unknown reason"),
                 "install what it needs (`ldd " + inspection.library.path().string() +
                     "` lists it), or the package ksail-plugin-" + plugin->id_ + " again");
  }
  // The handle is never closed.
  void *const symbol = ::dlsym(handle, KSAIL_ENTRY_SYMBOL);
  if (!symbol)
    return Error(Code::plugin, plugin->subject_ + " does not export " KSAIL_ENTRY_SYMBOL, hint_for(plugin->id_));
  plugin->entry_fn_ = reinterpret_cast<ksail_plugin_entry_fn>(symbol);
  plugin->number_ = CallTable::instance().add_plugin(*plugin);
  return plugin.release(); // its init() may keep the host's table, whatever comes of it
}

Result<void> LoadedPlugin::initialise(const Manifest &manifest, HostServices &services) {
  host_.attach(services);
  auto outcome = check_and_init(manifest);
  if (!outcome) {
    retire();
    host_.detach();
  }
  return outcome;
}

Result<void> LoadedPlugin::check_and_init(const Manifest &manifest) {
  const std::lock_guard lock(serial_);
  const void *given = entry_fn_();
  // The versions first: a table of another major may be shorter, and then the version explains it.
  const auto head =
      read_table<ksail_entry_1>(given, KSAIL_END_OF(ksail_entry_1, min_host_minor), "root", subject_, id_);
  if (!head) return head.error();
  AbiVersion abi;
  abi.major = head->abi_major;
  abi.minor = head->abi_minor;
  abi.min_host_minor = head->min_host_minor;
  if (const auto usable = check_abi(abi, subject_, id_); !usable) return usable.error();
  const auto entry = read_table<ksail_entry_1>(given, KSAIL_END_OF(ksail_entry_1, shutdown), "root", subject_, id_);
  if (!entry) return entry.error();
  const auto refuse = [&](const std::string &why) { return Error(Code::plugin, subject_ + " " + why, hint_for(id_)); };
  if (abi.major != manifest.abi.major || abi.minor != manifest.abi.minor)
    return refuse("is of plugin ABI " + abi_text(abi.major, abi.minor) + ", its manifest says " +
                  abi_text(manifest.abi.major, manifest.abi.minor));
  if (const auto id = text_of(entry->id); id != manifest.id)
    return refuse("calls itself \"" + id + "\", its manifest says \"" + manifest.id + "\"");
  if (const auto version = text_of(entry->version); version != manifest.version)
    return refuse("is version \"" + version + "\", its manifest says \"" + manifest.version + "\"");
  if (!entry->init || !entry->query_interface || !entry->shutdown)
    return refuse("has a root table without init, query_interface or shutdown");
  entry_ = *entry;
  if (const auto code = entry_.init(host_.table()); code != KSAIL_OK)
    return refuse("could not be initialised (code " + std::to_string(code) + ")");
  const void *const interface = entry_.query_interface(detail::abi_str(KSAIL_PROVIDER_1));
  if (!interface) return refuse("does not have the interface " KSAIL_PROVIDER_1);
  const auto provider =
      read_table<ksail_provider_1>(interface, KSAIL_END_OF(ksail_provider_1, start), KSAIL_PROVIDER_1, subject_, id_);
  if (!provider) return provider.error();
  if (!provider->start) return refuse("has a " KSAIL_PROVIDER_1 " table without start");
  provider_ = *provider;
  return Result<void>();
}

bool LoadedPlugin::start(const ksail_request &request, const ksail_callbacks &callbacks, ksail_op *&op) {
  if (retired_) return false; // before the lock, which a hanging shutdown() holds
  const std::lock_guard lock(serial_);
  if (retired_) return false;
  op = provider_.start(provider_.self, &request, &callbacks);
  return true;
}

std::int32_t LoadedPlugin::shutdown(std::uint64_t grace_ns) {
  const std::lock_guard lock(serial_);
  return entry_.shutdown(grace_ns);
}

} // namespace ksail::plugins
