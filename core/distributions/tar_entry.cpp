// SPDX-License-Identifier: Apache-2.0
#include "distributions/tar_entry.hpp"

#include <algorithm>
#include <cstdlib>

namespace ksail {

namespace {

constexpr std::size_t block = 512;

std::string_view field(std::string_view header, std::size_t at, std::size_t size) {
  std::string_view text = header.substr(at, size);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

} // namespace

std::optional<std::string> tar_entry(std::string_view archive, std::string_view name) {
  while (archive.size() >= block) {
    const std::string_view header = archive.substr(0, block);
    const std::string_view entry = field(header, 0, 100);
    if (entry.empty()) return std::nullopt; // the end of the archive is blocks of zeros
    const std::string size_text(field(header, 124, 12));
    const std::size_t size = std::strtoull(size_text.c_str(), nullptr, 8);
    const char type = header[156];
    if (size > archive.size() - block) return std::nullopt;
    if (entry == name && (type == '0' || type == '\0')) return std::string(archive.substr(block, size));
    const std::size_t padded = (size + block - 1) / block * block;
    archive.remove_prefix(std::min(archive.size(), block + padded));
  }
  return std::nullopt;
}

} // namespace ksail
