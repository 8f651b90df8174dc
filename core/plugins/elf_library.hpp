// SPDX-License-Identifier: Apache-2.0
// What a shared library says about itself, read from its bytes without loading it.
//
// Boost.DLL's library_info is not used for this: it allocates whatever sizes the file states, which a broken file makes
// gigabytes, lists the symbol table that strip removes instead of what is exported, and gives neither the contents of
// sections nor the dynamic section.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::plugins {

struct ElfLibrary {
  std::vector<std::string> exports;  ///< dynamic symbols it defines
  std::vector<std::string> needed;   ///< DT_NEEDED
  std::vector<std::string> runpaths; ///< DT_RPATH and DT_RUNPATH, as written
  std::string note;                  ///< the manifest embedded in .note.ksail; empty when there is none
  bool has_note = false;
  bool bind_now = false;
  bool no_delete = false;
  bool text_relocations = false;
  bool executable_stack = false;
};

/// Reads a 64-bit ELF shared library of this machine's kind. Every offset and count is checked against `bytes`.
/// The failure (Code::plugin) says what is wrong, without naming the file.
Result<ElfLibrary> read_elf_library(std::string_view bytes);

} // namespace ksail::plugins
