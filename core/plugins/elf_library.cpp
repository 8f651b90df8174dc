// SPDX-License-Identifier: Apache-2.0
// Formats: System V ABI (gABI) chapters 4 and 5; GNU extensions of the dynamic section: glibc's elf.h.
#include <plugins/elf_library.hpp>

#include <elf.h>
#include <link.h>

#include <cstring>
#include <optional>

namespace ksail::plugins {

namespace {

using Ehdr = ElfW(Ehdr);
using Shdr = ElfW(Shdr);
using Phdr = ElfW(Phdr);
using Sym = ElfW(Sym);
using Dyn = ElfW(Dyn);

constexpr unsigned char native_class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char native_data = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

#if defined(__x86_64__)
constexpr std::uint16_t native_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t native_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t native_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t native_machine = EM_PPC64;
#elif defined(__s390x__)
constexpr std::uint16_t native_machine = EM_S390;
#elif defined(__i386__)
constexpr std::uint16_t native_machine = EM_386;
#elif defined(__arm__)
constexpr std::uint16_t native_machine = EM_ARM;
#else
#error "name this machine's ELF number here and in host_arch()"
#endif

constexpr std::size_t max_symbols = 1u << 20;
constexpr std::size_t max_listed = 4096;

Error broken(const char *what) { return Error(Code::plugin, std::string("its ELF structure is broken: ") + what); }

class Bytes {
public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  std::optional<std::string_view> at(std::uint64_t offset, std::uint64_t length) const {
    if (offset > bytes_.size() || length > bytes_.size() - offset) return std::nullopt;
    return bytes_.substr(offset, length);
  }
  /// A copy: nothing promises alignment.
  template <class T> std::optional<T> get(std::uint64_t offset) const {
    const auto raw = at(offset, sizeof(T));
    if (!raw) return std::nullopt;
    T value;
    std::memcpy(&value, raw->data(), sizeof value);
    return value;
  }
  std::uint64_t size() const { return bytes_.size(); }

private:
  std::string_view bytes_;
};

/// The string at `offset` of a string table, or nothing when it is not inside.
std::optional<std::string> string_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return std::nullopt;
  const auto end = table.find('\0', offset);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(table.substr(offset, end - offset));
}

struct Sections {
  std::vector<Shdr> headers;
  std::string_view names;

  const Shdr *of_type(std::uint32_t type) const {
    for (const auto &s : headers)
      if (s.sh_type == type) return &s;
    return nullptr;
  }
  const Shdr *named(std::string_view name) const {
    for (const auto &s : headers)
      if (string_at(names, s.sh_name) == name) return &s;
    return nullptr;
  }
};

Result<Sections> read_sections(const Bytes &file, const Ehdr &header) {
  Sections sections;
  if (header.e_shoff == 0 || header.e_shnum == 0) return Error(Code::plugin, "it has no section headers");
  if (header.e_shentsize != sizeof(Shdr)) return broken("section headers of an unknown size");
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = file.get<Shdr>(header.e_shoff + i * sizeof(Shdr));
    if (!section || header.e_shoff > file.size()) return broken("section headers lie outside of the file");
    if (section->sh_type != SHT_NOBITS && !file.at(section->sh_offset, section->sh_size))
      return broken("a section lies outside of the file");
    sections.headers.push_back(*section);
  }
  if (header.e_shstrndx >= sections.headers.size()) return broken("there are no section names");
  const auto &names = sections.headers[header.e_shstrndx];
  if (names.sh_type != SHT_STRTAB) return broken("there are no section names");
  sections.names = *file.at(names.sh_offset, names.sh_size);
  return sections;
}

Result<void> read_exports(const Bytes &file, const Sections &sections, ElfLibrary &library) {
  const auto *symbols = sections.of_type(SHT_DYNSYM);
  if (!symbols) return Result<void>();
  if (symbols->sh_link >= sections.headers.size() || sections.headers[symbols->sh_link].sh_type != SHT_STRTAB)
    return broken("the dynamic symbols have no names");
  const auto &strings = sections.headers[symbols->sh_link];
  const auto names = *file.at(strings.sh_offset, strings.sh_size);
  const auto count = symbols->sh_size / sizeof(Sym);
  if (count > max_symbols) return broken("more dynamic symbols than any library has");
  for (std::size_t i = 0; i < count && library.exports.size() < max_listed; ++i) {
    const auto symbol = *file.get<Sym>(symbols->sh_offset + i * sizeof(Sym));
    const auto binding = symbol.st_info >> 4;
    const auto visibility = symbol.st_other & 3;
    if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
    if (visibility != STV_DEFAULT && visibility != STV_PROTECTED) continue;
    if (symbol.st_shndx == SHN_ABS) continue; // the version definitions' own names
    const auto name = string_at(names, symbol.st_name);
    if (!name) return broken("a dynamic symbol's name lies outside of the names");
    library.exports.push_back(*name);
  }
  return Result<void>();
}

Result<void> read_dynamic(const Bytes &file, const Sections &sections, ElfLibrary &library) {
  const auto *dynamic = sections.of_type(SHT_DYNAMIC);
  if (!dynamic) return Error(Code::plugin, "it has no dynamic section");
  if (dynamic->sh_link >= sections.headers.size() || sections.headers[dynamic->sh_link].sh_type != SHT_STRTAB)
    return broken("the dynamic section has no strings");
  const auto &strings = sections.headers[dynamic->sh_link];
  const auto table = *file.at(strings.sh_offset, strings.sh_size);
  for (std::size_t i = 0; i < dynamic->sh_size / sizeof(Dyn) && i < max_listed; ++i) {
    const auto entry = *file.get<Dyn>(dynamic->sh_offset + i * sizeof(Dyn));
    const auto value = static_cast<std::uint64_t>(entry.d_un.d_val);
    if (entry.d_tag == DT_NULL) break;
    switch (entry.d_tag) {
    case DT_NEEDED:
    case DT_RPATH:
    case DT_RUNPATH: {
      const auto text = string_at(table, value);
      if (!text) return broken("a string of the dynamic section lies outside of the strings");
      (entry.d_tag == DT_NEEDED ? library.needed : library.runpaths).push_back(*text);
      break;
    }
    case DT_BIND_NOW:
      library.bind_now = true;
      break;
    case DT_TEXTREL:
      library.text_relocations = true;
      break;
    case DT_FLAGS:
      library.bind_now = library.bind_now || (value & DF_BIND_NOW) != 0;
      library.text_relocations = library.text_relocations || (value & DF_TEXTREL) != 0;
      break;
    case DT_FLAGS_1:
      library.bind_now = library.bind_now || (value & DF_1_NOW) != 0;
      library.no_delete = library.no_delete || (value & DF_1_NODELETE) != 0;
      break;
    default:
      break;
    }
  }
  return Result<void>();
}

Result<void> read_stack(const Bytes &file, const Ehdr &header, ElfLibrary &library) {
  if (header.e_phnum != 0 && header.e_phentsize != sizeof(Phdr)) return broken("program headers of an unknown size");
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.get<Phdr>(header.e_phoff + i * sizeof(Phdr));
    if (!segment || header.e_phoff > file.size()) return broken("program headers lie outside of the file");
    if (segment->p_type == PT_GNU_STACK && (segment->p_flags & PF_X) != 0) library.executable_stack = true;
  }
  return Result<void>();
}

Result<void> read_note(const Bytes &file, const Sections &sections, ElfLibrary &library) {
  const auto *section = sections.named(".note.ksail");
  if (!section) return Result<void>();
  constexpr std::string_view owner("ksail\0", 6);
  constexpr std::size_t owner_padded = 8;
  using Nhdr = ElfW(Nhdr);
  const auto note = section->sh_type == SHT_NOTE ? file.get<Nhdr>(section->sh_offset) : std::nullopt;
  if (!note || section->sh_size < sizeof(Nhdr) + owner_padded || note->n_namesz != owner.size() ||
      *file.at(section->sh_offset + sizeof(Nhdr), owner.size()) != owner ||
      note->n_descsz > section->sh_size - sizeof(Nhdr) - owner_padded)
    return broken("the note .note.ksail is malformed");
  library.note = *file.at(section->sh_offset + sizeof(Nhdr) + owner_padded, note->n_descsz);
  library.has_note = true;
  return Result<void>();
}

} // namespace

Result<ElfLibrary> read_elf_library(std::string_view bytes) {
  const Bytes file(bytes);
  if (bytes.substr(0, SELFMAG) != std::string_view(ELFMAG, SELFMAG))
    return Error(Code::plugin, "it is not an ELF file");
  const auto header = file.get<Ehdr>(0);
  if (!header) return broken("the header is cut off");
  if (header->e_ident[EI_CLASS] != native_class || header->e_ident[EI_DATA] != native_data ||
      header->e_machine != native_machine)
    return Error(Code::plugin, "it was built for another architecture (ELF machine " +
                                   std::to_string(header->e_machine) + ", this host is " +
                                   std::to_string(native_machine) + ")");
  if (header->e_type != ET_DYN) return Error(Code::plugin, "it is an ELF file, but no shared library");
  const auto sections = read_sections(file, *header);
  if (!sections) return sections.error();
  ElfLibrary library;
  for (const auto &step : {read_exports(file, *sections, library), read_dynamic(file, *sections, library),
                           read_stack(file, *header, library), read_note(file, *sections, library)})
    if (!step) return step.error();
  return library;
}

} // namespace ksail::plugins
