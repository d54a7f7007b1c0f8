#include "cli/key.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "base/json_writer.h"
#include "cli/context.h"
#include "cli/grant.h"
#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

std::string describe_issued(const json::value& value) {
  const json::object& key = as_object(value);
  return clean(text_at(key, "key")) + "\n\nKeep it now: it is not shown again.\n\n" +
         facts({{"id", text_at(key, "id")},
                {"principal", text_at(key, "name")},
                {"role", text_at(key, "role")},
                {"model", text_at(key, "model")},
                {"expires", text_at(key, "expires").empty() ? "never" : short_time(text_at(key, "expires"))}});
}

std::string describe_keys(const json::value& value) {
  Table table({"ID", "PRINCIPAL", "ROLE", "MODEL", "CREATED", "EXPIRES", "LAST USED", "STATE"});
  for (const json::value& item : array_at(as_object(value), "keys")) {
    const json::object& key = as_object(item);
    const auto time = [&](std::string_view name) {
      const std::string text = text_at(key, name);
      return text.empty() ? "never" : short_time(text);
    };
    table.add({text_at(key, "id"), text_at(key, "name"), text_at(key, "role"), text_at(key, "model"), time("created"),
               time("expires"), time("last_used"), text_at(key, "revoked").empty() ? "live" : "revoked"});
  }
  return table.is_empty() ? "No keys.\n" : table.to_string();
}

std::string describe_revoked(const json::value& value) {
  return fmt::format("Key {} is revoked.\n", clean(text_at(as_object(value), "id")));
}

struct CreateOptions {
  std::string name;
  std::string role;
  std::string model = "*";
  int expires_in_days = 0;
};

Status create_key(Context& context, const CreateOptions& options) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string body;
  JsonWriter writer(body);
  writer.begin_object()
      .key("name")
      .value(options.name)
      .key("role")
      .value(options.role)
      .key("model")
      .value(options.model);
  if (options.expires_in_days > 0) writer.key("expires_in_days").value(options.expires_in_days);
  writer.end_object();
  SLIPWAY_TRY(const std::string answer, api.post("/api/v1/keys", body));
  return print_reply(context, answer, &describe_issued);
}

Status list_keys(Context& context) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.get("/api/v1/keys"));
  return print_reply(context, answer, &describe_keys);
}

Status rotate_key(Context& context, const std::string& id, int grace_minutes) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.post(fmt::format("/api/v1/keys/{}/rotate", percent_encoded(id)),
                                                 fmt::format(R"({{"grace_minutes":{}}})", grace_minutes)));
  return print_reply(context, answer, &describe_issued);
}

Status revoke_key(Context& context, const std::string& id) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.post(fmt::format("/api/v1/keys/{}/revoke", percent_encoded(id)), ""));
  return print_reply(context, answer, &describe_revoked);
}

}  // namespace

void add_key_commands(CLI::App& app, Context& context) {
  CLI::App* key = app.add_subcommand("key", "API keys and grants: create, list, rotate, revoke");
  key->require_subcommand(1);

  auto created = std::make_shared<CreateOptions>();
  CLI::App* create = key->add_subcommand("create", "Make a key for a principal; shown once");
  create->footer(
      "Examples:\n"
      "  slipway key create --name ann --role data-scientist\n"
      "  slipway key create --name shop --role predictor --model iris --expires-in-days 90");
  create->add_option("--name", created->name, "Principal, made if there is none")->required()->type_name("NAME");
  create->add_option("--role", created->role, "What the key may do")
      ->required()
      ->check(CLI::IsMember({"viewer", "predictor", "data-scientist", "approver", "operator", "admin", "auditor"}))
      ->type_name("ROLE");
  create->add_option("--model", created->model, "Model it is for, * for all")->capture_default_str()->type_name("NAME");
  create->add_option("--expires-in-days", created->expires_in_days, "Life of the key; without it, it does not expire")
      ->check(CLI::Range(1, 3650))
      ->type_name("DAYS");
  create->callback([created, &context] { context.status = create_key(context, *created); });

  CLI::App* list = key->add_subcommand("list", "All keys, without their secrets");
  list->footer("Example:\n  slipway key list --json");
  list->callback([&context] { context.status = list_keys(context); });

  auto rotated = std::make_shared<std::string>();
  auto grace_minutes = std::make_shared<int>(60);
  CLI::App* rotate = key->add_subcommand("rotate", "Give a key a new secret; the old one goes on for a while");
  rotate->footer("Example:\n  slipway key rotate 0123456789abcdef --grace-minutes 1440");
  rotate->add_option("id", *rotated, "Id of the key")->required()->type_name("ID");
  rotate->add_option("--grace-minutes", *grace_minutes, "How long the old secret goes on; 0 ends it at once")
      ->check(CLI::Range(0, 43'200))
      ->capture_default_str()
      ->type_name("MINUTES");
  rotate->callback(
      [rotated, grace_minutes, &context] { context.status = rotate_key(context, *rotated, *grace_minutes); });

  auto revoked = std::make_shared<std::string>();
  CLI::App* revoke = key->add_subcommand("revoke", "End a key at once, for good");
  revoke->footer("Example:\n  slipway key revoke 0123456789abcdef");
  revoke->add_option("id", *revoked, "Id of the key")->required()->type_name("ID");
  revoke->callback([revoked, &context] { context.status = revoke_key(context, *revoked); });

  add_grant_commands(*key, context);
}

}  // namespace slipway::cli
