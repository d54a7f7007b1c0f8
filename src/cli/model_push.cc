#include "cli/model_push.h"

#include <algorithm>
#include <fmt/format.h>
#include <ostream>
#include <set>
#include <span>

#include "base/json_writer.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/model_describe.h"
#include "cli/model_ref.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kDigestsPerCall = 1000;

Result<std::set<std::string>> ask_missing(Api& api, const Manifest& manifest) {
  std::set<std::string> missing;
  std::span<const ManifestFile> left = manifest.files;
  while (!left.empty()) {
    const auto batch = left.first(std::min(left.size(), kDigestsPerCall));
    left = left.subspan(batch.size());
    std::string body;
    JsonWriter writer(body);
    writer.begin_object().key("digests").begin_array();
    for (const ManifestFile& file : batch) writer.value(file.sha256.hex());
    writer.end_array().end_object();
    SLIPWAY_TRY(const std::string answer, api.post("/api/v1/blobs/missing", body));
    SLIPWAY_TRY(const json::value parsed, parse_json(answer));
    for (const json::value& digest : array_at(as_object(parsed), "missing")) {
      if (const json::string* hex = digest.if_string()) missing.emplace(hex->data(), hex->size());
    }
  }
  return missing;
}

Status send_files(Api& api, const BundleSource& source, const Manifest& manifest, std::set<std::string> missing) {
  for (const SourceFile& file : source.files) {
    const ManifestFile* entry = manifest.find(file.bundle_path);
    const std::string digest = entry->sha256.hex();
    if (missing.erase(digest) == 0) continue;  // the server has it, or the same content went before
    const auto sent =
        api.put_file("/api/v1/blobs/" + digest, file.disk_path, progress_line("Sending " + file.bundle_path));
    end_progress_line();
    if (!sent) return fail(sent.error());
  }
  return {};
}

std::string version_body(const PushOptions& options, const Manifest& manifest) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("version").value(options.version);
  writer.key("manifest").raw(canonical_json(manifest));
  if (!options.description.empty()) writer.key("description").value(options.description);
  if (!options.run.empty()) writer.key("run").value(options.run);
  writer.end_object();
  return body;
}

Result<Manifest> hash_with_progress(const BundleSource& source) {
  const Progress show = progress_line("Hashing");
  auto manifest = hash_bundle(source, [&](std::uint64_t done, std::uint64_t total) {
    if (show) show(done, total);
    return !is_interrupted();
  });
  end_progress_line();
  return manifest;
}

}  // namespace

Status push_model(Context& context, const PushOptions& options) {
  watch_for_interrupt();
  SLIPWAY_TRY(const ModelRef ref, parse_model_ref(options.name));
  if (!ref.version.empty()) return usage_error("--name holds an @; give the version with --version");
  SLIPWAY_TRY(const BundleSource source, collect_bundle(options.bundle));
  for (const std::string& name : source.left_out) context.err << "left out (hidden): " << clean(name) << '\n';
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const Manifest manifest, hash_with_progress(source));
  SLIPWAY_TRY(std::set<std::string> missing, ask_missing(api, manifest));
  SLIPWAY_CHECK(send_files(api, source, manifest, std::move(missing)));
  SLIPWAY_TRY(const std::string created, api.post(model_target(ref) + "/versions", version_body(options, manifest)));
  return print_reply(context, created, &describe_pushed);
}

}  // namespace slipway::cli
