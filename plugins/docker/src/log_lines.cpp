// SPDX-License-Identifier: Apache-2.0
#include "log_lines.hpp"

#include <regex>

namespace ksail::docker {

namespace {
constexpr std::size_t max_line = 4096; // std::regex recurses per character
}

struct LineMatcher::State {
  std::regex expression;
  std::string line;
  bool matches() const { return std::regex_search(strip_terminal_escapes(line), expression); }
};

LineMatcher::LineMatcher(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineMatcher::LineMatcher(LineMatcher &&) noexcept = default;
LineMatcher &LineMatcher::operator=(LineMatcher &&) noexcept = default;
LineMatcher::~LineMatcher() = default;

Result<LineMatcher> LineMatcher::make(const std::string &expression) {
  try {
    auto state = std::make_unique<State>();
    state->expression.assign(expression, std::regex::ECMAScript | std::regex::optimize);
    return LineMatcher(std::move(state));
  } catch (const std::regex_error &e) {
    return Error(Code::invalid_argument, "'" + expression + "' is not a regular expression: " + e.what());
  }
}

bool LineMatcher::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    state_->line.append(piece.substr(0, max_line - std::min(max_line, state_->line.size())));
    if (end == std::string_view::npos) break;
    if (state_->matches()) return true;
    state_->line.clear();
    bytes.remove_prefix(end + 1);
  }
  return !state_->line.empty() && state_->matches();
}

std::string strip_terminal_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') continue;
    if (text[i] != '\x1b') {
      plain += text[i];
      continue;
    }
    if (++i >= text.size()) break;
    if (text[i] == '[') { // up to a final byte
      while (++i < text.size() && (text[i] < '@' || text[i] > '~')) {
      }
    } else if (text[i] == ']') { // up to BEL or ESC backslash
      while (++i < text.size() && text[i] != '\a' && text[i] != '\x1b') {
      }
      if (i < text.size() && text[i] == '\x1b') ++i;
    }
  }
  return plain;
}

} // namespace ksail::docker
