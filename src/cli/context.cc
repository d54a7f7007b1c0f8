#include "cli/context.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <ostream>
#include <sys/stat.h>
#include <unistd.h>

#include "access/key.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

Code code_of(std::string_view name) {
  for (int code = 0; code <= static_cast<int>(Code::kUnauthenticated); ++code) {
    if (to_string(static_cast<Code>(code)) == name) return static_cast<Code>(code);
  }
  return Code::kUnknown;
}

Result<std::string> success_body(Result<HttpReply> reply) {
  if (!reply) return fail(std::move(reply).error());
  if (!reply->is_success()) return fail(error_of(*reply));
  return std::move(reply->body);
}

}  // namespace

Result<std::string> first_line_of_private_file(const std::string& path, std::string_view option) {
  struct stat status {};
  std::ifstream file(path);
  std::string line;
  if (!file || ::stat(path.c_str(), &status) != 0 || !std::getline(file, line)) {
    return usage_error(fmt::format("{} {} cannot be read", option, path));
  }
  if ((status.st_mode & 077) != 0) {
    return usage_error(fmt::format("{} {} can be read by others; run: chmod 600 {}", option, path, path));
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

Result<Secret> read_key(const GlobalOptions& options) {
  std::string key = options.key;
  if (!options.key_file.empty()) {
    if (!options.key.empty())
      return usage_error("give --key (or SLIPWAY_KEY) or --key-file (or SLIPWAY_KEY_FILE), not both");
    SLIPWAY_TRY(key, first_line_of_private_file(options.key_file, "--key-file"));
  }
  if (!key.empty() && !is_well_formed_key(key)) {
    return usage_error("the API key is mistyped: it has the form slipway_ID_SECRET and its checksum does not fit");
  }
  return Secret(std::move(key));
}

Result<HttpClient> connect(const GlobalOptions& options) {
  HttpSettings settings;
  settings.server = options.server;
  SLIPWAY_TRY(settings.key, read_key(options));
  if (options.claimed_name.find_first_of("\r\n") != std::string::npos) return usage_error("--as holds a line break");
  settings.claimed_name = options.claimed_name;
  settings.ca_file = options.ca_file;
  return HttpClient::make(std::move(settings));
}

Result<Api> Api::connect(const GlobalOptions& options) {
  SLIPWAY_TRY(HttpClient http, cli::connect(options));
  return Api(std::move(http));
}

Result<std::string> Api::get(const std::string& target) { return success_body(http_.get(target)); }
Result<std::string> Api::post(const std::string& target, std::string_view body) {
  return success_body(http_.post_json(target, body));
}
Result<std::string> Api::remove(const std::string& target) { return success_body(http_.remove(target)); }
Result<std::string> Api::put_file(const std::string& target, const std::string& path, const Progress& progress) {
  return success_body(http_.put_file(target, path, progress));
}
Status Api::download(const std::string& target, const Sink& sink, const Progress& progress) {
  SLIPWAY_CHECK(success_body(http_.download(target, sink, progress)));
  return {};
}

Error error_of(const HttpReply& reply) {
  Error error;
  error.code = reply.status >= 500 ? Code::kUnavailable : Code::kUnknown;
  error.reason = fmt::format("http.{}", reply.status);
  error.message = fmt::format("the server answered {}", reply.status);
  const auto parsed = parse_json(reply.body);
  if (!parsed) return error;
  const json::object& body = as_object(*parsed);
  // MLflow's dialect has names of its own.
  for (const char* member : {"message", "error"}) {
    if (const std::string message = text_at(body, member); !message.empty()) error.message = message;
  }
  if (text_at(body, "error_code") == "RESOURCE_DOES_NOT_EXIST") error.code = Code::kNotFound;
  if (const std::string reason = text_at(body, "reason"); !reason.empty()) error.reason = reason;
  if (const std::string code = text_at(body, "code"); !code.empty()) error.code = code_of(code);
  for (const json::value& item : array_at(body, "details")) {
    const json::object& detail = as_object(item);
    const bool has_row = !text_at(detail, "row").empty();
    error.details.push_back({text_at(detail, "field"),
                             has_row ? static_cast<std::int64_t>(count_at(detail, "row")) : -1,
                             text_at(detail, "found"), text_at(detail, "rule")});
  }
  return error;
}

Status print_reply(Context& context, const std::string& body, std::string (*describe)(const json::value&)) {
  if (context.options.is_json) {
    context.out << body << (body.ends_with('\n') ? "" : "\n");
    return {};
  }
  SLIPWAY_TRY(const json::value value, parse_json(body));
  context.out << describe(value);
  return {};
}

Progress progress_line(std::string what) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [what = clean(what), last = std::chrono::steady_clock::time_point{}, first = std::chrono::steady_clock::now()](
             std::uint64_t done, std::uint64_t total) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - last < std::chrono::milliseconds(100) && done != total) return;
    last = now;
    const double seconds = std::chrono::duration<double>(now - first).count();
    const auto per_second = static_cast<std::uint64_t>(seconds > 0 ? static_cast<double>(done) / seconds : 0);
    const std::string share = total > 0 ? fmt::format("{:3} %", done * 100 / total) : "     ";
    fmt::print(stderr, "\r{}  {}  {}  {}/s\x1b[K", what, share, bytes_text(done), bytes_text(per_second));
    std::fflush(stderr);
  };
}

void end_progress_line() {
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace slipway::cli
