#include "score/checkpoint.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <simdjson.h>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "score/durable_file.h"

namespace slipway::score {
namespace {

namespace dom = simdjson::dom;
constexpr std::uint64_t kFormat = 1;

}  // namespace

std::string to_json(const Checkpoint& checkpoint) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("format").value(kFormat).key("version").value(checkpoint.version);
  json.key("job").begin_array();
  for (const auto& [what, value] : checkpoint.identity) {
    json.begin_array().value(what).value(value).end_array();
  }
  json.end_array().key("offset").value(checkpoint.position.offset).key("line").value(checkpoint.position.line);
  json.key("rows").value(checkpoint.counts.rows).key("rejected").value(checkpoint.counts.rejected);
  json.key("output_bytes").value(checkpoint.output_bytes);
  json.key("rejects_bytes").value(checkpoint.rejects_bytes).end_object();
  return text + '\n';
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  Checkpoint checkpoint;
  dom::parser parser;
  dom::object object;
  bool is_good = parser.parse(text.data(), text.size()).get(object) == simdjson::SUCCESS;
  const auto take = [&](std::string_view key, auto& value) {
    is_good = is_good && object[key].get(value) == simdjson::SUCCESS;
  };
  std::uint64_t format = 0;
  std::string_view version;
  dom::array job;
  take("format", format);
  take("version", version);
  take("job", job);
  take("offset", checkpoint.position.offset);
  take("line", checkpoint.position.line);
  take("rows", checkpoint.counts.rows);
  take("rejected", checkpoint.counts.rejected);
  take("output_bytes", checkpoint.output_bytes);
  take("rejects_bytes", checkpoint.rejects_bytes);
  if (is_good) {
    for (const dom::element pair : job) {
      std::string_view what;
      std::string_view value;
      is_good = is_good && pair.at(0).get(what) == simdjson::SUCCESS && pair.at(1).get(value) == simdjson::SUCCESS;
      checkpoint.identity.emplace_back(what, value);
    }
  }
  if (!is_good || format != kFormat) {
    return fail(Code::kDataLoss, "score.bad_checkpoint", "the checkpoint is damaged, or of another Slipway");
  }
  checkpoint.version = version;
  return checkpoint;
}

Result<std::optional<Checkpoint>> read_checkpoint(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto checkpoint = parse_checkpoint(text);
  if (checkpoint) return *std::move(checkpoint);
  checkpoint.error().message = path + ": " + checkpoint.error().message + "; remove it to begin anew";
  return fail(std::move(checkpoint).error());
}

Status write_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  const std::string temporary = path + ".new";
  SLIPWAY_TRY(DurableFile file, DurableFile::open(temporary, 0));
  SLIPWAY_CHECK(file.append(to_json(checkpoint)));
  SLIPWAY_CHECK(file.sync());
  return rename_durably(temporary, path);
}

Status check_same(const Checkpoint& checkpoint, const Identity& now, const std::string& path) {
  std::string changes;
  for (const auto& [what, value] : now) {
    const auto before = std::find_if(checkpoint.identity.begin(), checkpoint.identity.end(),
                                     [&name = what](const auto& entry) { return entry.first == name; });
    const std::string was = before == checkpoint.identity.end() ? "" : before->second;
    if (was == value) continue;
    changes += (changes.empty() ? "" : "; ") + what + " was " + slipway::quoted(was, 200) + " and is " +
               slipway::quoted(value, 200);
  }
  if (changes.empty()) return {};
  return fail(Code::kFailedPrecondition, "score.changed",
              "cannot go on with the job of " + path + ": " + changes +
                  ". Run it as before, or remove that file to begin anew");
}

}  // namespace slipway::score
