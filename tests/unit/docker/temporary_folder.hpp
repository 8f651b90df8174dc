// SPDX-License-Identifier: Apache-2.0
// A folder that goes away with the object, and environment variables that are only what a test says.
#pragma once

#include "client_settings.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace ksail::test {

class TemporaryFolder {
public:
  TemporaryFolder() {
    char name[] = "/tmp/ksail-docker-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  const std::filesystem::path &path() const { return path_; }
  void write(const std::string &name, const std::string &text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

private:
  std::filesystem::path path_;
};

inline docker::Variables variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char *name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

} // namespace ksail::test
