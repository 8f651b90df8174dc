// SPDX-License-Identifier: Apache-2.0
#include "manifests/object.hpp"

namespace ksail::manifests {

std::string SourceLocation::describe() const {
  std::string out = file;
  if (line > 0) {
    out += ":" + std::to_string(line);
    if (column > 0) {
      out += ":" + std::to_string(column);
    }
  }
  return out;
}

std::string Object::group() const {
  const auto slash = api_version.find('/');
  return slash == std::string::npos ? std::string{} : api_version.substr(0, slash);
}

std::string Object::version() const {
  const auto slash = api_version.find('/');
  return slash == std::string::npos ? api_version : api_version.substr(slash + 1);
}

std::string Object::describe() const {
  const std::string &what = name.empty() ? generate_name : name;
  return kind + " " + (ns.empty() ? what : ns + "/" + what);
}

} // namespace ksail::manifests
