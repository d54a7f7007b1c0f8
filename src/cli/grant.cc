#include "cli/grant.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "base/json_writer.h"
#include "cli/context.h"
#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

struct GrantOptions {
  std::string name;
  std::string role;
  std::string model = "*";
};

std::string describe_grants(const json::value& value) {
  Table table({"PRINCIPAL", "ROLE", "MODEL", "SINCE"});
  for (const json::value& item : array_at(as_object(value), "grants")) {
    const json::object& grant = as_object(item);
    table.add({text_at(grant, "name"), text_at(grant, "role"), text_at(grant, "model"),
               short_time(text_at(grant, "created"))});
  }
  return table.is_empty() ? "No grants.\n" : table.to_string();
}

std::string subject_of(const json::value& value) {
  const json::object& grant = as_object(value);
  const std::string model = text_at(grant, "model");
  return clean(fmt::format("{} {} on {}", text_at(grant, "name"), text_at(grant, "role"),
                           model == "*" ? "all models" : "model " + model));
}

std::string describe_granted(const json::value& value) { return "Granted: " + subject_of(value) + ".\n"; }
std::string describe_revoked(const json::value& value) {
  return "Revoked: " + subject_of(value) + ". Keys that stood on it have stopped.\n";
}

Status send(Context& context, const GrantOptions& options, const std::string& target,
            std::string (*describe)(const json::value&)) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("name").value(options.name).key("role").value(options.role);
  writer.key("model").value(options.model).end_object();
  SLIPWAY_TRY(const std::string answer, api.post(target, body));
  return print_reply(context, answer, describe);
}

Status list_grants(Context& context) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.get("/api/v1/grants"));
  return print_reply(context, answer, &describe_grants);
}

std::shared_ptr<GrantOptions> add_options(CLI::App& command) {
  auto options = std::make_shared<GrantOptions>();
  command.add_option("--name", options->name, "Principal")->required()->type_name("NAME");
  command.add_option("--role", options->role, "What it may do")
      ->required()
      ->check(CLI::IsMember({"viewer", "predictor", "data-scientist", "approver", "operator", "admin", "auditor"}))
      ->type_name("ROLE");
  command.add_option("--model", options->model, "Model it is for, * for all")->capture_default_str()->type_name("NAME");
  return options;
}

}  // namespace

void add_grant_commands(CLI::App& key, Context& context) {
  CLI::App* list = key.add_subcommand("grants", "What each principal holds");
  list->footer("Example:\n  slipway key grants --json");
  list->callback([&context] { context.status = list_grants(context); });

  CLI::App* grant = key.add_subcommand("grant", "Give a principal a role; its keys keep what they were made for");
  grant->footer("Example:\n  slipway key grant --name ann --role approver --model iris");
  const auto granted = add_options(*grant);
  grant->callback(
      [granted, &context] { context.status = send(context, *granted, "/api/v1/grants", &describe_granted); });

  CLI::App* revoke = key.add_subcommand("revoke-grant", "Take a role away, and with it every key that stands on it");
  revoke->footer("Example:\n  slipway key revoke-grant --name ann --role approver --model iris");
  const auto revoked = add_options(*revoke);
  revoke->callback(
      [revoked, &context] { context.status = send(context, *revoked, "/api/v1/grants/revoke", &describe_revoked); });
}

}  // namespace slipway::cli
