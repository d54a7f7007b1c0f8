#include "protocol/inference/log_settings.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

using log::Level;

constexpr std::size_t kBodyBytesMax = 64 << 10;
constexpr std::string_view kFormat = "json";

tl::unexpected<Error> unsupported(std::string message) {
  return fail(Code::kUnimplemented, "logging.unsupported", std::move(message));
}

// Which lines are written, as the extension has it: a switch for each level.
struct Switches {
  bool info;
  bool warning;
  bool error;
  bool debug;

  explicit Switches(Level level)
      : info(level <= Level::kInfo), warning(level <= Level::kWarning), error(true), debug(level <= Level::kDebug) {}

  Result<Level> level() const {
    if (!error) return unsupported("errors are always logged");
    if (debug) return Level::kDebug;
    if (info) return Level::kInfo;
    return warning ? Level::kWarning : Level::kError;
  }
};

Status read_switch(const JsonValue& value, bool& flag) {
  if (value.element().get(flag)) return value.refuse("true or false is expected");
  return {};
}

Status read_setting(std::string_view key, const JsonValue& value, Switches& switches) {
  if (value.element().is_null()) return {};
  if (key == "log_info") return read_switch(value, switches.info);
  if (key == "log_warning") return read_switch(value, switches.warning);
  if (key == "log_error") return read_switch(value, switches.error);
  if (key == "log_verbose_level") {
    SLIPWAY_TRY(const std::uint64_t verbose, value.natural());
    switches.debug = verbose > 0;
    return {};
  }
  if (key == "log_format") {
    SLIPWAY_TRY(const std::string_view format, value.text());
    if (format == kFormat) return {};
    return unsupported("the log has one format, json; " + quoted(format) + " cannot be set");
  }
  if (key == "log_file") {
    SLIPWAY_TRY(const std::string_view file, value.text());
    if (file.empty()) return {};
    return unsupported("the log goes to standard error; a file cannot be set");
  }
  return value.refuse("unknown; log_info, log_warning, log_error and log_verbose_level can be set");
}

}  // namespace

log::Level current_log_level() noexcept {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning}) {
    if (log::is_enabled(level)) return level;
  }
  return Level::kError;
}

std::string log_settings_body() {
  const Switches switches(current_log_level());
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("log_file").value("").key("log_info").value(switches.info);
  json.key("log_warning").value(switches.warning).key("log_error").value(switches.error);
  json.key("log_verbose_level").value(switches.debug ? 1 : 0).key("log_format").value(kFormat).end_object();
  return out;
}

Result<log::Level> read_log_settings(std::string_view text, log::Level current) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(text, kBodyBytesMax, "logging.request"));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  Switches switches(current);
  for (const auto& [key, value] : members.take_all()) SLIPWAY_CHECK(read_setting(key, value, switches));
  return switches.level();
}

}  // namespace slipway
