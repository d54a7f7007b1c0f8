#include "cli/audit.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <ostream>

#include "audit/key.h"
#include "audit/receipt.h"
#include "audit/verify.h"
#include "audit/verify_json.h"
#include "cli/audit_describe.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kTextBytesMax = 1u << 20;

Result<audit::PublicKey> parse_vkey(const std::string& text) {
  auto key = audit::PublicKey::parse(text);
  if (!key) return usage_error(fmt::format("the public key is refused: {}", key.error().message));
  return key;
}

// The key itself, or a file that holds it (audit.key.pub of a data directory).
Result<audit::PublicKey> key_or_file(const std::string& text) {
  std::ifstream file(text);
  std::string line;
  if (file && std::getline(file, line)) return parse_vkey(line);
  return parse_vkey(text);
}

// The log of a data directory, or a log itself.
std::filesystem::path log_directory(const std::string& data) {
  const std::filesystem::path inner = std::filesystem::path(data) / "audit";
  std::error_code ignored;
  return std::filesystem::is_directory(inner, ignored) ? inner : std::filesystem::path(data);
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return usage_error(fmt::format("{} cannot be read", path));
  std::string text(kTextBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() <= kTextBytesMax) return text;
  return fail(Code::kInvalidArgument, "cli.file_too_large",
              fmt::format("{} is larger than any receipt or checkpoint", path));
}

struct VerifyCommand {
  std::string data;
  std::string key;
  std::vector<std::string> checkpoint_files;
};

Result<std::string> verify_offline(const VerifyCommand& command) {
  audit::VerifyOptions options;
  if (!command.key.empty()) {
    SLIPWAY_TRY(options.key, key_or_file(command.key));
  }
  for (const std::string& path : command.checkpoint_files) {
    SLIPWAY_TRY(std::string note, read_text(path));
    options.known_checkpoints.push_back(std::move(note));
  }
  SLIPWAY_TRY(const audit::VerifyReport report, audit::verify(log_directory(command.data), options));
  return audit::to_json(report);
}

Result<std::string> verify_at_server(const GlobalOptions& options) {
  SLIPWAY_TRY(Api api, Api::connect(options));
  return api.post("/api/v1/audit/verify", "");
}

Status verify_log(Context& context, const VerifyCommand& command) {
  const bool is_offline = !command.data.empty();
  if (!is_offline && !(command.key.empty() && command.checkpoint_files.empty())) {
    return usage_error("--key and --checkpoint need --data: a server checks with what it has");
  }
  SLIPWAY_TRY(const std::string body, is_offline ? verify_offline(command) : verify_at_server(context.options));
  SLIPWAY_CHECK(print_reply(context, body, &describe_report));
  SLIPWAY_TRY(const json::value report, parse_json(body));
  if (is_sound_report(report)) return {};
  return fail(Code::kDataLoss, "audit.not_sound", "the audit log is not sound");
}

struct QueryOptions {
  std::string since, until, endpoint, version, principal, request_id, kind, cursor;
  int limit = 100;
};

Status query_log(Context& context, const QueryOptions& options) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  std::string target = fmt::format("/api/v1/audit/records?limit={}", options.limit);
  const std::pair<std::string_view, const std::string&> conditions[] = {
      {"since", options.since},     {"until", options.until},         {"endpoint", options.endpoint},
      {"version", options.version}, {"principal", options.principal}, {"request_id", options.request_id},
      {"kind", options.kind},       {"cursor", options.cursor}};
  for (const auto& [name, value] : conditions) {
    if (!value.empty()) target += fmt::format("&{}={}", name, percent_encoded(value));
  }
  SLIPWAY_TRY(const std::string body, api.get(target));
  return print_reply(context, body, &describe_records);
}

// A receipt is what it is: the same text with and without --json.
Status fetch_receipt(Context& context, const std::string& id, const std::string& output) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string receipt, api.get("/api/v1/audit/receipts/" + percent_encoded(id)));
  if (output.empty()) {
    context.out << receipt;
    return {};
  }
  std::ofstream file(output, std::ios::binary);
  file << receipt;
  file.close();
  if (!file) return fail(Code::kFailedPrecondition, "cli.write_failed", fmt::format("cannot write {}", output));
  context.err << fmt::format("Receipt written to {}. Check it anywhere: slipway audit check {} --key KEY\n", output,
                             output);
  return {};
}

Status check_receipt_file(Context& context, const std::string& path, const std::string& vkey) {
  SLIPWAY_TRY(const audit::PublicKey key, key_or_file(vkey));
  SLIPWAY_TRY(const std::string text, read_text(path));
  SLIPWAY_TRY(const audit::CheckedReceipt checked, audit::check_receipt(text, key));
  context.out << (context.options.is_json ? receipt_json(checked) + '\n' : describe_receipt(checked));
  return {};
}

std::string describe_key(const json::value& value) { return text_at(as_object(value), "vkey") + "\n"; }

// Text in either form: a checkpoint is what it is.
Status show_checkpoint(Context& context) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string checkpoint, api.get("/api/v1/audit/checkpoint"));
  context.out << checkpoint;
  return {};
}

Status show_key(Context& context) {
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const std::string body, api.get("/api/v1/audit/key"));
  return print_reply(context, body, &describe_key);
}

void add_verify(CLI::App& audit, Context& context) {
  auto options = std::make_shared<VerifyCommand>();
  CLI::App* command =
      audit.add_subcommand("verify", "Recompute the whole log and compare it with its signed checkpoint");
  command->footer(
      "Without --data the server verifies its own log; with --data the files are read here and no server is needed.\n"
      "Exits with 1 when the log is not sound.\n\n"
      "Examples:\n"
      "  slipway audit verify --data /var/lib/slipway --key audit.pub --checkpoint checkpoint.txt\n"
      "  slipway audit verify");
  command->add_option("--data", options->data, "Data directory to read")->type_name("DIR");
  command
      ->add_option("--key,--vkey", options->key,
                   "Public key as you know it, or a file that holds it; without it, the one stored with the log")
      ->type_name("KEY|FILE");
  command
      ->add_option("--checkpoint", options->checkpoint_files,
                   "Checkpoint that you kept: the log must contain what it signs; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command->callback([options, &context] { context.status = verify_log(context, *options); });
}

void add_query(CLI::App& audit, Context& context) {
  auto options = std::make_shared<QueryOptions>();
  CLI::App* command = audit.add_subcommand("query", "Find predictions and decisions");
  command->footer(
      "Examples:\n"
      "  slipway audit query --endpoint iris --since 2026-11-24T00:00:00Z --limit 20\n"
      "  slipway audit query --kind decision --principal ann\n"
      "  slipway audit query --request-id 0190163d-8694-739b-aea5-966c26f8ad91 --json");
  command->add_option("--since", options->since, "From this time on (RFC 3339)")->type_name("TIME");
  command->add_option("--until", options->until, "Before this time")->type_name("TIME");
  command->add_option("--endpoint", options->endpoint, "Endpoint that was called")->type_name("NAME");
  command->add_option("--version", options->version, "Version that answered")->type_name("X.Y.Z");
  command->add_option("--principal", options->principal, "Who asked")->type_name("ID");
  command->add_option("--request-id", options->request_id, "One request")->type_name("ID");
  command->add_option("--kind", options->kind, "prediction, decision or refusal")
      ->check(CLI::IsMember({"prediction", "decision", "refusal"}));
  command->add_option("--limit", options->limit, "Records a page")->check(CLI::Range(1, 10'000))->capture_default_str();
  command->add_option("--cursor", options->cursor, "Where the page before ended")->type_name("CURSOR");
  command->callback([options, &context] { context.status = query_log(context, *options); });
}

void add_receipt(CLI::App& audit, Context& context) {
  auto id = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  CLI::App* receipt = audit.add_subcommand("receipt", "Fetch the proof that one prediction was made and is unaltered");
  receipt->footer("Example:\n  slipway audit receipt 0190163d-8694-739b-aea5-966c26f8ad91 --output receipt.txt");
  receipt->add_option("id", *id, "Request id, as the response named it")->required()->type_name("REQUEST_ID");
  receipt->add_option("-o,--output", *output, "File to write; standard output without it")->type_name("FILE");
  receipt->callback([id, output, &context] { context.status = fetch_receipt(context, *id, *output); });

  auto file = std::make_shared<std::string>();
  auto vkey = std::make_shared<std::string>();
  CLI::App* check = audit.add_subcommand("check", "Check a receipt, without any server");
  check->footer(
      "Exits with 1 when a byte of the receipt was altered or another key signed it.\n\n"
      "Example:\n  slipway audit check receipt.txt --key audit.key.pub");
  check->add_option("file", *file, "Receipt")->required()->type_name("FILE");
  check->add_option("--key,--vkey", *vkey, "The log's public key, or a file that holds it")
      ->required()
      ->type_name("KEY|FILE");
  check->callback([file, vkey, &context] { context.status = check_receipt_file(context, *file, *vkey); });
}

}  // namespace

void add_audit_commands(CLI::App& app, Context& context) {
  CLI::App* audit = app.add_subcommand("audit", "The audit log: verify, query, receipts");
  audit->require_subcommand(1);
  add_verify(*audit, context);
  add_query(*audit, context);
  add_receipt(*audit, context);
  CLI::App* key = audit->add_subcommand("key", "Public key that receipts are checked with");
  key->footer("Example:\n  slipway audit key > audit.pub");
  key->callback([&context] { context.status = show_key(context); });
  CLI::App* checkpoint = audit->add_subcommand("checkpoint", "The log's size and root, signed now");
  checkpoint->footer(
      "Keep it where the server's administrators cannot write: it shows later that nothing before it was changed.\n\n"
      "Example:\n  slipway audit checkpoint > checkpoint.txt");
  checkpoint->callback([&context] { context.status = show_checkpoint(context); });
}

}  // namespace slipway::cli
