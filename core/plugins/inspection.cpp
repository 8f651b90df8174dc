// SPDX-License-Identifier: Apache-2.0
#include <plugins/inspection.hpp>

#include <plugins/elf_library.hpp>
#include <plugins/text.hpp>

#include <ksail/abi.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace ksail::plugins {

namespace {

constexpr std::string_view entry_symbol = KSAIL_ENTRY_SYMBOL;

std::string package_hint(const std::string &id) {
  return "install a matching version of the plugin (package ksail-plugin-" + id + ")";
}

std::string sha256_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[digest[i] >> 4];
    hex += digits[digest[i] & 15];
  }
  return hex;
}

/// Three numbers; what follows them (a pre-release mark) does not count. Nothing when `text` starts otherwise.
std::optional<std::array<unsigned, 3>> version_numbers(std::string_view text) {
  std::array<unsigned, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (parsed.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return numbers;
}

Result<void> check_requires(const Manifest &m, const std::string &subject) {
  if (m.requires_ksail.empty()) return Result<void>();
  std::string_view wanted = m.requires_ksail;
  const auto mine = version_numbers(KSAIL_VERSION);
  const bool at_least = wanted.starts_with(">=");
  if (at_least) wanted.remove_prefix(2);
  while (wanted.starts_with(' '))
    wanted.remove_prefix(1);
  const auto needed = at_least ? version_numbers(wanted) : std::nullopt;
  if (!needed)
    return Error(Code::plugin,
                 subject + " requires ksail \"" + clean_text(m.requires_ksail) +
                     "\", which is not of the form \">=1.2.3\"",
                 package_hint(m.id));
  if (*mine < *needed)
    return Error(Code::plugin, subject + " requires ksail " + m.requires_ksail + ", this is ksail " KSAIL_VERSION,
                 "update the package ksail, or install an older version of ksail-plugin-" + m.id);
  return Result<void>();
}

class Checks {
public:
  explicit Checks(Inspection &inspection) : inspection_(inspection) {}
  /// False when it failed.
  bool add(const char *name, const Result<void> &outcome, std::string fine) {
    VerifyCheck check;
    check.name = name;
    check.ok = outcome.has_value();
    check.message = outcome ? std::move(fine) : outcome.error().message;
    if (!outcome) check.hint = outcome.error().hint;
    if (!outcome && !inspection_.refusal) inspection_.refusal = outcome.error();
    inspection_.checks.push_back(std::move(check));
    return outcome.has_value();
  }
  /// A failure here is told, but does not keep the plugin from being loaded.
  void advise(const char *name, bool ok, std::string message, std::string hint) {
    VerifyCheck check;
    check.name = name;
    check.ok = ok;
    check.message = std::move(message);
    if (!ok) check.hint = std::move(hint);
    inspection_.checks.push_back(std::move(check));
  }

private:
  Inspection &inspection_;
};

std::string listed(const std::vector<std::string> &names) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < shown; ++i)
    text += (i ? ", " : "") + clean_text(names[i], 128);
  if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

/// What the library's own bytes say.
void check_elf(const Manifest &m, const Found &found, const ElfLibrary &elf, const std::string &subject,
               Checks &checks) {
  Result<void> outcome;
  if (!elf.runpaths.empty())
    outcome = Error(Code::plugin, subject + " brings its own library search path: " + listed(elf.runpaths),
                    "link it without -rpath (ksail_add_plugin does)");
  checks.add("search path", outcome, "none of its own");

  outcome = Result<void>();
  if (std::find(elf.exports.begin(), elf.exports.end(), entry_symbol) == elf.exports.end())
    outcome = Error(Code::plugin,
                    subject + " does not export " + std::string(entry_symbol) + ": it has no entry for plugin ABI " +
                        abi_text(KSAIL_ABI_MAJOR, KSAIL_ABI_MINOR),
                    package_hint(m.id) + "; authors: KSAIL_PROVIDER_PLUGIN defines the entry");
  checks.add("entry", outcome, std::string(entry_symbol));

  outcome = Result<void>();
  if (!elf.has_note)
    outcome = Error(Code::plugin, subject + " has no manifest inside (ELF note .note.ksail)",
                    "build it with ksail_add_plugin, which embeds the manifest");
  else if (const auto beside = TrustedFile::open(found.manifest_path, "plugin manifest"); !beside)
    outcome = beside.error();
  else if (!same_manifest(beside->bytes(), elf.note))
    outcome = Error(Code::plugin, subject + " was built with another manifest than " + found.manifest_path.string(),
                    "install both files from the same package version (ksail-plugin-" + m.id + ")");
  checks.add("note", outcome, "equals the manifest");

  const bool one = elf.exports.size() == 1;
  checks.advise("exports", one,
                one ? "only its entry" : std::to_string(elf.exports.size()) + " symbols: " + listed(elf.exports),
                "authors: ksail_add_plugin's version script keeps everything else inside");
  std::string linking;
  if (!elf.bind_now) linking += "lazy binding; ";
  if (!elf.no_delete) linking += "can be unloaded; ";
  if (elf.text_relocations) linking += "text relocations; ";
  if (elf.executable_stack) linking += "executable stack; ";
  if (!linking.empty()) linking.resize(linking.size() - 2);
  const bool well_linked = linking.empty();
  checks.advise("linking", well_linked, well_linked ? "bound at load, never unloaded" : linking,
                "authors: ksail_add_plugin links with -z now -z nodelete");
}

} // namespace

std::string abi_text(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

Result<void> check_abi(const AbiVersion &abi, const std::string &subject, const std::string &id) {
  const std::string ours = abi_text(KSAIL_ABI_MAJOR, KSAIL_ABI_MINOR);
  if (abi.major != KSAIL_ABI_MAJOR)
    return Error(Code::plugin,
                 subject + " was built for plugin ABI " + abi_text(abi.major, abi.minor) + ", this ksail has " + ours,
                 abi.major > KSAIL_ABI_MAJOR ? "update the package ksail, or install a version of ksail-plugin-" + id +
                                                   " for plugin ABI " + std::to_string(KSAIL_ABI_MAJOR)
                                             : "update the package ksail-plugin-" + id);
  if (abi.min_host_minor > KSAIL_ABI_MINOR)
    return Error(Code::plugin,
                 subject + " (plugin ABI " + abi_text(abi.major, abi.minor) + ") needs a host with plugin ABI " +
                     abi_text(abi.major, abi.min_host_minor) + " or newer, this ksail has " + ours,
                 "update the package ksail, or install an older version of ksail-plugin-" + id);
  return Result<void>();
}

Found read_manifest(const std::filesystem::path &manifest, const std::filesystem::path &libraries) {
  Found found;
  found.manifest_path = manifest;
  const auto file = TrustedFile::open(manifest, "plugin manifest");
  if (!file) {
    found.manifest = file.error();
    return found;
  }
  found.manifest = parse_manifest(file->bytes(), manifest.string());
  if (!found.manifest) return found;
  if (found.manifest->id != manifest.stem().string()) {
    found.manifest = Error(Code::plugin,
                           "plugin manifest " + manifest.string() + ": describes the plugin \"" + found.manifest->id +
                               "\", so its name has to be " + found.manifest->id + ".json",
                           "rename the file, or reinstall the plugin");
    return found;
  }
  found.library_path = libraries / found.manifest->library;
  return found;
}

Inspection inspect(const Found &found) {
  Inspection inspection;
  Checks checks(inspection);
  const Manifest &m = *found.manifest;
  const std::string subject = "plugin " + m.id + " (" + found.library_path.string() + ")";
  checks.add("manifest", Result<void>(), found.manifest_path.string());

  // What the manifest promises comes first: the versions explain best why a library would not do.
  checks.add("abi", check_abi(m.abi, subject, m.id),
             abi_text(m.abi.major, m.abi.minor) + ", the host has " + abi_text(KSAIL_ABI_MAJOR, KSAIL_ABI_MINOR));
  Result<void> outcome;
  if (m.arch != host_arch())
    outcome = Error(Code::plugin,
                    subject + " was built for " + clean_text(m.arch) + ", this host is " + std::string(host_arch()),
                    package_hint(m.id) + " for this architecture");
  checks.add("architecture", outcome, m.arch);
  checks.add("requires", check_requires(m, subject),
             m.requires_ksail.empty() ? "any ksail" : "ksail " + m.requires_ksail);

  auto library = TrustedFile::open(found.library_path, "plugin library");
  if (!library) {
    Error why = library.error();
    why.code = Code::plugin;
    checks.add("library", std::move(why).in("plugin " + m.id), "");
    return inspection;
  }
  inspection.library = std::move(*library);
  checks.add("library", Result<void>(), inspection.library.path().string() + ", owner and modes are safe");

  if (!m.sha256.empty()) {
    outcome = Result<void>();
    if (const auto sum = sha256_of(inspection.library.bytes()); sum != m.sha256)
      outcome = Error(Code::plugin, subject + " has SHA-256 " + sum + ", its manifest says " + m.sha256,
                      "do not use it; reinstall the package ksail-plugin-" + m.id);
    if (!checks.add("sha256", outcome, m.sha256)) return inspection;
  }
  const auto elf = read_elf_library(inspection.library.bytes());
  outcome = Result<void>();
  if (!elf) {
    Error why = elf.error();
    why.message = subject + " cannot be used: " + why.message;
    why.hint = package_hint(m.id);
    outcome = why;
  }
  if (!checks.add("format", outcome, "ELF shared library")) return inspection;
  check_elf(m, found, *elf, subject, checks);
  return inspection;
}

} // namespace ksail::plugins
