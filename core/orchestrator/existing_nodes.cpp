// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/existing_nodes.hpp"

#include "orchestrator/provider_verbs.hpp"

namespace ksail {

asio::awaitable<Result<std::vector<ProviderNode>>> existing_nodes(Session &session, std::string name,
                                                                  Deadline deadline) {
  auto nodes = co_await observe_nodes(session.provider, name, deadline);
  if (nodes && nodes->empty())
    co_return Error(Code::not_found, "there is no cluster '" + name + "' on " + session.provider_name,
                    "`ksail cluster list` shows what exists");
  co_return nodes;
}

} // namespace ksail
