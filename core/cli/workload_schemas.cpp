// SPDX-License-Identifier: Apache-2.0
#include "cli/workload_schemas.hpp"

#include "cli/execution.hpp"
#include "kubernetes/schema_text.hpp"
#include "manifests/reader.hpp"
#include "orchestrator/workload_validate.hpp"
#include "plugins/data_directory.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace ksail::cli {

namespace key = config::key;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr std::string_view bundled_word = "bundled"; ///< as a FILE of --schema; a file of that name is ./bundled
constexpr std::chrono::seconds answer_time(5);       ///< of a server; then it does not answer

Result<std::string> read_schema(const std::string &path, const std::string &hint) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text) return Error(Code::config, "reading the schema " + path + ": it cannot be read", hint);
  return std::move(text).str();
}

Result<void> add_compact(kubernetes::OpenApiSchema &schema, std::string_view text, const std::string &path,
                         std::string &version) {
  auto compact = kubernetes::read_schema_text(text, path);
  if (!compact) return compact.error();
  version = std::move(compact->version);
  return schema.add(std::move(compact->document), path);
}

/// An OpenAPI document, or manifests with CustomResourceDefinitions, or what comes with ksail.
Result<void> add_file(kubernetes::OpenApiSchema &schema, const std::string &path, const std::string &hint,
                      std::string &version) {
  auto content = read_schema(path, hint);
  if (!content) return content.error();
  if (kubernetes::is_schema_text(*content)) return add_compact(schema, *content, path, version);
  json document = json::parse(*content, nullptr, false);
  if (document.is_object() && !document.contains("kind")) return schema.add(std::move(document), path);
  bool any = false;
  auto read = manifests::read_file(path, [&](manifests::Object object) -> Result<void> {
    if (object.kind != "CustomResourceDefinition") return {};
    any = true;
    return schema.add(json::parse(object.json, nullptr, false), object.where.describe());
  });
  if (!read) return read;
  if (!any)
    return Error(Code::config, path + " is no OpenAPI document and holds no CustomResourceDefinition",
                 "`kubectl get --raw /openapi/v2 > schema.json` writes one");
  return {};
}

/// $KSAIL_SCHEMA, else the file beside the program.
Result<void> add_bundled(CommandContext &context, kubernetes::OpenApiSchema &schema, std::string &version) {
  const auto named = context.environment.find("KSAIL_SCHEMA");
  if (named != context.environment.end() && !named->second.empty())
    return add_file(schema, named->second, "correct KSAIL_SCHEMA", version);
  return add_file(schema, (plugins::data_directory() / "schema/kubernetes.txt").string(),
                  "it belongs to the installation of ksail; KSAIL_SCHEMA or --schema names another", version);
}

bool is_flag(const config::Settings &settings, std::string_view of) {
  return settings.value(of).origin == config::Origin::flag;
}

} // namespace

std::string SchemaSource::describe() const {
  const std::string kubernetes = version.empty() ? "" : "Kubernetes " + version;
  switch (kind) {
  case Kind::server:
    return "the schemas of the server" + (version.empty() ? "" : ", " + kubernetes);
  case Kind::bundled:
    return "the schemas that come with ksail, " + kubernetes;
  default:
    break;
  }
  std::string names;
  for (const auto &file : files)
    names += (names.empty() ? "" : ", ") + file;
  return names + (version.empty() ? "" : " (" + kubernetes + ")");
}

ordered_json SchemaSource::to_json() const {
  ordered_json out = {{"from", kind == Kind::server ? "server" : kind == Kind::bundled ? "bundled" : "files"}};
  if (!version.empty()) out["kubernetes"] = version;
  if (!server.empty()) out["server"] = server;
  if (!files.empty()) out["files"] = files;
  if (!reason.empty()) out["reason"] = reason;
  return out;
}

Result<SchemaSource> load_schemas(CommandContext &context, const config::Settings &settings, WorkloadSession &session,
                                  std::shared_ptr<const ObjectSet> objects, kubernetes::OpenApiSchema &schema) {
  SchemaSource source;
  source.files = context.invocation.values("schema");
  for (const auto &file : source.files) {
    auto added = file == bundled_word ? add_bundled(context, schema, source.version)
                                      : add_file(schema, file, "check the path of --schema", source.version);
    if (!added) return added.error();
  }
  if (source.files.size() == 1 && source.files.front() == bundled_word) {
    source.kind = SchemaSource::Kind::bundled;
    source.files.clear();
  }
  if (!context.invocation.values("schema").empty()) return source;

  const bool must_answer = is_flag(settings, key::context) || is_flag(settings, key::kubeconfig);
  if (const auto &access = session.access(); !access) {
    if (must_answer) return access.error();
    source.reason = access.error().message;
  } else {
    Execution execution(context);
    auto client = session.client(execution, 8);
    if (!client) return client.error();
    const auto timeout = timeout_of(settings, std::chrono::seconds(30));
    std::function<asio::awaitable<Result<std::string>>()> greet = [&] {
      return server_version(**client, std::min<std::chrono::nanoseconds>(timeout, answer_time));
    };
    auto version = execution.run<std::string>(greet, Interruption());
    if (version) {
      source.kind = SchemaSource::Kind::server;
      source.server = access->endpoint.describe();
      source.version = std::move(*version);
      std::function<asio::awaitable<Result<void>>()> fetch = [&] {
        return fetch_schemas(**client, objects, schema, timeout);
      };
      auto fetched = execution.run<void>(fetch, Interruption());
      if (!fetched) return fetched.error();
      return source;
    }
    Error error = version.error();
    const bool silent = error.code == Code::unavailable || error.code == Code::deadline_exceeded;
    if (!silent || must_answer) {
      if (error.code != Code::cancelled && error.hint.empty())
        error.hint = "`--schema bundled` takes the schemas that come with ksail instead";
      return error;
    }
    source.reason = error.message;
  }
  source.kind = SchemaSource::Kind::bundled;
  if (auto added = add_bundled(context, schema, source.version); !added)
    return Error(added.error()).in("no cluster answers (" + source.reason + ")");
  if (!context.quiet && !context.json) context.console.err("no cluster is asked: " + source.reason);
  return source;
}

} // namespace ksail::cli
