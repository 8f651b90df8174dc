// SPDX-License-Identifier: Apache-2.0
// Objects against OpenAPI schemas: unknown fields, wrong types, missing fields. Pure.
//
// Understands what API servers publish: OpenAPI v2 (/openapi/v2, "definitions"), v3 (/openapi/v3/..., "components"),
// and the schemas inside CustomResourceDefinitions. Rules that only the server knows (cross-field checks, CEL,
// admission) are not tried.
#pragma once

#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace ksail::kubernetes {

struct SchemaViolation {
  std::string path; ///< ".spec.template.spec.containers[0].imag"
  std::string message;
};

class OpenApiSchema {
public:
  /// A v2 or v3 document, or a CustomResourceDefinition. Fails when it is none of these.
  Result<void> add(nlohmann::json document, const std::string &name);
  bool knows(std::string_view api_version, std::string_view kind) const;
  /// In the order of the object's fields; at most 100. Empty for a kind it does not know.
  std::vector<SchemaViolation> check(const nlohmann::json &object) const;

private:
  struct Document {
    nlohmann::json content;
    const nlohmann::json *schemas = nullptr; ///< what "$ref" names, or null
  };
  struct Kind {
    const Document *document = nullptr;
    const nlohmann::json *schema = nullptr;
  };
  struct Check;

  void add_schemas(const Document &document);
  Result<void> add_definition(const Document &document, const std::string &name);

  std::vector<std::unique_ptr<Document>> documents_;
  std::map<std::pair<std::string, std::string>, Kind, std::less<>> kinds_; ///< by apiVersion and kind
};

} // namespace ksail::kubernetes
