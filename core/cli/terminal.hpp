// SPDX-License-Identifier: Apache-2.0
// What the streams of this process can show.
#pragma once

#include "config/environment.hpp"

#include <string>

namespace ksail::cli {

struct Stream {
  bool terminal = false;
  bool color = false;
};

struct Terminal {
  Stream in, out, err;
  bool live = false; ///< lines on stderr can be rewritten
  bool utf8 = false;
};

/// What of the environment and options decides about colour and animation. Per stream: a terminal has colour unless
/// NO_COLOR (not empty), TERM=dumb or `--color never`; CLICOLOR_FORCE, FORCE_COLOR and `--color always` give it colour
/// anyway. Pure.
Terminal terminal_traits(bool in_terminal, bool out_terminal, bool err_terminal, const config::Environment &environment,
                         const std::string &color_option);

/// That of this process.
Terminal this_terminal(const config::Environment &environment, const std::string &color_option);

struct Size {
  unsigned columns = 80, rows = 24;
};
/// Of the terminal behind stderr (or stdout); 80 x 24, or $COLUMNS, where there is none.
Size terminal_size();

} // namespace ksail::cli
