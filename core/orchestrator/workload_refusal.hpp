// SPDX-License-Identifier: Apache-2.0
// What the API server says when it refuses an object, made fit to be shown. Pure.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

namespace ksail {

/// The server quotes what it refuses: of a Secret the values are taken out, of anything else a quoted structure is cut
/// to its beginning (a Job's template comes as Go prints it, two pages of it). Adds the manifest's place to the hint to
/// correct it.
Error as_shown(const manifests::Object &object, Error refusal);

} // namespace ksail
