// SPDX-License-Identifier: Apache-2.0
// Random Kubernetes objects that refer to each other by name.
#pragma once

#include "yaml_style.hpp"

namespace ksail::fuzz {

/// Kinds as "apiVersion Kind"; some are more frequent than others, as in life.
std::string random_kind(Random &random);
/// An object of that kind. `ns` empty: none is written.
Json random_object(Random &random, const std::string &kind, const std::string &name, const std::string &ns);

/// From small pools, so that references hit and collide.
std::string random_name(Random &random);
std::string random_namespace(Random &random);
std::string random_image(Random &random);
std::string random_key(Random &random);
/// A text that readers of YAML like to take for something else, among ordinary ones.
Json random_value(Random &random);
/// A few labels or annotations.
Json random_pairs(Random &random);
/// What stands under `spec` of a pod.
Json random_pod_spec(Random &random);

} // namespace ksail::fuzz
