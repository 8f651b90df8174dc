// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/overlay.hpp"
#include "manifests/json.hpp"
#include "manifests/yaml_writer.hpp"

namespace ksail::cli {

namespace {

using manifests::Node;
using manifests::Rules;
using manifests::kustomize::BuildResult;

/// Text leaves in pieces of about this size: the whole of it is never in memory.
constexpr std::size_t kPiece = 256 * 1024;

/// Objects as one YAML stream or as one JSON List.
class Printer {
public:
  explicit Printer(CommandContext &context) : context_(context) {
    if (context_.json) text_ = R"({"apiVersion":"v1","kind":"List","items":[)";
  }

  Result<void> operator()(const Node &object) {
    if (!first_) text_ += context_.json ? ",\n" : "---\n";
    if (first_ && context_.json) text_ += "\n";
    first_ = false;
    const auto error =
        context_.json ? write_json(object, Rules::kustomize, text_) : write_yaml(object, Rules::kustomize, text_);
    if (error) return Error(Code::config, "writing " + name_of(object) + ": " + error->message);
    if (text_.size() >= kPiece) flush();
    return {};
  }

  void end() {
    if (context_.json) text_ += first_ ? "]}\n" : "\n]}\n";
    flush();
  }

private:
  void flush() {
    // From here on an error may not become a second document.
    context_.answered = true;
    if (!text_.empty()) context_.console.out(text_);
    text_.clear();
  }
  static std::string name_of(const Node &object) {
    const Node *metadata = object.find("metadata");
    return "the " + std::string(object.find_text("kind")) + " " +
           std::string(metadata != nullptr ? metadata->find_text("name") : "");
  }

  CommandContext &context_;
  std::string text_;
  bool first_ = true;
};

} // namespace

Result<void> run_workload_build(CommandContext &context) {
  auto directories = context.invocation.arguments;
  if (directories.empty()) directories.push_back(".");
  auto built = build_overlays(context, directories);
  if (!built) return built.error();
  Printer print(context);
  for (const BuildResult &result : *built)
    for (const Node *object : result.objects)
      if (auto done = print(*object); !done) return done;
  print.end();
  return {};
}

} // namespace ksail::cli
