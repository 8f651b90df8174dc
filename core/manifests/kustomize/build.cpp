// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/build.hpp"

#include "manifests/json.hpp"
#include "manifests/kustomize/builder.hpp"
#include "manifests/kustomize/string_keys.hpp"
#include "manifests/yaml_writer.hpp"

namespace ksail::manifests::kustomize {

Result<BuildResult> build(const std::string &directory, const BuildOptions &options) {
  auto loader = Loader::root(directory, options);
  if (!loader) {
    return loader.error();
  }
  BuildResult result;
  result.arena = std::make_unique<Arena>();
  Builder builder(result, options); // owns what `built` points to
  auto built = builder.run(*loader);
  if (!built) {
    return std::move(built).error().in("building " + directory);
  }
  for (const Resource *resource : *built) {
    if (auto done = require_string_keys(*resource->root); !done) {
      return std::move(done).error().in("building " + directory);
    }
    result.objects.push_back(resource->root);
  }
  return result;
}

Result<std::string> to_yaml(const BuildResult &result) {
  std::string out;
  for (const Node *object : result.objects) {
    if (!out.empty()) {
      out += "---\n";
    }
    if (const auto error = write_yaml(*object, Rules::kustomize, out)) {
      return Error(Code::config, "writing the " + std::string(object->find_text("kind")) + ": " + error->message);
    }
  }
  return out;
}

Result<std::vector<Object>> to_objects(const BuildResult &result, const std::string &directory) {
  std::vector<Object> objects;
  objects.reserve(result.objects.size());
  for (const Node *root : result.objects) {
    Object object;
    const Node *data = root->find("metadata");
    object.api_version = root->find_text("apiVersion");
    object.kind = root->find_text("kind");
    if (data != nullptr) {
      object.ns = data->find_text("namespace");
      object.name = data->find_text("name");
    }
    object.where = {directory, 0, 0};
    if (const auto error = write_json(*root, Rules::kustomize, object.json)) {
      return Error(Code::config,
                   "writing the " + object.kind + " " + object.name + " of " + directory + ": " + error->message);
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

} // namespace ksail::manifests::kustomize
