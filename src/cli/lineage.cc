#include "cli/lineage.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <ostream>

#include "base/digest.h"
#include "cli/context.h"
#include "cli/lineage_describe.h"

namespace slipway::cli {
namespace {

struct ShowOptions {
  std::string subject;
  bool is_up = false;
  bool is_down = false;
  int depth = 10;
  int nodes = 200;
  int predictions = 0;
};

Result<std::string> sha256_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 hasher;
  std::string buffer(1 << 20, '\0');
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hasher.update(std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  if (file.bad() || !file.eof())
    return fail(Code::kNotFound, "cli.unreadable_file", fmt::format("cannot read {}", path));
  return hasher.finish().hex();
}

// A file stands for the datasets of its digest.
Result<std::string> subject_of(Context& context, const std::string& text) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(text, ignored)) return text;
  SLIPWAY_TRY(std::string digest, sha256_of_file(text));
  context.err << fmt::format("{} is a file; its SHA-256 is {}\n", text, digest);
  return "dataset:" + digest;
}

Status show(Context& context, const ShowOptions& options) {
  SLIPWAY_TRY(const std::string subject, subject_of(context, options.subject));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  const std::string_view direction = options.is_up ? "up" : options.is_down ? "down" : "both";
  SLIPWAY_TRY(
      const std::string body,
      api.get(fmt::format("/api/v1/lineage/graph?subject={}&direction={}&depth={}&nodes={}&predictions={}",
                          percent_encoded(subject), direction, options.depth, options.nodes, options.predictions)));
  return print_reply(context, body, &describe_lineage);
}

}  // namespace

void add_lineage_commands(CLI::App& app, Context& context) {
  CLI::App* lineage = app.add_subcommand("lineage", "What came from what: datasets, runs, versions, predictions");
  lineage->require_subcommand(1);
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = lineage->add_subcommand("show", "What a thing comes from, and what came of it");
  command->footer(
      "SUBJECT is NAME@VERSION, the name or digest of a dataset, a file (its digest is computed), the id of a run, or\n"
      "the request id of a prediction. A word that may be several of these is told apart by dataset:, run:, version:,\n"
      "job:, release: or prediction: before it.\n\n"
      "Examples:\n"
      "  slipway lineage show iris@1.0.0 --up\n"
      "  slipway lineage show train.csv --down --depth 4\n"
      "  slipway lineage show 0190163d-8694-739b-aea5-966c26f8ad91");
  command->add_option("subject", options->subject, "What to look for")->required()->type_name("SUBJECT");
  CLI::Option* up = command->add_flag("--up", options->is_up, "Only what it comes from");
  command->add_flag("--down", options->is_down, "Only what came of it")->excludes(up);
  command->add_option("--depth", options->depth, "Steps to go")->check(CLI::Range(0, 100))->capture_default_str();
  command->add_option("--nodes", options->nodes, "Things to show")->check(CLI::Range(1, 2'000))->capture_default_str();
  command
      ->add_option("--predictions", options->predictions,
                   "Newest predictions of the last day to show of each version; needs the role auditor")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command->callback([options, &context] { context.status = show(context, *options); });
}

}  // namespace slipway::cli
