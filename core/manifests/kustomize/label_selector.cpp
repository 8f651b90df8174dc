// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/label_selector.hpp"

#include "manifests/dns_label.hpp"
#include "manifests/scalar.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

constexpr std::string_view kNotInWords = " \t\r\n=!(),<>";
constexpr std::string_view kBlanks = kNotInWords.substr(0, 4);
constexpr std::string_view kSymbols = kNotInWords.substr(4);

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters and digits, with `-`, `_` and `.` between them; at most 63.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_key(std::string_view text) {
  const auto slash = text.find('/');
  return slash == text.npos ? is_name(text)
                            : is_dns_subdomain(text.substr(0, slash)) && is_name(text.substr(slash + 1));
}

bool is_value(std::string_view text) { return text.empty() || is_name(text); }

/// The words and symbols of a selector; "" at the end.
class Tokens {
public:
  explicit Tokens(std::string_view text) : rest_(text) { take(); }

  std::string_view now() const { return now_; }
  bool is_word() const { return !now_.empty() && kSymbols.find(now_.front()) == kSymbols.npos; }
  std::string_view take() {
    const auto taken = now_;
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
    auto size = std::min(rest_.find_first_of(kNotInWords), rest_.size());
    if (size == 0 && !rest_.empty()) {
      size = rest_.starts_with("==") || rest_.starts_with("!=") ? 2 : 1;
    }
    now_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  bool accept(std::string_view token) {
    if (now_ != token) {
      return false;
    }
    take();
    return true;
  }

private:
  std::string_view rest_;
  std::string_view now_;
};

} // namespace

class LabelSelector::Parser {
public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  std::optional<LabelSelector> selector() {
    LabelSelector made;
    if (tokens_.now().empty()) {
      return made;
    }
    do {
      Requirement one;
      if (!requirement(one)) {
        return std::nullopt;
      }
      made.requirements_.push_back(std::move(one));
    } while (tokens_.accept(","));
    return tokens_.now().empty() ? std::optional(std::move(made)) : std::nullopt;
  }

private:
  bool requirement(Requirement &one) {
    const bool missing = tokens_.accept("!");
    if (!tokens_.is_word()) {
      return false;
    }
    one.key = tokens_.take();
    if (!is_key(one.key)) {
      return false;
    }
    if (missing || ends()) {
      one.op = missing ? Operator::missing : Operator::exists;
      return true;
    }
    const auto op = tokens_.take();
    if (op == "in" || op == "notin") {
      one.op = op == "in" ? Operator::in : Operator::not_in;
      return several(one.values) && std::all_of(one.values.begin(), one.values.end(), is_value);
    }
    one.op = op == "=" || op == "==" ? Operator::in
             : op == "!="            ? Operator::not_in
             : op == ">"             ? Operator::greater
                                     : Operator::less;
    if ((one.op == Operator::less && op != "<") || (!tokens_.is_word() && !ends())) {
      return false;
    }
    one.values.emplace_back(ends() ? std::string_view() : tokens_.take());
    const bool compares = one.op == Operator::greater || one.op == Operator::less;
    return is_value(one.values[0]) && (!compares || parse_decimal(one.values[0]));
  }

  bool ends() const { return tokens_.now().empty() || tokens_.now() == ","; }

  /// (x, y); between commas there may be nothing.
  bool several(std::vector<std::string> &values) {
    if (!tokens_.accept("(")) {
      return false;
    }
    do {
      values.emplace_back(tokens_.is_word() ? tokens_.take() : std::string_view());
    } while (tokens_.accept(","));
    return tokens_.accept(")");
  }

  Tokens tokens_;
};

std::optional<LabelSelector> LabelSelector::parse(std::string_view text) { return Parser(text).selector(); }

bool LabelSelector::matches(const Node *labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement &one) { return one.holds(labels); });
}

bool LabelSelector::Requirement::holds(const Node *labels) const {
  const Node *value = labels != nullptr ? labels->find(key) : nullptr;
  const auto listed = [&] { return std::find(values.begin(), values.end(), value->text()) != values.end(); };
  switch (op) {
  case Operator::exists:
    return value != nullptr;
  case Operator::missing:
    return value == nullptr;
  case Operator::in:
    return value != nullptr && listed();
  case Operator::not_in:
    return value == nullptr || !listed();
  case Operator::greater:
  case Operator::less: {
    const auto have = value != nullptr ? parse_decimal(value->text()) : std::nullopt;
    const auto limit = parse_decimal(values[0]);
    return have && (op == Operator::greater ? *have > *limit : *have < *limit);
  }
  }
  return false;
}

} // namespace ksail::manifests::kustomize
