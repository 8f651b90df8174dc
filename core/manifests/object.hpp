// SPDX-License-Identifier: Apache-2.0
// A Kubernetes object as it was read from a file, a directory, standard input or a built overlay.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ksail::manifests {

/// Where something stands in an input: "file:line:column", 1-based.
struct SourceLocation {
  std::string file; ///< as the user wrote it; "-" is standard input
  std::size_t line = 0;
  std::size_t column = 0;
  std::string describe() const;
};

struct Object {
  std::string api_version; ///< "apps/v1"
  std::string kind;
  std::string ns; ///< metadata.namespace or empty
  std::string name;
  std::string generate_name;
  std::string json; ///< the whole object as compact JSON, values as kubectl reads them (YAML 1.1 scalars)
  SourceLocation where;

  std::string group() const;    ///< "apps"; empty for core
  std::string version() const;  ///< "v1"
  std::string describe() const; ///< "Deployment shop/web"
};

} // namespace ksail::manifests
