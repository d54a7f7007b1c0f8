#include "cli/model.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <ostream>

#include "base/json_writer.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/model_describe.h"
#include "cli/model_pull.h"
#include "cli/model_push.h"
#include "cli/model_ref.h"

namespace slipway::cli {
namespace {

Status list_models(Context& context, int limit, const std::string& page_token) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string target = fmt::format("/api/v1/models?limit={}", limit);
  if (!page_token.empty()) target += "&page_token=" + percent_encoded(page_token);
  SLIPWAY_TRY(const std::string body, api.get(target));
  SLIPWAY_CHECK(print_reply(context, body, &describe_models));
  if (context.options.is_json) return {};
  SLIPWAY_TRY(const json::value page, parse_json(body));
  const std::string next = text_at(as_object(page), "next_page_token");
  if (!next.empty()) context.out << fmt::format("\nMore: slipway model list --page {}\n", next);
  return {};
}

Status show_model(Context& context, const std::string& text) {
  SLIPWAY_TRY(const ModelRef ref, parse_model_ref(text));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string body, api.get(model_target(ref)));
  return print_reply(context, body, ref.version.empty() ? &describe_model : &describe_version);
}

// approve, reject, retire: one body member at most each, besides the digest.
Status decide(Context& context, const std::string& text, std::string_view verb,
              const std::vector<std::pair<std::string, std::string>>& members) {
  SLIPWAY_TRY(const ModelRef ref, parse_version_ref(text));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  for (const auto& [key, value] : members) {
    if (!value.empty()) writer.key(key).value(value);
  }
  writer.end_object();
  SLIPWAY_TRY(const std::string answer, api.post(fmt::format("{}/{}", model_target(ref), verb), body));
  return print_reply(context, answer, &describe_decision);
}

Status verify_model(Context& context, const std::string& text) {
  SLIPWAY_TRY(const ModelRef ref, parse_version_ref(text));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string body, api.post(model_target(ref) + "/verify", ""));
  SLIPWAY_CHECK(print_reply(context, body, &describe_check));
  SLIPWAY_TRY(const json::value report, parse_json(body));
  if (text_at(as_object(report), "ok") == "true") return {};
  return fail(Code::kDataLoss, "bundle.damaged", fmt::format("{} is not what was pushed", text));
}

void add_push(CLI::App& model, Context& context) {
  auto options = std::make_shared<PushOptions>();
  auto metadata = std::make_shared<std::vector<std::string>>();
  CLI::App* command = model.add_subcommand("push", "Send a model file, or a directory with one, as a new version");
  command->footer(
      "The server checks the model in a sandbox, runs the version's tests, and makes it a candidate for approval.\n"
      "A directory may hold contract.yaml, profile.json, card.md and tests.json; hidden files are left out, links are "
      "refused.\nNothing can be seen of a push until all of it has arrived.\n\n"
      "Examples:\n"
      "  slipway model push model.onnx --name iris --version 1.0.0 --contract contract.yaml\n"
      "  slipway model push ./bundle --name iris --version 1.1.0 --description \"trained on 2026 data\"\n"
      "  slipway model push model.onnx --name iris --version 1.2.0 --tests tests.json --file holdout.csv");
  command->add_option("source", options->bundle.source, "Model file or directory")->required()->type_name("DIR|FILE");
  command->add_option("--name", options->name, "Name of the model")->required()->type_name("NAME");
  command->add_option("--version", options->version, "Semantic version, for example 1.2.0")
      ->required()
      ->type_name("X.Y.Z");
  command->add_option("--contract", options->bundle.contract, "Data contract (ODCS YAML)")->type_name("FILE");
  command->add_option("--profile", options->bundle.profile, "Reference profile")->type_name("FILE");
  command->add_option("--card", options->bundle.card, "Model card")->type_name("FILE");
  command->add_option("--tests", options->bundle.tests, "Test suite that gates the version")->type_name("FILE");
  command->add_option("--file", options->bundle.extra_files, "Further file, under its own name; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command->add_option("--metadata", *metadata, "KEY=VALUE kept in the manifest; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  command->add_option("--description", options->description, "A sentence for people")->type_name("TEXT");
  command->add_option("--run", options->run, "The run that made the model; slipway reproduce finds it by the version")
      ->type_name("ID");
  command->callback([options, metadata, &context] {
    for (const std::string& entry : *metadata) {
      const std::size_t equals = entry.find('=');
      if (equals == 0 || equals == entry.npos) {
        context.status = usage_error(fmt::format("--metadata {} is not KEY=VALUE", entry));
        return;
      }
      options->bundle.metadata[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    context.status = push_model(context, *options);
  });
}

void add_pull(CLI::App& model, Context& context) {
  auto ref = std::make_shared<std::string>();
  auto directory = std::make_shared<std::string>();
  CLI::App* command = model.add_subcommand("pull", "Fetch the files of a version and verify them");
  command->footer(
      "The directory must not exist. It appears complete and verified, or not at all.\n\n"
      "Example:\n  slipway model pull iris@1.0.0 ./iris-1.0.0");
  command->add_option("version", *ref, "NAME@VERSION")->required()->type_name("NAME@VERSION");
  command->add_option("directory", *directory, "Directory to make")->required()->type_name("DIR");
  command->callback([ref, directory, &context] { context.status = pull_model(context, *ref, *directory); });
}

void add_list(CLI::App& model, Context& context) {
  auto limit = std::make_shared<int>(100);
  auto page = std::make_shared<std::string>();
  CLI::App* command = model.add_subcommand("list", "Models with their latest versions");
  command->footer("Examples:\n  slipway model list\n  slipway model list --json");
  command->add_option("--limit", *limit, "Models a page")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--page", *page, "Page to begin with, as the page before named it")->type_name("TOKEN");
  command->callback([limit, page, &context] { context.status = list_models(context, *limit, *page); });
}

void add_show(CLI::App& model, Context& context) {
  auto ref = std::make_shared<std::string>();
  CLI::App* command = model.add_subcommand("show", "Versions of a model, or everything about one version");
  command->footer("Examples:\n  slipway model show iris\n  slipway model show iris@1.0.0");
  command->add_option("model", *ref, "NAME or NAME@VERSION")->required()->type_name("NAME[@VERSION]");
  command->callback([ref, &context] { context.status = show_model(context, *ref); });
}

struct Decision {
  const char* verb;
  const char* help;
  const char* footer;
  const char* text_option;  // the sentence that goes along
  const char* text_member;
  const char* text_help;
  bool is_text_required;
  bool takes_digest;
};

constexpr Decision kDecisions[] = {
    {"approve", "Approve the exact bytes of a version",
     "Not by its author. Give the digest that you have reviewed, and only those bytes are approved.\n\n"
     "Examples:\n  slipway model approve iris@1.0.0\n  slipway model approve iris@1.0.0 --digest 9f2c… --comment "
     "\"reviewed\"",
     "--comment", "comment", "Why", false, true},
    {"reject", "Reject a version, with a reason",
     "Example:\n  slipway model reject iris@1.0.0 --reason \"fails on minors\"", "--reason", "reason",
     "Why; kept with the version", true, false},
    {"retire", "Take a version out of use, with a reason",
     "Example:\n  slipway model retire iris@1.0.0 --reason \"replaced by 1.1.0\"", "--reason", "reason",
     "Why; kept with the version", true, false},
};

void add_decision(CLI::App& model, Context& context, const Decision& decision) {
  struct Options {
    std::string ref;
    std::string text;
    std::string digest;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = model.add_subcommand(decision.verb, decision.help);
  command->footer(decision.footer);
  command->add_option("version", options->ref, "NAME@VERSION")->required()->type_name("NAME@VERSION");
  command->add_option(decision.text_option, options->text, decision.text_help)
      ->required(decision.is_text_required)
      ->type_name("TEXT");
  if (decision.takes_digest) {
    command->add_option("--digest", options->digest, "Digest of the bundle that is approved")->type_name("SHA256");
  }
  command->callback([options, &context, &decision] {
    context.status = decide(context, options->ref, decision.verb,
                            {{"digest", options->digest}, {decision.text_member, options->text}});
  });
}

void add_verify(CLI::App& model, Context& context) {
  auto ref = std::make_shared<std::string>();
  CLI::App* command =
      model.add_subcommand("verify", "Read every stored byte of a version again and compare its digest");
  command->footer("Exits with 1 when a byte is not what was pushed.\n\nExample:\n  slipway model verify iris@1.0.0");
  command->add_option("version", *ref, "NAME@VERSION")->required()->type_name("NAME@VERSION");
  command->callback([ref, &context] { context.status = verify_model(context, *ref); });
}

}  // namespace

void add_model_commands(CLI::App& app, Context& context) {
  CLI::App* model = app.add_subcommand("model", "Models and their versions: push, look, approve, retire");
  model->require_subcommand(1);
  add_push(*model, context);
  add_list(*model, context);
  add_show(*model, context);
  for (const Decision& decision : kDecisions) add_decision(*model, context, decision);
  add_verify(*model, context);
  add_pull(*model, context);
}

}  // namespace slipway::cli
