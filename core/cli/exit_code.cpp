// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.hpp"

namespace ksail::cli {

int exit_code_of(const Error &error) {
  switch (error.code) {
  case Code::ok:
    return exit_code::ok;
  case Code::usage:
    return exit_code::usage;
  case Code::config:
    return exit_code::config;
  case Code::not_found:
    return exit_code::not_found;
  case Code::already_exists:
  case Code::aborted:
    return exit_code::conflict;
  case Code::plugin:
  case Code::unimplemented:
    return exit_code::plugin;
  case Code::permission_denied:
  case Code::unauthenticated:
    return exit_code::credentials;
  case Code::deadline_exceeded:
    return exit_code::timeout;
  case Code::partial:
    return exit_code::partial;
  case Code::cancelled:
  case Code::unknown:
  case Code::invalid_argument:
  case Code::resource_exhausted:
  case Code::failed_precondition:
  case Code::out_of_range:
  case Code::internal:
  case Code::unavailable:
  case Code::data_loss:
    break;
  }
  return exit_code::failed;
}

std::string_view code_name(Code code) {
  switch (code) {
  case Code::ok:
    return "ok";
  case Code::cancelled:
    return "cancelled";
  case Code::unknown:
    return "unknown";
  case Code::invalid_argument:
    return "invalid_argument";
  case Code::deadline_exceeded:
    return "deadline_exceeded";
  case Code::not_found:
    return "not_found";
  case Code::already_exists:
    return "already_exists";
  case Code::permission_denied:
    return "permission_denied";
  case Code::resource_exhausted:
    return "resource_exhausted";
  case Code::failed_precondition:
    return "failed_precondition";
  case Code::aborted:
    return "aborted";
  case Code::out_of_range:
    return "out_of_range";
  case Code::unimplemented:
    return "unimplemented";
  case Code::internal:
    return "internal";
  case Code::unavailable:
    return "unavailable";
  case Code::data_loss:
    return "data_loss";
  case Code::unauthenticated:
    return "unauthenticated";
  case Code::usage:
    return "usage";
  case Code::config:
    return "config";
  case Code::plugin:
    return "plugin";
  case Code::partial:
    return "partial";
  }
  return "unknown";
}

} // namespace ksail::cli
