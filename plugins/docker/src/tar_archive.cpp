// SPDX-License-Identifier: Apache-2.0
#include "tar_archive.hpp"

#include <array>
#include <cstring>

namespace ksail::docker {

namespace {

constexpr std::size_t block = 512;

/// Octal with leading zeros and a NUL at the end of the field.
void put_octal(char *field, std::size_t width, std::uint64_t value) {
  for (std::size_t i = width - 1; i-- > 0;) {
    field[i] = static_cast<char>('0' + (value & 7));
    value >>= 3;
  }
}

void put_text(char *field, std::size_t width, std::string_view text) {
  text.copy(field, width);
}

/// "LENGTH key=value\n", where LENGTH counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t fixed = key.size() + value.size() + 3;
  std::size_t length = fixed + 1;
  while (std::to_string(length).size() + fixed != length)
    length = std::to_string(length).size() + fixed;
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

/// ustar splits long names at a slash into prefix (155) and name (100).
bool split_name(std::string_view path, std::string_view &prefix, std::string_view &name) {
  prefix = {};
  name = path;
  if (path.size() <= 100) return true;
  for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (slash > 155) return false;
    if (path.size() - slash - 1 <= 100 && slash > 0 && slash + 1 < path.size()) {
      prefix = path.substr(0, slash);
      name = path.substr(slash + 1);
      return true;
    }
  }
  return false;
}

constexpr std::uint64_t max_ustar_size = 077777777777;

} // namespace

void TarArchive::add_header(std::string_view name, std::string_view prefix, unsigned mode, char type,
                            std::string_view link, std::uint64_t size) {
  std::array<char, block> header{};
  put_text(header.data(), 100, name);
  put_octal(header.data() + 100, 8, mode & 07777);
  put_octal(header.data() + 108, 8, 0);
  put_octal(header.data() + 116, 8, 0);
  put_octal(header.data() + 124, 12, size);
  put_octal(header.data() + 136, 12, modified_ > 0 ? static_cast<std::uint64_t>(modified_) : 0);
  std::memset(header.data() + 148, ' ', 8);
  header[156] = type;
  put_text(header.data() + 157, 100, link);
  std::memcpy(header.data() + 257, "ustar\00000", 8);
  put_text(header.data() + 265, 32, "root");
  put_text(header.data() + 297, 32, "root");
  put_text(header.data() + 345, 155, prefix);
  unsigned sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  put_octal(header.data() + 148, 7, sum);
  header[155] = ' ';
  bytes_.append(header.data(), header.size());
}

void TarArchive::add_content(std::string_view content) {
  bytes_.append(content);
  bytes_.append((block - content.size() % block) % block, '\0');
}

void TarArchive::add_entry(std::string_view path, unsigned mode, char type, std::string_view link,
                           std::string_view content) {
  while (!path.empty() && path.front() == '/')
    path.remove_prefix(1);
  std::string records;
  std::string_view prefix, name;
  if (!split_name(path, prefix, name)) {
    records += pax_record("path", path);
    prefix = {};
    name = path.substr(0, 100);
  }
  if (link.size() > 100) records += pax_record("linkpath", link);
  if (content.size() > max_ustar_size) records += pax_record("size", std::to_string(content.size()));
  if (!records.empty()) {
    add_header("PaxHeaders/entry", {}, 0644, 'x', {}, records.size());
    add_content(records);
  }
  add_header(name, prefix, mode, type, link.substr(0, 100), content.size() > max_ustar_size ? 0 : content.size());
  add_content(content);
}

void TarArchive::add_file(std::string_view path, unsigned mode, std::string_view content) {
  add_entry(path, mode, '0', {}, content);
}

void TarArchive::add_symlink(std::string_view path, std::string_view target) { add_entry(path, 0777, '2', target, {}); }

std::string TarArchive::finish() && {
  bytes_.append(2 * block, '\0');
  return std::move(bytes_);
}

} // namespace ksail::docker
