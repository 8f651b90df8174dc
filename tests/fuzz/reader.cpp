// SPDX-License-Identifier: Apache-2.0
// libFuzzer: any bytes as a file of manifests. What is accepted is JSON, and written as YAML it reads back the same.
#include "manifests/reader.hpp"
#include "manifests/json.hpp"
#include "manifests/yaml_writer.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace ksail;
using namespace ksail::manifests;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

/// The value of the only document of a YAML text.
nlohmann::json read_back(const std::string &yaml) {
  Arena arena;
  YamlParser parser(yaml);
  Node *root = nullptr;
  std::string json;
  must(!parser.next(arena, root) && root != nullptr);
  must(!write_json(*root, Rules::kubectl, json));
  return nlohmann::json::parse(json);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  const auto done = read_text(text, "in.yaml", [](const Object &object) -> Result<void> {
    const auto value = nlohmann::json::parse(object.json, nullptr, false);
    must(!value.is_discarded());
    Arena arena;
    std::size_t used = 0;
    const Node *root = parse_json(object.json, arena, used);
    must(root != nullptr && used == object.json.size());
    std::string yaml;
    must(!write_yaml(*root, Rules::kubectl, yaml));
    must(read_back(yaml) == value);
    return {};
  });
  must(done.has_value() || !done.error().message.empty());
  return 0;
}
