#include "cli/webhook.h"

#include <CLI/CLI.hpp>
#include <array>
#include <fmt/format.h>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "base/random.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/text.h"
#include "cli/webhook_describe.h"

namespace slipway::cli {
namespace {

constexpr const char* kWebhooks = "/api/v1/webhooks";
constexpr std::size_t kSecretBytes = 32;  // as many as the HMAC-SHA256 that it is the key of

std::string webhook_target(const std::string& id) { return fmt::format("{}/{}", kWebhooks, percent_encoded(id)); }

std::string delivery_target(const std::string& id, const std::string& delivery) {
  return fmt::format("{}/deliveries/{}", webhook_target(id), percent_encoded(delivery));
}

struct CreateOptions {
  std::string name;
  std::string url;
  std::vector<std::string> events;
  std::string description;
  std::string secret_file;
  bool is_unsigned = false;
  bool is_off = false;
};

Result<std::string> secret_of(const CreateOptions& options) {
  if (options.is_unsigned) return std::string();
  if (!options.secret_file.empty()) return first_line_of_private_file(options.secret_file, "--secret-file");
  std::array<std::uint8_t, kSecretBytes> bytes{};
  system_random().fill(std::as_writable_bytes(std::span(bytes)));
  return to_hex(bytes);
}

std::string create_body(const CreateOptions& options, const std::string& secret) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("name").value(options.name).key("url").value(options.url);
  writer.key("description").value(options.description).key("events").begin_array();
  for (const std::string& event : options.events) writer.value(event);
  writer.end_array().key("active").value(!options.is_off).key("secret").value(secret).end_object();
  return body;
}

Status create(Context& context, const CreateOptions& options) {
  SLIPWAY_TRY(const std::string secret, secret_of(options));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.post(kWebhooks, create_body(options, secret)));
  if (options.is_unsigned || !options.secret_file.empty()) return print_reply(context, answer, &describe_made_webhook);
  SLIPWAY_TRY(json::value made, parse_json(answer));
  if (json::object* webhook = made.if_object())
    webhook->insert_or_assign("secret", secret);  // the server never says it
  return print_reply(context, json::serialize(made), &describe_made_webhook);
}

Status get(Context& context, const std::string& target, std::string (*describe)(const json::value&)) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.get(target));
  return print_reply(context, answer, describe);
}

// An example that did not arrive is an answer, and an exit code that a script can act upon.
Status try_out(Context& context, const std::string& id, const std::string& event) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  if (!event.empty()) writer.key("event").value(event);
  writer.end_object();
  SLIPWAY_TRY(const std::string answer, api.post(webhook_target(id) + "/test", body));
  SLIPWAY_CHECK(print_reply(context, answer, &describe_trial));
  SLIPWAY_TRY(const json::value outcome, parse_json(answer));
  if (text_at(as_object(outcome), "delivered") != "true") context.exit_code = kRefused;
  return {};
}

Status send_again(Context& context, const std::string& id, const std::string& delivery) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.post(delivery_target(id, delivery) + "/send", ""));
  return print_reply(context, answer, &describe_sent_again);
}

Status remove(Context& context, const std::string& id) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.remove(webhook_target(id)));
  return print_reply(context, answer, &describe_removed_webhook);
}

struct PageOptions {
  int limit = 100;
  std::string token;
  std::string to_query() const {
    return fmt::format("?limit={}{}", limit, token.empty() ? "" : "&page_token=" + percent_encoded(token));
  }
};

void add_page_options(CLI::App& command, PageOptions& page) {
  command.add_option("--limit", page.limit, "How many to show")->check(CLI::Range(1, 1000))->capture_default_str();
  command.add_option("--page", page.token, "Page to begin with, as the page before named it")->type_name("TOKEN");
}

CLI::App* add_command(CLI::App& webhook, const char* name, const char* help, std::string& id) {
  CLI::App* command = webhook.add_subcommand(name, help);
  command->add_option("id", id, "Id of the webhook")->required()->type_name("ID");
  return command;
}

void add_create(CLI::App& webhook, Context& context) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = webhook.add_subcommand("create", "Tell a URL of events; the secret is shown once");
  command->footer(
      "Deliveries are signed with a secret that is made here, unless --secret-file has one.\n\n"
      "Examples:\n"
      "  slipway webhook create --name approvals --url https://example.org/hook --event model_version.approved\n"
      "  slipway webhook create --name ci --url https://ci.example.org/ --secret-file secret.txt \\\n"
      "    --event model_version.approval_requested --event model_version.rejected");
  command->add_option("--name", options->name, "What people call it")->required()->type_name("NAME");
  command->add_option("--url", options->url, "Where to send to; http or https")->required()->type_name("URL");
  command->add_option("--event", options->events, "What to tell of; may be repeated")
      ->required()
      ->expected(1)
      ->take_all()
      ->type_name("EVENT");
  command->add_option("--description", options->description, "A sentence for people")->type_name("TEXT");
  auto* file = command->add_option("--secret-file", options->secret_file, "File whose first line is the secret")
                   ->type_name("FILE");
  command->add_flag("--unsigned", options->is_unsigned, "Do not sign deliveries")->excludes(file);
  command->add_flag("--off", options->is_off, "Make it, but send nothing yet");
  command->callback([options, &context] { context.status = create(context, *options); });
}

void add_deliveries(CLI::App& webhook, Context& context) {
  struct Options {
    std::string id;
    std::string delivery;
    std::string state;
    PageOptions page;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(webhook, "deliveries", "What was sent in the last 7 days, newest first", options->id);
  command->footer(
      "With DELIVERY, what it said and each attempt.\n\n"
      "Examples:\n"
      "  slipway webhook deliveries 01a21014-9bb1-7326-87db-0725667ae8fb --state dead\n"
      "  slipway webhook deliveries 01a21014-9bb1-7326-87db-0725667ae8fb 01a21015-04f1-7c1a-b1cd-6b3fd1c2a1d4");
  command->add_option("delivery", options->delivery, "Id of one delivery")->type_name("DELIVERY");
  command->add_option("--state", options->state, "Only those in this state")
      ->check(CLI::IsMember({"waiting", "delivered", "dead"}))
      ->type_name("STATE");
  add_page_options(*command, options->page);
  command->callback([options, &context] {
    if (!options->delivery.empty()) {
      context.status = get(context, delivery_target(options->id, options->delivery), &describe_delivery);
      return;
    }
    std::string target = webhook_target(options->id) + "/deliveries" + options->page.to_query();
    if (!options->state.empty()) target += "&state=" + options->state;
    context.status = get(context, target, &describe_deliveries);
  });
}

void add_test(CLI::App& webhook, Context& context) {
  auto id = std::make_shared<std::string>();
  auto event = std::make_shared<std::string>();
  CLI::App* command = add_command(webhook, "test", "Send an example now, once, and show what came back", *id);
  command->footer(
      "Exits with 1 when the receiver did not take it.\n\n"
      "Example:\n  slipway webhook test 01a21014-9bb1-7326-87db-0725667ae8fb --event model_version.approved");
  command->add_option("--event", *event, "Of this event; the first that it is told of without it")->type_name("EVENT");
  command->callback([id, event, &context] { context.status = try_out(context, *id, *event); });
}

}  // namespace

void add_webhook_commands(CLI::App& app, Context& context) {
  CLI::App* webhook = app.add_subcommand("webhook", "Who is told of what happens in the registry");
  webhook->require_subcommand(1);
  add_create(*webhook, context);

  auto page = std::make_shared<PageOptions>();
  CLI::App* command = webhook->add_subcommand("list", "All webhooks");
  command->footer("Example:\n  slipway webhook list --json");
  add_page_options(*command, *page);
  command->callback(
      [page, &context] { context.status = get(context, kWebhooks + page->to_query(), &describe_webhooks); });

  auto shown = std::make_shared<std::string>();
  command = add_command(*webhook, "show", "One webhook, without its secret", *shown);
  command->footer("Example:\n  slipway webhook show 01a21014-9bb1-7326-87db-0725667ae8fb");
  command->callback([shown, &context] { context.status = get(context, webhook_target(*shown), &describe_webhook); });

  add_test(*webhook, context);
  add_deliveries(*webhook, context);

  auto from = std::make_shared<std::string>();
  auto delivery = std::make_shared<std::string>();
  command = add_command(*webhook, "send", "Send a delivery again, under its id", *from);
  command->footer(
      "Example:\n"
      "  slipway webhook send 01a21014-9bb1-7326-87db-0725667ae8fb 01a21015-04f1-7c1a-b1cd-6b3fd1c2a1d4");
  command->add_option("delivery", *delivery, "Id of the delivery")->required()->type_name("DELIVERY");
  command->callback([from, delivery, &context] { context.status = send_again(context, *from, *delivery); });

  auto removed = std::make_shared<std::string>();
  command = add_command(*webhook, "remove", "Tell it nothing any more, also of what waits", *removed);
  command->footer("Example:\n  slipway webhook remove 01a21014-9bb1-7326-87db-0725667ae8fb");
  command->callback([removed, &context] { context.status = remove(context, *removed); });
}

}  // namespace slipway::cli
