// SPDX-License-Identifier: Apache-2.0
#include "client_settings.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace ksail::docker {

Variables process_environment() {
  return [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value ? value : "");
  };
}

std::string config_directory(const Variables &variables) {
  if (std::string set = variables("DOCKER_CONFIG"); !set.empty()) return set;
  return variables("HOME") + "/.docker";
}

Result<std::optional<std::string>> read_file_if_there(const std::string &path) {
  struct stat info{};
  std::ifstream file(path, std::ios::binary);
  if (!file || (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))) {
    const int reason = file ? EISDIR : errno;
    if (reason == ENOENT || reason == ENOTDIR) return std::optional<std::string>();
    return Error(reason == EACCES ? Code::permission_denied : Code::internal,
                 "cannot read " + path + ": " + std::strerror(reason));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return std::optional<std::string>(std::move(text).str());
}

Result<nlohmann::json> read_client_config(const Variables &variables) {
  const std::string path = config_directory(variables) + "/config.json";
  auto text = read_file_if_there(path);
  if (!text) return text.error();
  if (!*text) return nlohmann::json::object();
  auto config = nlohmann::json::parse(**text, nullptr, false);
  if (!config.is_object())
    return Error(Code::failed_precondition, "cannot use " + path + ": it is not a JSON object",
                 "repair it, or set DOCKER_CONFIG to another folder");
  return config;
}

} // namespace ksail::docker
