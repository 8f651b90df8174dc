// SPDX-License-Identifier: Apache-2.0
// Where an object of a manifest lives in the cluster: what every verb but apply asks first.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <functional>
#include <string>

namespace ksail {

struct WorkloadTarget {
  kubernetes::ResourceInfo info;
  std::string ns; ///< empty for cluster-scoped kinds
  std::string name;
  std::string title; ///< "Deployment shop/web"

  std::string path() const { return kubernetes::Client::object_path(info, ns, name); }
  std::string collection() const { return kubernetes::Client::collection_path(info, ns); }
  /// "deployments.apps -n shop web": as kubectl takes it, for hints.
  std::string kubectl_words() const;
};

/// Namespaced objects without a namespace get `default_namespace`; cluster-scoped ones lose theirs. not_found when the
/// server has no such kind.
asio::awaitable<Result<WorkloadTarget>> find_target(kubernetes::Client &client, manifests::Object object,
                                                    std::string default_namespace, Deadline deadline);

/// One request, repeated for half a minute while the server cannot be reached or asks for patience. Only for requests
/// that may be carried out twice: reads, dry runs, deletions.
asio::awaitable<Result<http::Response>> request_patiently(kubernetes::Client &client, std::string method,
                                                          std::string path, std::string body, std::string content_type,
                                                          Deadline deadline);

} // namespace ksail
