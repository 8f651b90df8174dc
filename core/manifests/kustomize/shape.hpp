// SPDX-License-Identifier: Apache-2.0
// What fields a YAML map may have and of which types they are: kustomizations, transformer configurations, plugins'
// configurations. Fields are matched whatever their case, as Go's encoding/json does.
#pragma once

#include <ksail/sdk/result.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ksail::manifests::kustomize {

enum class Type : std::uint8_t { text, flag, number, texts, text_map, object, objects, any };

struct Field {
  std::string_view name;
  Type type;
  std::span<const Field> shape = {}; ///< of object and objects
  bool inlined = false; ///< in a structure that kustomize embeds: no reading takes a number for a text there
};

/// `lenient` is how kustomize reads the configurations of plugins (sigs.k8s.io/yaml without Strict): fields nobody
/// knows are left out, and numbers and booleans are taken for texts where texts are wanted.
enum class Reading : std::uint8_t { strict, lenient };

/// The value with the canonical names of its fields, or an error that names file and field (Code::config). Fields that
/// are null are left out. `where` is the path of `value` itself.
Result<nlohmann::json> take_shape(const nlohmann::json &value, std::span<const Field> shape, const std::string &file,
                                  Reading reading = Reading::strict, const std::string &where = "");

/// The first YAML document of a text as JSON, as sigs.k8s.io/yaml reads it: YAML 1.1, a key that stands twice counts
/// as it stands last. null when there is none.
Result<nlohmann::json> read_json(std::string_view yaml, const std::string &file);

/// Text of a field of a JSON object; empty when missing or null.
std::string text_of(const nlohmann::json &object, const char *field);
bool flag_of(const nlohmann::json &object, const char *field);

// Shapes that stand in several places.
std::span<const Field> kustomization_shape();
std::span<const Field> selector_shape();
std::span<const Field> replacement_shape();
std::span<const Field> image_shape();
std::span<const Field> replica_shape();
std::span<const Field> field_spec_shape();
std::span<const Field> patch_options_shape();
std::span<const Field> generator_shape();
std::span<const Field> helm_chart_shape();
std::span<const Field> helm_globals_shape();
std::span<const Field> sort_options_shape();

} // namespace ksail::manifests::kustomize
