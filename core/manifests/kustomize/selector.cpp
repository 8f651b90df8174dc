// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/selector.hpp"

#include "manifests/kustomize/shape.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

namespace ksail::manifests::kustomize {
namespace {

struct Requirement {
  enum class Kind { exists, missing, in, not_in } kind = Kind::exists;
  std::string key;
  std::vector<std::string> values;
};

std::string trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  return from == text.npos ? std::string() : std::string(text.substr(from, text.find_last_not_of(" \t") - from + 1));
}

/// a=b, a==b, a!=b, a in (x,y), a notin (x,y), a, !a -- separated by commas.
std::optional<std::vector<Requirement>> parse_requirements(std::string_view text) {
  std::vector<Requirement> list;
  std::vector<std::string> terms(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      terms.emplace_back();
    } else {
      terms.back() += c;
    }
  }
  for (const auto &raw : terms) {
    const auto term = trimmed(raw);
    Requirement one;
    if (const auto open = term.find('('); open != term.npos) {
      const auto head = trimmed(std::string_view(term).substr(0, open));
      const auto space = head.find_first_of(" \t");
      if (!term.ends_with(')') || space == head.npos) {
        return std::nullopt;
      }
      const auto word = trimmed(std::string_view(head).substr(space));
      one.key = head.substr(0, space);
      one.kind = word == "in" ? Requirement::Kind::in : Requirement::Kind::not_in;
      if (word != "in" && word != "notin") {
        return std::nullopt;
      }
      std::string_view values = std::string_view(term).substr(open + 1, term.size() - open - 2);
      for (;;) {
        const auto comma = values.find(',');
        one.values.push_back(trimmed(values.substr(0, comma)));
        if (comma == values.npos) {
          break;
        }
        values.remove_prefix(comma + 1);
      }
    } else if (const auto equal = term.find('='); equal != term.npos) {
      const bool unequal = equal > 0 && term[equal - 1] == '!';
      one.kind = unequal ? Requirement::Kind::not_in : Requirement::Kind::in;
      one.key = trimmed(std::string_view(term).substr(0, equal - (unequal ? 1 : 0)));
      one.values.push_back(
          trimmed(std::string_view(term).substr(equal + (term.substr(equal).starts_with("==") ? 2 : 1))));
    } else if (term.starts_with('!')) {
      one.kind = Requirement::Kind::missing;
      one.key = trimmed(std::string_view(term).substr(1));
    } else {
      one.key = term;
    }
    if (one.key.empty() || one.key.find_first_of(" \t!=()") != one.key.npos) {
      return std::nullopt;
    }
    list.push_back(std::move(one));
  }
  return list;
}

bool satisfied(const std::vector<Requirement> &requirements, const Node *map) {
  return std::all_of(requirements.begin(), requirements.end(), [&](const Requirement &one) {
    const Node *value = map != nullptr ? map->find(one.key) : nullptr;
    const bool listed = value != nullptr && std::any_of(one.values.begin(), one.values.end(),
                                                        [&](const auto &v) { return v == value->text(); });
    switch (one.kind) {
    case Requirement::Kind::exists:
      return value != nullptr;
    case Requirement::Kind::missing:
      return value == nullptr;
    case Requirement::Kind::in:
      return listed;
    case Requirement::Kind::not_in:
      return !listed;
    }
    return false;
  });
}

} // namespace

struct Selector::State {
  std::unique_ptr<re2::RE2> group, version, kind, name, ns;
  std::vector<Requirement> labels, annotations;
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
  for (auto &[field, to] : std::initializer_list<std::pair<const char *, std::vector<Requirement> *>>{
           {"labelSelector", &state->labels}, {"annotationSelector", &state->annotations}}) {
    if (const auto text = text_of(fields, field); !text.empty()) {
      auto parsed = parse_requirements(text);
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
  return satisfied(state_->labels, resource.metadata_map("labels")) &&
         satisfied(state_->annotations, resource.metadata_map("annotations"));
}

bool Selector::asks_for_id() const {
  return state_->group || state_->version || state_->kind || state_->name || state_->ns;
}

bool Selector::asks_for_metadata() const { return !state_->labels.empty() || !state_->annotations.empty(); }

} // namespace ksail::manifests::kustomize
