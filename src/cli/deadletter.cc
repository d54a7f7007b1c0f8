#include "cli/deadletter.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <ostream>

#include "base/json_writer.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

std::string letter_target(const std::string& id) { return "/api/v1/dead-letters/" + percent_encoded(id); }

std::string asked_by(const json::object& letter) {
  const std::string name = text_at(letter, "principal_name");
  return name.empty() ? text_at(letter, "principal") : name;
}

std::string describe_list(const json::value& value) {
  Table table({"ID", "SINCE", "MODEL", "VERSION", "REASON", "ATTEMPTS", "ASKED BY"});
  for (const json::value& item : array_at(as_object(value), "dead_letters")) {
    const json::object& letter = as_object(item);
    table.add({text_at(letter, "id"), short_time(text_at(letter, "settled")), text_at(letter, "model"),
               text_at(letter, "version"), text_at(object_at(letter, "error"), "reason"), text_at(letter, "attempts"),
               asked_by(letter)});
  }
  if (table.is_empty()) return "No dead letters.\n";
  const bool has_more = !text_at(as_object(value), "next_page_token").empty();
  return table.to_string() + (has_more ? "There are more: --limit shows up to 1,000.\n" : "");
}

std::string describe_letter(const json::value& value) {
  const json::object& letter = as_object(value);
  const json::object& error = object_at(letter, "error");
  std::string text = facts({{"id", text_at(letter, "id")},
                            {"state", text_at(letter, "state")},
                            {"model", text_at(letter, "model")},
                            {"version", text_at(letter, "version")},
                            {"asked by", asked_by(letter)},
                            {"created", short_time(text_at(letter, "created"))},
                            {"settled", short_time(text_at(letter, "settled"))},
                            {"replays", text_at(letter, "replays")},
                            {"reason", text_at(error, "reason")},
                            {"message", text_at(error, "message")}});
  Table table({"ATTEMPT", "STARTED", "VERSION", "OUTCOME", "RECORD"});
  for (const json::value& item : array_at(letter, "log")) {
    const json::object& attempt = as_object(item);
    const std::string reason = text_at(attempt, "reason");
    table.add({text_at(attempt, "number"), short_time(text_at(attempt, "started")), text_at(attempt, "version"),
               reason.empty() ? text_at(attempt, "code") : reason, text_at(attempt, "record")});
  }
  return table.is_empty() ? text : text + '\n' + table.to_string();
}

std::string describe_replay(const json::value& value) {
  const json::object& report = as_object(value);
  std::string text = fmt::format("{} replayed on version {}, at most {} a second.\n", text_at(report, "replayed"),
                                 text_at(report, "version"), text_at(report, "rate"));
  if (const auto skipped = count_at(report, "skipped"); skipped > 0) {
    text += fmt::format("{} wait, run or have succeeded already.\n", skipped);
  }
  for (const json::value& item : array_at(report, "refusals")) {
    const json::object& refusal = as_object(item);
    text += fmt::format("{}: {} ({})\n", clean(text_at(refusal, "id")), clean(text_at(refusal, "message")),
                        clean(text_at(refusal, "reason")));
  }
  return text;
}

std::string describe_drop(const json::value& value) {
  return fmt::format("{} is dropped.\n", clean(text_at(as_object(value), "id")));
}

struct ListOptions {
  std::string model;
  std::int64_t limit = 100;
};

Status list(Context& context, const ListOptions& options) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string target = fmt::format("/api/v1/dead-letters?limit={}", options.limit);
  if (!options.model.empty()) target += "&model=" + percent_encoded(options.model);
  SLIPWAY_TRY(const std::string answer, api.get(target));
  return print_reply(context, answer, &describe_list);
}

Status show(Context& context, const std::string& id, bool is_request) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  if (!is_request) {
    SLIPWAY_TRY(const std::string answer, api.get(letter_target(id)));
    return print_reply(context, answer, &describe_letter);
  }
  SLIPWAY_TRY(const std::string bytes, api.get(letter_target(id) + "/request"));
  context.out << bytes;
  return {};
}

struct ReplayOptions {
  std::vector<std::string> ids;
  std::string model;
  bool is_all = false;
  std::string version;
  double rate = 10;
};

std::string wish_json(const ReplayOptions& options) {
  std::string wish;
  JsonWriter writer(wish);
  writer.begin_object().key("version").value(options.version).key("rate").value(options.rate);
  if (!options.ids.empty()) {
    writer.key("ids").begin_array();
    for (const std::string& id : options.ids) writer.value(id);
    writer.end_array();
  }
  if (!options.model.empty()) writer.key("model").value(options.model);
  if (options.is_all) writer.key("all").value(true);
  writer.end_object();
  return wish;
}

Status replay(Context& context, const ReplayOptions& options) {
  const int ways = int{!options.ids.empty()} + int{!options.model.empty()} + int{options.is_all};
  if (ways != 1) return usage_error("say which letters: their IDs, --model or --all");
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.post("/api/v1/dead-letter-replays", wish_json(options)));
  SLIPWAY_CHECK(print_reply(context, answer, &describe_replay));
  SLIPWAY_TRY(const json::value report, parse_json(answer));
  if (count_at(as_object(report), "refused") > 0) context.exit_code = kRefused;
  return {};
}

Status drop(Context& context, const std::vector<std::string>& ids) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  for (const std::string& id : ids) {
    SLIPWAY_TRY(const std::string answer, api.remove(letter_target(id)));
    SLIPWAY_CHECK(print_reply(context, answer, &describe_drop));
  }
  return {};
}

void add_replay(CLI::App& letters, Context& context) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = letters.add_subcommand("replay", "Ask letters again, of a version that you name");
  command->footer(
      "Examples:\n"
      "  slipway deadletter replay --model iris --version 1.1.0\n"
      "  slipway deadletter replay 01a21005-946a-71af-a72b-b5eda96f97d6 --version 1.1.0\n"
      "\nA letter that waits, runs or has succeeded already is left alone, so the command can be given again.");
  command->add_option("ids", options->ids, "The letters")->type_name("ID");
  command->add_flag("--all", options->is_all, "All letters");
  command->add_option("--model", options->model, "All letters of this model")->type_name("MODEL");
  command->add_option("--version", options->version, "The version that answers: a semantic version, approved")
      ->required()
      ->type_name("X.Y.Z");
  command->add_option("--rate", options->rate, "How many may start in a second")
      ->check(CLI::Range(0.001, 10'000.0))
      ->capture_default_str();
  command->callback([options, &context] { context.status = replay(context, *options); });
}

}  // namespace

void add_dead_letter_commands(CLI::App& app, Context& context) {
  CLI::App* letters = app.add_subcommand("deadletter", "Asynchronous requests that failed for good");
  letters->require_subcommand(1);

  auto listed = std::make_shared<ListOptions>();
  CLI::App* command = letters->add_subcommand("list", "The letters, newest first");
  command->add_option("--model", listed->model, "Of this model")->type_name("MODEL");
  command->add_option("--limit", listed->limit, "How many")->check(CLI::Range(1, 1'000))->capture_default_str();
  command->callback([listed, &context] { context.status = list(context, *listed); });

  auto shown = std::make_shared<std::string>();
  auto is_request = std::make_shared<bool>(false);
  command = letters->add_subcommand("show", "A letter: who asked, what went wrong, each attempt");
  command->add_option("id", *shown, "The letter")->required()->type_name("ID");
  command->add_flag("--request", *is_request, "Print the request as it came; the audit log records who looked");
  command->callback([shown, is_request, &context] { context.status = show(context, *shown, *is_request); });

  add_replay(*letters, context);

  auto dropped = std::make_shared<std::vector<std::string>>();
  command = letters->add_subcommand("drop", "Forget letters");
  command->add_option("ids", *dropped, "The letters")->required()->type_name("ID");
  command->callback([dropped, &context] { context.status = drop(context, *dropped); });
}

}  // namespace slipway::cli
