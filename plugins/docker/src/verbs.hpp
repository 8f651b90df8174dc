// SPDX-License-Identifier: Apache-2.0
// The verbs of provider-1.md, one function each, and the state they share.
#pragma once

#include "container_creation.hpp"
#include "engine.hpp"
#include "nodes.hpp"
#include "pull_slots.hpp"

#include <ksail/sdk/provider.hpp>

namespace ksail::docker {

/// What the verbs work with. On the plugin's executor, for the plugin's life.
struct Verbs {
  Verbs(asio::any_io_executor executor, const sdk::Host &host, Variables variables)
      : engine(executor, host, std::move(variables)), creations(engine), pulls(std::move(executor), pulls_at_once) {}
  static constexpr std::size_t pulls_at_once = 3;
  Engine engine;
  NodeIds ids;
  ContainerCreations creations;
  PullSlots pulls;
};

using sdk::Context;
using sdk::Reply;
using sdk::Request;
using VerbResult = asio::awaitable<Result<Reply>>;

VerbResult validate(Verbs &verbs, Request request, Context &context);
VerbResult prefetch(Verbs &verbs, Request request, Context &context);
VerbResult ensure_infrastructure(Verbs &verbs, Request request, Context &context);
VerbResult create_nodes(Verbs &verbs, Request request, Context &context);
VerbResult exec(Verbs &verbs, Request request, Context &context);
VerbResult copy_to(Verbs &verbs, Request request, Context &context);
VerbResult copy_from(Verbs &verbs, Request request, Context &context);
VerbResult find_images(Verbs &verbs, Request request, Context &context);
VerbResult upload_image(Verbs &verbs, Request request, Context &context);
VerbResult ensure_registry(Verbs &verbs, Request request, Context &context);
VerbResult remove_registry(Verbs &verbs, Request request, Context &context);
VerbResult observe(Verbs &verbs, Request request, Context &context);
VerbResult logs(Verbs &verbs, Request request, Context &context);
VerbResult stats(Verbs &verbs, Request request, Context &context);
VerbResult watch(Verbs &verbs, Request request, Context &context);
VerbResult start_nodes(Verbs &verbs, Request request, Context &context);
VerbResult stop_nodes(Verbs &verbs, Request request, Context &context);
VerbResult destroy(Verbs &verbs, Request request, Context &context);
VerbResult diagnose(Verbs &verbs, Request request, Context &context);

} // namespace ksail::docker
