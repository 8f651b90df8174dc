// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/temporary_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ksail::manifests::kustomize {

Result<std::shared_ptr<const TemporaryDirectory>> TemporaryDirectory::make(const std::string &prefix) {
  std::error_code error;
  auto base = std::filesystem::canonical(std::filesystem::temp_directory_path(error), error);
  auto name = (base / (prefix + "XXXXXX")).string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return Error(Code::permission_denied,
                 "cannot make a temporary directory: " + (error ? error.message() : std::string(std::strerror(errno))),
                 "TMPDIR says where");
  }
  return std::shared_ptr<const TemporaryDirectory>(new TemporaryDirectory(name));
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace ksail::manifests::kustomize
