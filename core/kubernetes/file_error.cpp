// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/file_error.hpp"

#include <cerrno>
#include <system_error>

namespace ksail::kubernetes {

Error file_error(std::string_view attempt, const std::string &path, int error_number) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  Error error(Code::config,
              "cannot " + std::string(attempt) + " " + path + ": " + std::generic_category().message(error_number));
  switch (error_number) {
  case ENOSPC:
  case EDQUOT:
    error.message = "cannot " + std::string(attempt) + " " + path + ": no space left in " + directory;
    error.hint = "free some space there (df -h " + directory + "), or choose another file with --kubeconfig";
    break;
  case EACCES:
  case EPERM:
  case EROFS:
    error.hint = "make " + directory + " writable for you, or choose another file with --kubeconfig";
    break;
  case ENOTDIR:
  case ENOENT:
    error.hint = "check the path, or choose another file with --kubeconfig";
    break;
  default:
    break;
  }
  return error;
}

} // namespace ksail::kubernetes
