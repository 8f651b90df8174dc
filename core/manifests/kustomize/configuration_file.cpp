// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/default_fields.hpp"
#include "manifests/kustomize/sort_order.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

using nlohmann::json;

constexpr FieldSpecs TransformerFields::*kLists[] = {
    &TransformerFields::name_prefix, &TransformerFields::name_suffix,     &TransformerFields::namespaces,
    &TransformerFields::images,      &TransformerFields::replicas,        &TransformerFields::common_labels,
    &TransformerFields::labels,      &TransformerFields::template_labels, &TransformerFields::common_annotations,
    &TransformerFields::variables};

std::span<const Field> configuration_shape() {
  static const Field kReference[] = {{"group", Type::text},
                                     {"version", Type::text},
                                     {"kind", Type::text},
                                     {"fieldSpecs", Type::objects, field_spec_shape()}};
  static const Field kShape[] = {{"namePrefix", Type::objects, field_spec_shape()},
                                 {"nameSuffix", Type::objects, field_spec_shape()},
                                 {"namespace", Type::objects, field_spec_shape()},
                                 {"commonLabels", Type::objects, field_spec_shape()},
                                 {"labels", Type::objects, field_spec_shape()},
                                 {"templateLabels", Type::objects, field_spec_shape()},
                                 {"commonAnnotations", Type::objects, field_spec_shape()},
                                 {"nameReference", Type::objects, kReference},
                                 {"varReference", Type::objects, field_spec_shape()},
                                 {"images", Type::objects, field_spec_shape()},
                                 {"replicas", Type::objects, field_spec_shape()}};
  return kShape;
}

Result<void> merge_references(std::vector<NameReference> &into, const std::vector<NameReference> &more) {
  for (const auto &one : more) {
    auto last = into.end(); // behind the last that refers to the same target
    bool known = false;
    for (auto at = into.begin(); at != into.end() && !known; ++at) {
      if (at->target != one.target) {
        continue;
      }
      last = at + 1;
      if (at->referrer.stands_for(one.referrer)) {
        if (at->referrer.create != one.referrer.create) {
          return Error(Code::config, "conflicting field specs for " + one.referrer.path, "give both the same `create`");
        }
        known = true;
      }
    }
    if (!known) {
      into.insert(last, one);
    }
  }
  return {};
}

} // namespace

void sort_by_kind(TransformerFields &fields) {
  const auto sort = [](auto &list, const auto &gvk) {
    const auto before = [&](const auto &a, const auto &b) { return gvk(a) != gvk(b) && sorts_before(gvk(a), gvk(b)); };
    for (auto at = list.begin(); at != list.end(); ++at) {
      std::rotate(std::upper_bound(list.begin(), at, *at, before), at, at + 1);
    }
  };
  for (const auto member : kLists) {
    sort(fields.*member, [](const FieldSpec &spec) { return spec.gvk(); });
  }
  sort(fields.references, [](const NameReference &reference) { return reference.target; });
}

FieldSpec field_spec_of(const json &entry) {
  return {text_of(entry, "group"), text_of(entry, "version"), text_of(entry, "kind"), text_of(entry, "path"),
          flag_of(entry, "create")};
}

FieldSpecs field_specs_of(const json &object, const char *field) {
  FieldSpecs specs;
  if (const auto at = object.find(field); at != object.end() && at->is_array()) {
    for (const auto &entry : *at) {
      specs.push_back(field_spec_of(entry));
    }
  }
  return specs;
}

Result<void> merge_into(TransformerFields &into, const TransformerFields &more) {
  for (const auto member : kLists) {
    if (auto done = merge_into(into.*member, more.*member); !done) {
      return done;
    }
  }
  if (auto done = merge_references(into.references, more.references); !done) {
    return done;
  }
  sort_by_kind(into);
  return {};
}

Result<TransformerFields> read_configuration(Arena &arena, std::string_view text, const std::string &file) {
  auto value = read_json(text, file);
  if (!value) {
    return value.error();
  }
  if (value->is_null()) {
    return TransformerFields{};
  }
  auto checked = take_shape(*value, configuration_shape(), file);
  if (!checked) {
    return checked.error();
  }
  TransformerFields fields;
  const std::pair<const char *, FieldSpecs TransformerFields::*> kNames[] = {
      {"namePrefix", &TransformerFields::name_prefix},
      {"nameSuffix", &TransformerFields::name_suffix},
      {"namespace", &TransformerFields::namespaces},
      {"commonLabels", &TransformerFields::common_labels},
      {"labels", &TransformerFields::labels},
      {"templateLabels", &TransformerFields::template_labels},
      {"commonAnnotations", &TransformerFields::common_annotations},
      {"varReference", &TransformerFields::variables},
      {"images", &TransformerFields::images},
      {"replicas", &TransformerFields::replicas}};
  for (const auto &[name, member] : kNames) {
    fields.*member = field_specs_of(*checked, name);
  }
  if (checked->contains("nameReference")) {
    for (const auto &target : (*checked)["nameReference"]) {
      const Gvk gvk{arena.copy(text_of(target, "group")), arena.copy(text_of(target, "version")),
                    arena.copy(text_of(target, "kind"))};
      for (auto &referrer : field_specs_of(target, "fieldSpecs")) {
        fields.references.push_back({gvk, std::move(referrer)});
      }
    }
  }
  sort_by_kind(fields);
  return fields;
}

} // namespace ksail::manifests::kustomize
