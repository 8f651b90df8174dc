// SPDX-License-Identifier: Apache-2.0
// exec: a command in a node, over the connection that the engine hands over after the start call.
#include "engine_error.hpp"
#include "frame_demultiplexer.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

namespace ksail::docker {

namespace {

using nlohmann::json;

constexpr std::size_t max_output = 16u << 20; ///< of each of stdout and stderr, unless streamed

struct Command {
  std::string node;
  std::string label; ///< "run /bin/true in node x", for errors
  bool attach_input = false;
  bool stream = false;
  std::string input;
  json body;
};

Result<Command> read_command(const Request &request) {
  Command command;
  auto node = required_text(request, "node");
  if (!node) return node.error();
  auto argv = optional_texts(request, "argv");
  if (!argv) return argv.error();
  if (argv->empty()) return Error(Code::invalid_argument, "exec: member 'argv' of the request is empty");
  auto env = optional_labels(request, "env");
  if (!env) return env.error();
  auto input = optional_flag(request, "stdin");
  if (!input) return input.error();
  auto stream = optional_flag(request, "stream");
  if (!stream) return stream.error();
  command.node = *node;
  command.label = "run " + argv->front() + " in node " + *node;
  command.attach_input = *input;
  command.stream = *stream;
  if (const auto *bytes = request.blob("stdin")) command.input = *bytes;
  json variables = json::array();
  for (const auto &[key, value] : env->items())
    variables.push_back(key + "=" + value.get<std::string>());
  command.body = {{"AttachStdin", *input}, {"AttachStdout", true}, {"AttachStderr", true},
                  {"Tty", false},          {"Env", variables},     {"Cmd", *argv}};
  return command;
}

class Execution {
public:
  Execution(Verbs &verbs, Context &context, Command command)
      : verbs_(verbs), context_(context), command_(std::move(command)) {}
  VerbResult run(std::string cluster);

private:
  asio::awaitable<Result<std::string>> prepare(std::string cluster);
  asio::awaitable<Result<void>> write_input();
  asio::awaitable<Result<void>> read_output();
  asio::awaitable<Result<int>> exit_code(std::string id);
  Result<void> take(std::vector<OutputPiece> pieces);

  Verbs &verbs_;
  Context &context_;
  Command command_;
  std::unique_ptr<http::Duplex> connection_;
  FrameDemultiplexer demultiplexer_{FrameDemultiplexer::Format::framed};
  std::string output_, errors_;
  bool output_ended_ = false;
};

/// The id of a new exec instance. A remembered container may have been replaced by another of the same name.
asio::awaitable<Result<std::string>> Execution::prepare(std::string cluster) {
  for (int attempt = 0;; ++attempt) {
    auto container = co_await verbs_.ids.find(verbs_.engine, cluster, command_.node, context_.deadline());
    if (!container) co_return container.error();
    EngineCall call("POST", "/containers/" + *container + "/exec", command_.label, command_.body);
    call.repeatable = true; // nothing runs before the start call
    auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
    if (!answer) co_return answer.error();
    if (answer->status == 404 && attempt == 0) {
      verbs_.ids.forget(cluster, command_.node);
      continue;
    }
    if (answer->status >= 400) {
      Error error = engine_error(command_.label, answer->status, answer->body);
      if (error.code == Code::failed_precondition) error.hint = "`ksail cluster start` starts the nodes of a cluster";
      co_return error;
    }
    const json made = json::parse(answer->body, nullptr, false);
    std::string id = made.is_object() ? made.value("Id", std::string()) : std::string();
    if (id.empty()) co_return Error(Code::internal, "cannot " + command_.label + ": the engine gave it no id");
    co_return id;
  }
}

asio::awaitable<Result<void>> Execution::write_input() {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (!command_.input.empty()) {
    auto written = co_await connection_->write(command_.input, context_.deadline());
    // A command may end without reading all of its input: its exit code tells, not the broken pipe.
    if (!written && !output_ended_ && written.error().code != Code::unavailable) co_return written.error();
  }
  if (output_ended_) co_return Result<void>();
  auto closed = co_await connection_->shutdown_write();
  if (!closed && closed.error().code == Code::cancelled) co_return closed.error();
  co_return Result<void>();
}

Result<void> Execution::take(std::vector<OutputPiece> pieces) {
  for (auto &piece : pieces) {
    const char *stream = piece.error_stream ? "stderr" : "stdout";
    if (command_.stream) {
      std::vector<sdk::Blob> blobs(1, sdk::Blob("data", std::move(piece.bytes)));
      context_.event(json{{"event", stream}}, blobs);
      continue;
    }
    std::string &target = piece.error_stream ? errors_ : output_;
    if (target.size() + piece.bytes.size() > max_output)
      return Error(Code::out_of_range, "cannot " + command_.label + ": more than 16 MiB of " + stream,
                   "redirect it into a file in the node, or ask for it as a stream");
    target += piece.bytes;
  }
  return Result<void>();
}

asio::awaitable<Result<void>> Execution::read_output() {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    auto bytes = co_await connection_->read_some(context_.deadline());
    if (!bytes) {
      Error error = std::move(bytes.error()).in("cannot " + command_.label);
      error.outcome_unknown = true;
      co_return error;
    }
    auto pieces = bytes->empty() ? demultiplexer_.finish() : demultiplexer_.feed(*bytes);
    if (!pieces) {
      Error error = std::move(pieces.error()).in("cannot " + command_.label);
      error.outcome_unknown = true;
      co_return error;
    }
    if (auto taken = take(std::move(*pieces)); !taken) co_return taken.error();
    if (!bytes->empty()) continue;
    // The engine goes on holding input that nobody will read any more: a write that waits for it has to end, too.
    output_ended_ = true;
    connection_->close();
    co_return Result<void>();
  }
}

asio::awaitable<Result<int>> Execution::exit_code(std::string id) {
  // Output may end a moment before the engine has noticed that the process did.
  auto pause = std::chrono::milliseconds(2);
  for (;;) {
    EngineCall call("GET", "/exec/" + id + "/json", "learn how it ended: " + command_.label);
    auto state = co_await verbs_.engine.require_json(std::move(call), context_.deadline());
    if (!state) {
      Error error = state.error();
      error.outcome_unknown = true; // it ran
      co_return error;
    }
    const auto code = state->find("ExitCode");
    if (!state->value("Running", false) && code != state->end() && code->is_number_integer())
      co_return code->get<int>();
    const bool waited = co_await sleep_for(pause);
    if (!waited) co_return Error(Code::cancelled, "cancelled");
    if (context_.deadline().passed())
      co_return Error(Code::deadline_exceeded,
                      "cannot " + command_.label + ": it closed its output and goes on running");
    pause = std::min(pause * 2, std::chrono::milliseconds(200));
  }
}

VerbResult Execution::run(std::string cluster) {
  auto id = co_await prepare(std::move(cluster));
  if (!id) co_return id.error();
  const json start = {{"Detach", false}, {"Tty", false}};
  EngineCall call("POST", "/exec/" + *id + "/start", command_.label, start);
  auto connection = co_await verbs_.engine.upgrade(std::move(call), context_.deadline());
  if (!connection) co_return connection.error();
  connection_ = std::move(*connection);

  // Both at once: a command that answers while it is still being fed would otherwise block us and itself.
  std::vector<std::function<asio::awaitable<Result<void>>()>> both;
  both.push_back([this] { return read_output(); });
  if (command_.attach_input) both.push_back([this] { return write_input(); });
  ForEachOptions at_once;
  auto done = co_await run_all(std::move(both), at_once);
  connection_->close();
  if (!done) co_return done.error();
  auto code = co_await exit_code(*id);
  if (!code) co_return code.error();
  Reply reply;
  reply.body["exit_code"] = *code;
  if (!command_.stream) {
    reply.blobs.emplace_back("stdout", std::move(output_));
    reply.blobs.emplace_back("stderr", std::move(errors_));
  }
  co_return reply;
}

} // namespace

VerbResult exec(Verbs &verbs, Request request, Context &context) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto command = read_command(request);
  if (!command) co_return command.error();
  Execution execution(verbs, context, std::move(*command));
  auto reply = co_await execution.run(*cluster);
  co_return std::move(reply);
}

} // namespace ksail::docker
