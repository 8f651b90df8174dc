// SPDX-License-Identifier: Apache-2.0
// Where the files are that come with ksail.
#pragma once

#include <filesystem>

namespace ksail::plugins {

/// share/ksail, found relative to the program: beside it in a build tree, where the prefix has it in an installation
/// that may have been moved. Whether it is there is not looked at.
std::filesystem::path data_directory();

} // namespace ksail::plugins
