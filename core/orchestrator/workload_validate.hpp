// SPDX-License-Identifier: Apache-2.0
// `ksail workload validate`: objects against the schemas of a server or of files, without applying anything.
#pragma once

#include "kubernetes/client.hpp"
#include "kubernetes/open_api.hpp"
#include "orchestrator/object_set.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

struct ObjectVerdict {
  std::string object; ///< "Deployment shop/web"
  std::string where;  ///< "app.yaml:12:1"
  std::vector<kubernetes::SchemaViolation> violations;
  std::optional<Error> error; ///< why it could not be checked: no such kind, unreadable
};

/// Definitions among the objects are schemas for their custom resources. `on_verdict` is called for each object, in the
/// order of the input; gives how many are not valid. Pure but for reading the objects.
Result<std::size_t> validate_objects(kubernetes::OpenApiSchema &schema, const ObjectSet &objects,
                                     std::function<void(const ObjectVerdict &)> on_verdict);

/// What the server calls its version ("v1.34.2"), asked once: whether it answers at all.
asio::awaitable<Result<std::string>> server_version(kubernetes::Client &client, std::chrono::nanoseconds timeout);

/// What the server says about the API versions of the objects. A version it does not have is left out.
asio::awaitable<Result<void>> fetch_schemas(kubernetes::Client &client, std::shared_ptr<const ObjectSet> objects,
                                            kubernetes::OpenApiSchema &schema, std::chrono::nanoseconds timeout);

} // namespace ksail
