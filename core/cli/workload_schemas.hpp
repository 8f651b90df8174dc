// SPDX-License-Identifier: Apache-2.0
// Which schemas `workload validate` goes by: those of --schema, else those of a cluster that answers, else those that
// come with ksail.
#pragma once

#include "cli/command_context.hpp"
#include "cli/workload_session.hpp"
#include "kubernetes/open_api.hpp"

#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace ksail::cli {

/// Where schemas were taken from.
struct SchemaSource {
  enum class Kind { files, server, bundled };
  Kind kind = Kind::files;
  std::vector<std::string> files; ///< of --schema; the words "bundled" included
  std::string server;             ///< its address
  std::string version;            ///< of Kubernetes, where it is known: "v1.34.2"
  std::string reason;             ///< why no server was asked although none of --schema was given

  /// "the schemas of the server, Kubernetes v1.34.2"
  std::string describe() const;
  nlohmann::ordered_json to_json() const;
};

/// Fills `schema` with what is needed for `objects`. A cluster that was named by --context or --kubeconfig has to
/// answer.
Result<SchemaSource> load_schemas(CommandContext &context, const config::Settings &settings, WorkloadSession &session,
                                  std::shared_ptr<const ObjectSet> objects, kubernetes::OpenApiSchema &schema);

} // namespace ksail::cli
