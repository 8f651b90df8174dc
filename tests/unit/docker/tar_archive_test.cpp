// SPDX-License-Identifier: Apache-2.0
#include "tar_archive.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using ksail::docker::TarArchive;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Unpacks with the system's tar into a folder of its own.
class Unpacked {
public:
  explicit Unpacked(const std::string &archive) {
    char name[] = "/tmp/ksail-tar-XXXXXX";
    root = ::mkdtemp(name);
    std::ofstream(root / "archive.tar", std::ios::binary) << archive;
    const std::string command = "mkdir " + (root / "out").string() + " && tar -xpf " + (root / "archive.tar").string() +
                                " -C " + (root / "out").string();
    worked = std::system(command.c_str()) == 0;
  }
  ~Unpacked() { fs::remove_all(root); }
  fs::path root;
  bool worked = false;
};

} // namespace

TEST_CASE("an archive unpacks to the same files, modes and links") {
  TarArchive archive(1700000000);
  CHECK(archive.empty());
  archive.add_file("/etc/one", 0600, "first");
  archive.add_file("empty", 0755, "");
  archive.add_file("/var/lib/block", 0644, std::string(512, 'b'));
  archive.add_file("/bin/ary", 0644, std::string("\0\1\2", 3));
  archive.add_symlink("/etc/link", "../etc/one");
  const Unpacked unpacked(std::move(archive).finish());
  REQUIRE(unpacked.worked);
  const auto out = unpacked.root / "out";
  CHECK(read(out / "etc/one") == "first");
  CHECK(fs::status(out / "etc/one").permissions() == fs::perms(0600));
  CHECK(fs::status(out / "empty").permissions() == fs::perms(0755));
  CHECK(fs::file_size(out / "empty") == 0);
  CHECK(read(out / "var/lib/block") == std::string(512, 'b'));
  CHECK(read(out / "bin/ary") == std::string("\0\1\2", 3));
  CHECK(fs::read_symlink(out / "etc/link") == "../etc/one");
}

TEST_CASE("names of any length survive") {
  const auto length = GENERATE(99, 100, 101, 155, 156, 200, 254, 255, 256, 300, 900);
  // Both forms: one that can be split at a slash, and a last component that is too long for ustar.
  std::string deep;
  while (deep.size() < static_cast<std::size_t>(length))
    deep += deep.size() % 50 == 49 ? '/' : 'd';
  if (deep.back() == '/') deep.back() = 'e';
  const std::string flat = "folder/" + std::string(static_cast<std::size_t>(std::min(length, 255)), 'f');
  const std::string target(static_cast<std::size_t>(length), 't');
  TarArchive archive(1700000000);
  archive.add_file(deep, 0644, "deep");
  archive.add_file(flat, 0644, "flat");
  archive.add_symlink("link", target);
  const Unpacked unpacked(std::move(archive).finish());
  INFO(length);
  REQUIRE(unpacked.worked);
  CHECK(read(unpacked.root / "out" / deep) == "deep");
  CHECK(read(unpacked.root / "out" / flat) == "flat");
  CHECK(fs::read_symlink(unpacked.root / "out/link") == target);
}
