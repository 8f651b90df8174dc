// SPDX-License-Identifier: Apache-2.0
// `cluster load-image`
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "orchestrator/image_load.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace ksail::cli {

namespace key = config::key;

namespace {

/// What looks like a file is one: an image's name has neither a leading dot or slash nor such an ending.
bool names_archive(const std::string &word) {
  return word.starts_with("/") || word.starts_with("./") || word.starts_with("../") || word.ends_with(".tar");
}

Result<ImageLoadOptions> sources(const std::vector<std::string> &words) {
  ImageLoadOptions options;
  bool input = false;
  for (const auto &word : words) {
    if (word == "-") {
      if (input) return Error(Code::usage, "standard input (-) can be read once only");
      input = true;
      options.archives.push_back({"/dev/stdin", "on standard input"});
    } else if (names_archive(word)) {
      std::error_code error;
      const auto path = std::filesystem::absolute(word, error);
      if (!std::filesystem::exists(path, error))
        return Error(Code::not_found, "there is no image archive " + word,
                     "`docker save -o " + word + " IMAGE` makes one");
      options.archives.push_back({path.string(), word});
    } else {
      options.images.push_back(word);
    }
  }
  return options;
}

} // namespace

Result<void> run_cluster_load_image(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  auto options = sources(context.invocation.arguments);
  if (!options) return options.error();
  const std::string name = settings->text(key::name);
  context.summary.command = "cluster load-image";
  context.summary.provider = settings->text(key::provider);
  context.summary.cluster = name;
  Execution execution(context);
  if (auto loaded = execution.load_provider(*settings); !loaded) return loaded.error();
  const auto deadline = Deadline::after(timeout_of(*settings, std::chrono::minutes(10)));
  std::function<asio::awaitable<Result<ImageLoadReport>>()> work = [&] {
    return load_images(execution.session(), name, *options, deadline);
  };
  Interruption interruption;
  interruption.first = "stopping and removing what was sent (once more ends at once)";
  auto report = execution.run<ImageLoadReport>(work, interruption);
  context.progress.close();
  if (!report) return report.error();
  if (context.json) {
    context.answer("ImageLoad", {{"cluster", name},
                                 {"sources", context.invocation.arguments},
                                 {"nodes", report->nodes},
                                 {"notRunning", report->not_running},
                                 {"present", report->present},
                                 {"bytes", report->bytes},
                                 {"seconds", context.timing.elapsed_seconds()}});
    return {};
  }
  const std::string on = plural(report->nodes.size(), "node") + " of cluster " + name;
  if (report->present)
    context.say("nothing to do: " + on + (report->nodes.size() == 1 ? " has" : " have") + " it already");
  else
    context.say("loaded into " + on + ", " + std::to_string(report->bytes / 1000000) + " MB, " +
                short_duration(context.timing.elapsed_seconds()));
  return {};
}

} // namespace ksail::cli
