// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/selector.hpp"

#include "manifests/kustomize/label_selector.hpp"
#include "manifests/kustomize/shape.hpp"

#include <re2/re2.h>

namespace ksail::manifests::kustomize {

struct Selector::State {
  std::unique_ptr<re2::RE2> group, version, kind, name, ns;
  LabelSelector labels, annotations;
};

Result<Selector> Selector::make(const nlohmann::json &fields, const std::string &where) {
  auto state = std::make_shared<State>();
  const auto expression = [&](const char *field, std::unique_ptr<re2::RE2> &to) -> Result<void> {
    const auto text = text_of(fields, field);
    if (text.empty()) {
      return {};
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    to = std::make_unique<re2::RE2>("^(?:" + text + ")$", options);
    if (!to->ok()) {
      return Error(Code::config, where + ": `" + field + ": " + text + "` is no regular expression: " + to->error());
    }
    return {};
  };
  for (auto &[field, to] :
       std::initializer_list<std::pair<const char *, std::unique_ptr<re2::RE2> *>>{{"group", &state->group},
                                                                                   {"version", &state->version},
                                                                                   {"kind", &state->kind},
                                                                                   {"name", &state->name},
                                                                                   {"namespace", &state->ns}}) {
    if (auto done = expression(field, *to); !done) {
      return done.error();
    }
  }
  for (auto &[field, to] : std::initializer_list<std::pair<const char *, LabelSelector *>>{
           {"labelSelector", &state->labels}, {"annotationSelector", &state->annotations}}) {
    if (const auto text = text_of(fields, field); !text.empty()) {
      auto parsed = LabelSelector::parse(text);
      if (!parsed) {
        return Error(Code::config, where + ": `" + field + ": " + text + "` is no selector",
                     "such as app=web,tier!=db");
      }
      *to = std::move(*parsed);
    }
  }
  Selector result;
  result.state_ = std::move(state);
  return result;
}

namespace {

bool fits(const std::unique_ptr<re2::RE2> &expression, std::string_view text) {
  return expression == nullptr || re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

} // namespace

bool Selector::matches(const Resource &resource) const {
  const ResId now = resource.id();
  const ResId before = resource.original_id();
  return (fits(state_->ns, before.effective_namespace()) || fits(state_->ns, now.effective_namespace())) &&
         (fits(state_->name, before.name) || fits(state_->name, now.name)) && fits(state_->group, now.gvk.group) &&
         fits(state_->version, now.gvk.version) && fits(state_->kind, now.gvk.kind) && fits_metadata(resource);
}

bool Selector::fits_id(const ResId &id) const {
  return fits(state_->group, id.gvk.group) && fits(state_->version, id.gvk.version) &&
         fits(state_->kind, id.gvk.kind) && fits(state_->name, id.name) && fits(state_->ns, id.ns);
}

bool Selector::fits_metadata(const Resource &resource) const {
  return state_->labels.matches(resource.metadata_map("labels")) &&
         state_->annotations.matches(resource.metadata_map("annotations"));
}

bool Selector::asks_for_id() const {
  return state_->group || state_->version || state_->kind || state_->name || state_->ns;
}

bool Selector::asks_for_metadata() const {
  return !state_->labels.selects_everything() || !state_->annotations.selects_everything();
}

} // namespace ksail::manifests::kustomize
