#include "cli/model_describe.h"

#include <fmt/format.h>

#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

std::string name_of(const json::object& version) {
  return clean(text_at(version, "model") + "@" + text_at(version, "version"));
}

// A number with the unit that its name ends with, which is taken off the name.
std::string measure(std::string& name, double number) {
  const auto take = [&](std::string_view suffix) {
    if (!name.ends_with(suffix)) return false;
    name.resize(name.size() - suffix.size());
    return true;
  };
  if (number >= 0 && take("_bytes")) return bytes_text(static_cast<std::uint64_t>(number));
  if (take("_us")) return duration_text(number);
  if (take("_ms")) return duration_text(number * 1e3);
  return number_text(number);
}

std::string member_text(std::string& name, const json::value& value) {
  if (const json::array* items = value.if_array()) return items->empty() ? "none" : count_text(items->size());
  if (const json::object* object = value.if_object()) {
    std::string text;
    for (const auto& [key, part] : *object) {
      std::string part_name(key.data(), key.size());
      const std::string part_text = member_text(part_name, part);
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part_name, part_text);
    }
    return text;
  }
  if (const json::string* text = value.if_string()) return {text->data(), text->size()};
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  boost::system::error_code error;
  const double number = value.to_number<double>(error);
  return error ? "" : measure(name, number);
}

// The members of an object the shape of which is the server's business: tests, probe.
std::string plain_members(const json::object& object) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& [key, value] : object) {
    std::string name = clean({key.data(), key.size()});
    const std::string text = member_text(name, value);
    lines.emplace_back("  " + name, text);
  }
  return facts(lines);
}

// A line for each check of the test suite, and what was wrong with those that failed.
std::string tests_of(const json::object& tests) {
  if (array_at(tests, "checks").empty()) return plain_members(tests);
  Table table({"  CHECK", "RESULT", "VALUE", "WHY"});
  for (const json::value& item : array_at(tests, "checks")) {
    const json::object& check = as_object(item);
    std::string why = text_at(check, "message");
    for (const json::value& found : array_at(check, "mismatches")) {
      const json::object& mismatch = as_object(found);
      if (!why.empty()) break;
      why = fmt::format("{}[{}] is {}, expected {}", text_at(mismatch, "output"), text_at(mismatch, "index"),
                        text_at(mismatch, "found"), text_at(mismatch, "expected"));
    }
    std::string value_name;
    const json::value* value = check.if_contains("value");
    table.add({"  " + text_at(check, "kind") + " " + text_at(check, "name"),
               text_at(check, "passed") == "true" ? "passed" : "failed",
               value != nullptr ? member_text(value_name, *value) : "", why});
  }
  return table.to_string();
}

std::string section(std::string_view title, const std::string& text) {
  return text.empty() ? "" : fmt::format("\n{}\n{}", title, text);
}

std::string warnings_of(const json::object& version) {
  std::string text;
  for (const json::value& warning : array_at(object_at(version, "probe"), "warnings")) {
    const json::string* words = warning.if_string();
    text +=
        "warning: " + clean(words != nullptr ? std::string(words->data(), words->size()) : json::serialize(warning)) +
        "\n";
  }
  return text;
}

std::string approvals_of(const json::object& version) {
  Table table({"  WHO", "DECISION", "TIME", "REASON"});
  for (const json::value& item : array_at(version, "approvals")) {
    const json::object& approval = as_object(item);
    table.add({"  " + text_at(approval, "principal"), text_at(approval, "decision"),
               short_time(text_at(approval, "time")), text_at(approval, "reason")});
  }
  return table.is_empty() ? "" : table.to_string();
}

std::string files_of(const json::object& version) {
  Table table({"  FILE", "SIZE", "SHA-256"});
  for (const json::value& item : array_at(version, "files")) {
    const json::object& file = as_object(item);
    table.add({"  " + text_at(file, "path"), bytes_text(count_at(file, "size")), text_at(file, "sha256")});
  }
  return table.is_empty() ? "" : table.to_string();
}

// Of a version that another server answers for.
std::string remote_of(const json::object& probe) {
  const json::object& remote = object_at(probe, "remote");
  if (remote.empty()) return "";
  const std::string version = text_at(remote, "version");
  return facts({{"  url", text_at(remote, "url")},
                {"  model", text_at(remote, "model")},
                {"  version", version.empty() ? "the remote chooses" : version},
                {"  server", text_at(remote, "server")},
                {"  metadata", text_at(remote, "metadata_digest")},
                {"  immutable", "the description alone: the remote can change what answers under the same digest"}});
}

std::string files_text(std::uint64_t count) { return count_text(count) + (count == 1 ? " file" : " files"); }

}  // namespace

std::string describe_models(const json::value& page) {
  Table table({"MODEL", "LATEST", "STATE", "VERSIONS", "CREATED"});
  for (const json::value& item : array_at(as_object(page), "models")) {
    const json::object& model = as_object(item);
    const json::object& latest = object_at(model, "latest");
    table.add({text_at(model, "name"), text_at(latest, "version"), text_at(latest, "state"), text_at(model, "versions"),
               short_time(text_at(latest, "created"))});
  }
  if (!table.is_empty()) return table.to_string();
  return "No models yet. Push one: slipway model push model.onnx --name NAME --version 1.0.0\n";
}

std::string describe_model(const json::value& model) {
  Table table({"VERSION", "NUMBER", "STATE", "AUTHOR", "CREATED", "DIGEST"});
  for (const json::value& item : array_at(as_object(model), "versions")) {
    const json::object& version = as_object(item);
    table.add({text_at(version, "version"), text_at(version, "number"), text_at(version, "state"),
               text_at(version, "author"), short_time(text_at(version, "created")),
               short_digest(text_at(version, "digest"))});
  }
  return clean(text_at(as_object(model), "name")) + "\n\n" + table.to_string();
}

std::string describe_version(const json::value& value) {
  const json::object& version = as_object(value);
  std::string approvals_needed = text_at(version, "approvals_required");
  std::string text = name_of(version) + "\n\n";
  text += facts({{"state", text_at(version, "state")},
                 {"number", text_at(version, "number")},
                 {"digest", text_at(version, "digest")},
                 {"author", text_at(version, "author")},
                 {"created", short_time(text_at(version, "created"))},
                 {"description", text_at(version, "description")},
                 {"approvals needed", approvals_needed}});
  text += section("Remote", remote_of(object_at(version, "probe")));
  text += section("Approvals", approvals_of(version));
  text += section("Files", files_of(version));
  text += section("Tests", tests_of(object_at(version, "tests")));
  text += section("Probe", plain_members(object_at(version, "probe")));
  text += section("Contract", plain_members(object_at(version, "contract")));
  const std::string warnings = warnings_of(version);
  return warnings.empty() ? text : text + "\n" + warnings;
}

std::string describe_pushed(const json::value& value) {
  const json::object& version = as_object(value);
  std::string text = fmt::format("Pushed {}.\n\n", name_of(version));
  text += facts({{"state", text_at(version, "state")},
                 {"number", text_at(version, "number")},
                 {"digest", text_at(version, "digest")}});
  text += section("Tests", tests_of(object_at(version, "tests")));
  const std::string warnings = warnings_of(version);
  if (!warnings.empty()) text += "\n" + warnings;
  if (text_at(version, "state") == "candidate") {
    text += fmt::format("\nNext, somebody else approves it: slipway model approve {}\n", name_of(version));
  }
  return text;
}

std::string describe_decision(const json::value& value) {
  const json::object& version = as_object(value);
  std::string text = fmt::format("{} is {}.\n", name_of(version), clean(text_at(version, "state")));
  const std::uint64_t needed = count_at(version, "approvals_required");
  std::uint64_t given = 0;
  for (const json::value& item : array_at(version, "approvals")) {
    const json::object& approval = as_object(item);
    const std::string decision = text_at(approval, "decision");
    const bool stands = text_at(approval, "voided").empty();
    if (stands && (decision == "approve" || decision == "approved")) ++given;
  }
  if (text_at(version, "state") == "candidate" && given < needed) {
    text += fmt::format("{} of {} approvals are given.\n", given, needed);
  }
  return text;
}

std::string describe_check(const json::value& value) {
  const json::object& report = as_object(value);
  const json::value* is_ok = report.if_contains("ok");
  if (is_ok != nullptr && is_ok->is_bool() && is_ok->get_bool()) {
    return fmt::format("Every byte is as it was pushed: the manifest and {}, digest {}.\n",
                       files_text(count_at(report, "files")), clean(text_at(report, "digest")));
  }
  std::string text = "The stored bundle is damaged:\n";
  for (const json::value& problem : array_at(report, "problems")) {
    const json::string* words = problem.if_string();
    text +=
        "  " + clean(words != nullptr ? std::string(words->data(), words->size()) : json::serialize(problem)) + "\n";
  }
  return text;
}

}  // namespace slipway::cli
