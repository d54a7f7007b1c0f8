#include "cli/policy.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>

#include "base/json_writer.h"
#include "cli/context.h"
#include "cli/json_fields.h"
#include "cli/text.h"
#include "serving/policy.h"

namespace slipway::cli {
namespace {

std::string policy_target(const std::string& endpoint) {
  return fmt::format("/api/v1/policies/{}", percent_encoded(endpoint));
}

std::string author_of(const json::object& revision) {
  const std::string name = text_at(revision, "author_name");
  return name.empty() ? text_at(revision, "author") : name;
}

std::string describe_policy(const json::value& value) {
  const json::object& revision = as_object(value);
  const std::string head = facts({{"endpoint", text_at(revision, "endpoint")},
                                  {"revision", text_at(revision, "revision")},
                                  {"author", author_of(revision)},
                                  {"created", short_time(text_at(revision, "created"))}});
  std::string text = text_at(revision, "policy");
  if (text.empty()) return head + "\nRemoved: the endpoint has no policy.\n";
  if (!text.ends_with('\n')) text += '\n';
  return head + '\n' + clean(text, true);
}

std::string describe_change(const json::value& value) {
  const json::object& revision = as_object(value);
  return fmt::format("The policy of {} is at revision {}.\n", clean(text_at(revision, "endpoint")),
                     text_at(revision, "revision"));
}

std::string describe_list(const json::array& revisions) {
  Table table({"ENDPOINT", "REVISION", "CREATED", "AUTHOR", "POLICY"});
  for (const json::value& item : revisions) {
    const json::object& revision = as_object(item);
    const std::string text = text_at(revision, "policy");
    table.add({text_at(revision, "endpoint"), text_at(revision, "revision"), short_time(text_at(revision, "created")),
               author_of(revision), text.empty() ? "removed" : bytes_text(text.size())});
  }
  return table.is_empty() ? "No policies.\n" : table.to_string();
}

std::string describe_policies(const json::value& value) {
  return describe_list(array_at(as_object(value), "policies"));
}
std::string describe_history(const json::value& value) {
  return describe_list(array_at(as_object(value), "revisions"));
}

Result<std::string> read_policy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad() || !file.is_open()) {
    return fail(Code::kNotFound, "cli.unreadable_file", fmt::format("cannot read {}", path));
  }
  return text;
}

Status check(Context& context, const std::string& path) {
  SLIPWAY_TRY(const std::string text, read_policy(path));
  SLIPWAY_CHECK(parse_policy(text));
  if (context.options.is_json) {
    std::string line;
    JsonWriter(line).begin_object().key("ok").value(true).key("file").value(path).end_object();
    context.out << line << '\n';
  } else {
    context.out << fmt::format("{} is a policy.\n", clean(path));
  }
  return {};
}

struct SetOptions {
  std::string endpoint;
  std::string path;
  std::int64_t expected_revision = -1;
};

std::string with_expected(std::string target, std::int64_t expected) {
  return expected < 0 ? target : fmt::format("{}?expected_revision={}", target, expected);
}

Status set(Context& context, const SetOptions& options) {
  SLIPWAY_TRY(const std::string text, read_policy(options.path));
  SLIPWAY_CHECK(parse_policy(text));  // what is wrong is said without a server
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(
      const std::string answer,
      api.put_file(with_expected(policy_target(options.endpoint), options.expected_revision), options.path, {}));
  return print_reply(context, answer, &describe_change);
}

Status remove(Context& context, const SetOptions& options) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer,
              api.remove(with_expected(policy_target(options.endpoint), options.expected_revision)));
  return print_reply(context, answer, &describe_change);
}

Status get(Context& context, const std::string& target, std::string (*describe)(const json::value&)) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string answer, api.get(target));
  return print_reply(context, answer, describe);
}

struct ShowOptions {
  std::string endpoint;
  std::int64_t revision = 0;
};

Status show(Context& context, const ShowOptions& options) {
  std::string target = policy_target(options.endpoint);
  if (options.revision > 0) target += fmt::format("?revision={}", options.revision);
  return get(context, target, &describe_policy);
}

CLI::App* add_change(CLI::App& policy, const char* name, const char* help, const std::shared_ptr<SetOptions>& options) {
  CLI::App* command = policy.add_subcommand(name, help);
  command->add_option("endpoint", options->endpoint, "Name of the endpoint: that of its model")->required();
  command
      ->add_option("--expected-revision", options->expected_revision,
                   "Refuse if the newest revision is another one; 0: if there is any")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{INT64_MAX}));
  return command;
}

}  // namespace

void add_policy_commands(CLI::App& app, Context& context) {
  CLI::App* policy = app.add_subcommand("policy", "What an endpoint does when it is overloaded, slow or failing");
  policy->require_subcommand(1);

  auto path = std::make_shared<std::string>();
  CLI::App* command = policy->add_subcommand("check", "Say what is wrong with a policy; needs no server");
  command->add_option("file", *path, "The policy, in YAML")->required()->type_name("FILE");
  command->callback([path, &context] { context.status = check(context, *path); });

  auto chosen = std::make_shared<SetOptions>();
  command = add_change(*policy, "set", "Set the policy of an endpoint", chosen);
  command->add_option("file", chosen->path, "The policy, in YAML")->required()->type_name("FILE");
  command->footer("Example:\n  slipway policy set iris policy.yaml");
  command->callback([chosen, &context] { context.status = set(context, *chosen); });

  auto removed = std::make_shared<SetOptions>();
  command = add_change(*policy, "remove", "Let an endpoint have no policy", removed);
  command->callback([removed, &context] { context.status = remove(context, *removed); });

  auto shown = std::make_shared<ShowOptions>();
  command = policy->add_subcommand("show", "The policy of an endpoint, and who set it");
  command->add_option("endpoint", shown->endpoint, "Name of the endpoint")->required();
  command->add_option("--revision", shown->revision, "Of this revision; the newest without it")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{INT64_MAX}));
  command->callback([shown, &context] { context.status = show(context, *shown); });

  command = policy->add_subcommand("list", "The endpoints that have a policy");
  command->callback([&context] { context.status = get(context, "/api/v1/policies", &describe_policies); });

  auto endpoint = std::make_shared<std::string>();
  command = policy->add_subcommand("history", "The revisions of a policy, newest first");
  command->add_option("endpoint", *endpoint, "Name of the endpoint")->required();
  command->callback([endpoint, &context] {
    context.status = get(context, policy_target(*endpoint) + "/history", &describe_history);
  });
}

}  // namespace slipway::cli
