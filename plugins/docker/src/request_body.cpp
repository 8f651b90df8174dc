// SPDX-License-Identifier: Apache-2.0
#include "request_body.hpp"

#include <algorithm>

namespace ksail::docker {

namespace {

Error wrong(const sdk::Request &request, const char *member, const char *expected) {
  return Error(Code::invalid_argument, request.verb + ": member '" + member + "' of the request has to be " + expected);
}

const nlohmann::json *find(const sdk::Request &request, const char *member) {
  if (!request.body.is_object()) return nullptr;
  const auto found = request.body.find(member);
  return found == request.body.end() || found->is_null() ? nullptr : &*found;
}

} // namespace

Result<std::string> optional_text(const sdk::Request &request, const char *member) {
  const auto *value = find(request, member);
  if (!value) return std::string();
  if (!value->is_string()) return wrong(request, member, "a string");
  return value->get<std::string>();
}

Result<std::string> required_text(const sdk::Request &request, const char *member) {
  auto text = optional_text(request, member);
  if (text && text->empty()) return wrong(request, member, "a non-empty string");
  return text;
}

Result<bool> optional_flag(const sdk::Request &request, const char *member) {
  const auto *value = find(request, member);
  if (!value) return false;
  if (!value->is_boolean()) return wrong(request, member, "true or false");
  return value->get<bool>();
}

Result<std::vector<std::string>> optional_texts(const sdk::Request &request, const char *member) {
  std::vector<std::string> texts;
  const auto *value = find(request, member);
  if (!value) return texts;
  if (!value->is_array()) return wrong(request, member, "an array of strings");
  for (const auto &entry : *value) {
    if (!entry.is_string()) return wrong(request, member, "an array of strings");
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

Result<nlohmann::json> optional_labels(const sdk::Request &request, const char *member) {
  const auto *value = find(request, member);
  if (!value) return nlohmann::json(nlohmann::json::object());
  const bool good =
      value->is_object() && std::all_of(value->begin(), value->end(), [](const auto &v) { return v.is_string(); });
  if (!good) return wrong(request, member, "an object of strings");
  return *value;
}

Result<std::string> required_cluster(const sdk::Request &request) {
  auto name = required_text(request, "cluster");
  if (!name) return name;
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  if (!std::all_of(name->begin(), name->end(), allowed) || name->size() > 200)
    return Error(Code::invalid_argument, request.verb + ": '" + *name + "' cannot be the name of a cluster",
                 "use lower case letters, digits and '-'");
  return name;
}

} // namespace ksail::docker
