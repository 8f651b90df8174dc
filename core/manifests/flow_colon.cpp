// SPDX-License-Identifier: Apache-2.0
#include "manifests/flow_colon.hpp"

#include <yaml.h>

namespace ksail::manifests {
namespace {

/// libyaml does not go on after an error, so each colon costs a reading from the beginning.
constexpr std::size_t kMaxScanned = std::size_t{64} << 20U;

/// Where libyaml gives up over such a colon, in characters from the beginning.
std::optional<std::size_t> refused_colon(std::string_view text) {
  struct Scanner {
    yaml_parser_t parser{};
    Scanner() { yaml_parser_initialize(&parser); }
    Scanner(const Scanner &) = delete;
    Scanner &operator=(const Scanner &) = delete;
    ~Scanner() { yaml_parser_delete(&parser); }
  } scanner;
  yaml_parser_set_encoding(&scanner.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&scanner.parser, reinterpret_cast<const unsigned char *>(text.data()), text.size());
  for (;;) {
    yaml_token_t token{};
    if (yaml_parser_scan(&scanner.parser, &token) == 0) {
      const char *problem = scanner.parser.problem;
      return problem != nullptr && problem == kRefusedColon ? std::optional(scanner.parser.problem_mark.index)
                                                            : std::nullopt;
    }
    const bool ended = token.type == YAML_STREAM_END_TOKEN;
    yaml_token_delete(&token);
    if (ended) {
      return std::nullopt;
    }
  }
}

/// A character for private use that the text does not have.
std::optional<std::string> absent_character(std::string_view text) {
  for (char last = '\x80'; last <= '\xBF'; ++last) { // U+E000 to U+E03F
    const std::string character{'\xEE', '\x80', last};
    if (text.find(character) == std::string_view::npos) {
      return character;
    }
  }
  return std::nullopt;
}

} // namespace

std::optional<ColonsReplaced> replace_refused_colons(std::string_view text) {
  const auto stand_in = absent_character(text);
  if (!stand_in) {
    return std::nullopt;
  }
  std::optional<ColonsReplaced> result;
  std::size_t at = 0; ///< byte of the character `index`
  std::size_t index = 0;
  std::size_t scanned = 0;
  for (;;) {
    const std::string_view now = result ? std::string_view(result->text) : text;
    scanned += now.size();
    const auto colon = scanned <= kMaxScanned ? refused_colon(now) : std::nullopt;
    if (!colon) {
      return result;
    }
    for (; index < *colon && at < now.size(); ++index) {
      do {
        ++at;
      } while (at < now.size() && (static_cast<unsigned char>(now[at]) & 0xC0U) == 0x80);
    }
    if (at >= now.size() || now[at] != ':') {
      return result;
    }
    if (!result) {
      result = ColonsReplaced{std::string(text), *stand_in};
    }
    result->text.replace(at, 1, *stand_in);
  }
}

} // namespace ksail::manifests
