// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/build_metadata.hpp"
#include "manifests/kustomize/build_annotations.hpp"

#include <algorithm>
#include <filesystem>

namespace ksail::manifests::kustomize {
namespace {

constexpr std::string_view kOrigin = "config.kubernetes.io/origin";
constexpr std::string_view kTransformations = "alpha.config.kubernetes.io/transformations";

std::string below(const std::string &directory, const std::string &file) {
  return (std::filesystem::path(directory) / file).lexically_normal().string();
}

std::string line(const char *field, std::string_view value) {
  return value.empty() ? "" : std::string(field) + ": " + std::string(value) + "\n";
}

std::string remote(const Origin &origin) { return line("repo", origin.repo) + line("ref", origin.ref); }

/// The origin of something a generator or transformer did.
std::string configured(const Origin &origin, const std::string &file, std::string_view api_version,
                       std::string_view kind, std::string_view name, std::string_view ns) {
  return remote(origin) + line("configuredIn", file) + "configuredBy:\n" + line("  apiVersion", api_version) +
         line("  kind", kind) + line("  name", name) + line("  namespace", ns);
}

/// The value of `field` in an origin as written above.
std::string value_in(const std::string &text, const std::string &field) {
  const auto at = text.starts_with(field + ": ") ? 0 : text.find("\n" + field + ": ");
  if (at == text.npos) {
    return {};
  }
  const auto from = text.find(": ", at) + 2;
  return text.substr(from, text.find('\n', from) - from);
}

std::string of_config(const Resource &config) {
  const std::string none;
  const auto &origin = config.origin != nullptr ? *config.origin : none;
  return configured({"", value_in(origin, "repo"), value_in(origin, "ref")}, value_in(origin, "path"),
                    config.root->find_text("apiVersion"), config.kind(), config.name(), config.ns());
}

} // namespace

void BuildMetadata::ask_for(const std::vector<std::string> &values) {
  const auto has = [&](const char *value) { return std::find(values.begin(), values.end(), value) != values.end(); };
  tracking_ = !values.empty();
  origins_ = has("originAnnotations");
  transformers_ = has("transformerAnnotations");
  managed_by_ = has("managedByLabel");
}

const std::string *BuildMetadata::keep(std::string text) {
  if (texts_.empty() || texts_.back() != text) {
    texts_.push_back(std::move(text));
  }
  return &texts_.back();
}

void BuildMetadata::loaded(const Resources &resources, const Origin &origin, const std::string &file) {
  if (!tracking_) {
    return;
  }
  const auto *text = keep(line("path", below(origin.path, file)) + remote(origin));
  for (Resource *resource : resources) {
    resource->origin = text;
  }
}

void BuildMetadata::generated(Resource &resource, const Origin &origin, const std::string &kustomization,
                              const char *kind) {
  if (tracking_) {
    resource.origin = keep(configured(origin, below(origin.path, kustomization), "builtin", kind, "", ""));
  }
}

void BuildMetadata::transformed(const Resources &resources, const Origin &origin, const std::string &kustomization,
                                const char *kind) {
  if (!tracking_) {
    return;
  }
  transformed_as(resources, keep(configured(origin, below(origin.path, kustomization), "builtin", kind, "", "")));
}

/// The first that touches an object of no known origin is its origin. kustomize notes that among the annotations and
/// writes all of them anew: they are texts from then on, and nodes of their own.
void BuildMetadata::transformed_as(const Resources &resources, const std::string *text) {
  for (Resource *resource : resources) {
    if (resource->origin == nullptr) {
      resource->origin = text;
    } else {
      resource->transformations.push_back(text);
    }
    if (resource->metadata_map("annotations") != nullptr) {
      resource->set_metadata_map(arena_, "annotations", resource->metadata_texts("annotations"));
    }
  }
}

void BuildMetadata::generated_by(Resource &resource, const Resource &config) {
  if (tracking_) {
    resource.origin = keep(of_config(config));
  }
}

void BuildMetadata::transformed_by(const Resources &resources, const Resource &config) {
  if (!tracking_) {
    return;
  }
  transformed_as(resources, keep(of_config(config)));
}

void BuildMetadata::write(Resource &resource) const {
  auto values = resource.metadata_texts("annotations");
  std::string list; // an object that comes from another build may bring its own
  std::erase_if(values, [&](const auto &value) {
    if (value.first == kTransformations) {
      list = value.second;
    }
    return is_build_annotation(value.first) || value.first == kTransformations || value.first == kOrigin;
  });
  if (origins_ && resource.origin != nullptr) {
    values.emplace_back(kOrigin, *resource.origin);
  }
  for (const auto *text : resource.transformations) {
    std::string_view rest = *text;
    for (bool first = true; !rest.empty(); first = false) {
      const auto end = rest.find('\n') + 1;
      list.append(first ? "- " : "  ").append(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }
  if (transformers_ && !list.empty()) {
    values.emplace_back(kTransformations, arena_.copy(list));
  }
  resource.set_metadata_map(arena_, "annotations", std::move(values));
}

} // namespace ksail::manifests::kustomize
