#include "tracking/artifact_store.h"

#include "base/bytes.h"
#include "registry/bundle_store.h"
#include "registry/manifest.h"

namespace slipway {
namespace {

constexpr std::string_view kScheme = "mlflow-artifacts:";
constexpr std::string_view kColumns = "path, digest, size_bytes, modified_at";

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

// All paths below `folder` are greater than `folder/` and smaller than `folder0`: "0" comes right after "/".
struct Below {
  std::string first;
  std::string end;
};
Below below(std::string_view folder) { return {std::string(folder) + '/', std::string(folder) + '0'}; }

Result<Artifact> read_artifact(const Row& row) {
  Artifact artifact;
  artifact.path = row.text(0);
  if (const auto hex = row.optional_text(1)) {
    artifact.digest = Digest::parse(*hex);
    if (!artifact.digest) return fail(Code::kDataLoss, "artifact.altered", "the digest of " + row.text(0) + " is none");
  }
  artifact.size_bytes = static_cast<std::uint64_t>(row.integer(2));
  artifact.modified = WallTime{std::chrono::microseconds{row.integer(3)}};
  return artifact;
}

tl::unexpected<Error> conflict(std::string_view path, std::string_view what) {
  return fail(Code::kFailedPrecondition, "artifact.conflict",
              slipway::quoted(path, 256) + " is " + std::string(what) + "; remove it first or choose another path");
}

Status check_folder(std::string_view folder) { return folder.empty() ? Status{} : check_artifact_path(folder); }

}  // namespace

Status check_artifact_path(std::string_view path) {
  const Status status = check_bundle_path(path);
  if (status && path.find('%') == std::string_view::npos) return {};
  const std::string why = status ? std::string("path ") + slipway::quoted(path) +
                                       ": it has a \"%\", which another reader could decode once more"
                                 : status.error().message;
  return fail(Code::kInvalidArgument, "artifact.invalid_path", "Invalid path: " + why);
}

Result<std::optional<std::string>> artifact_path_of(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return std::nullopt;
  std::string_view path = uri.substr(kScheme.size());
  if (path.starts_with("//")) {
    path.remove_prefix(2);
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  SLIPWAY_CHECK(check_folder(path));
  return std::string(path);
}

std::string_view artifact_name(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Status check_not_condemned(Transaction& t, const Digest& digest) {
  SLIPWAY_TRY(const std::vector<Row> condemned,
              t.query("SELECT object_key FROM condemned_objects WHERE object_key = $1", {blob_key(digest)}));
  if (condemned.empty()) return {};
  return fail(Code::kUnavailable, "bundle.collecting", "an unused copy of this file is just being removed; try again");
}

// From the nearest one upwards, until one is there.
Status ArtifactStore::make_folders(Transaction& t, std::string_view path) const {
  for (std::string folder = parent_of(path); !folder.empty(); folder = parent_of(folder)) {
    SLIPWAY_TRY(const std::int64_t made,
                t.execute("INSERT INTO artifacts (path, parent, digest, size_bytes, modified_at) "
                          "VALUES ($1, $2, NULL, 0, $3) ON CONFLICT (path) DO NOTHING",
                          {folder, parent_of(folder), clock_->now().time_since_epoch().count()}));
    if (made > 0) continue;
    SLIPWAY_TRY(const std::vector<Row> there,
                t.query("SELECT 1 FROM artifacts WHERE path = $1 AND digest IS NULL", {folder}));
    return there.empty() ? conflict(folder, "a file") : Status{};
  }
  return {};
}

Status ArtifactStore::put(Transaction& t, std::string_view path, const Digest& digest, std::uint64_t size_bytes) const {
  SLIPWAY_CHECK(check_artifact_path(path));
  SLIPWAY_TRY(const std::int64_t written,
              t.execute("INSERT INTO artifacts (path, parent, digest, size_bytes, modified_at) "
                        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (path) DO UPDATE SET digest = excluded.digest, "
                        "size_bytes = excluded.size_bytes, modified_at = excluded.modified_at "
                        "WHERE artifacts.digest IS NOT NULL",
                        {std::string(path), parent_of(path), digest.hex(), static_cast<std::int64_t>(size_bytes),
                         clock_->now().time_since_epoch().count()}));
  if (written == 0) return conflict(path, "a folder");
  SLIPWAY_CHECK(make_folders(t, path));
  return check_not_condemned(t, digest);
}

Result<Artifact> ArtifactStore::get(Transaction& t, std::string_view path) const {
  static const std::string kSql =
      "SELECT " + std::string(kColumns) + " FROM artifacts WHERE path = $1 AND digest IS NOT NULL";
  SLIPWAY_CHECK(check_artifact_path(path));
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(path)}));
  if (rows.empty())
    return fail(Code::kNotFound, "artifact.not_found", "there is no file " + slipway::quoted(path, 256));
  return read_artifact(rows[0]);
}

Result<Page<Artifact>> ArtifactStore::list(Transaction& t, std::string_view folder, const PageRequest& page) const {
  static const std::string kSql =
      "SELECT " + std::string(kColumns) + " FROM artifacts WHERE parent = $1 AND path > $2 ORDER BY path LIMIT $3";
  SLIPWAY_CHECK(check_folder(folder));
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(const std::string after, parse_page_token("artifacts", page.token));
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {std::string(folder), after, static_cast<std::int64_t>(page.limit) + 1}));
  Page<Artifact> found;
  for (const Row& row : rows) {
    if (found.items.size() == page.limit) {
      found.next_token = make_page_token("artifacts", found.items.back().path);
      break;
    }
    SLIPWAY_TRY(found.items.emplace_back(), read_artifact(row));
  }
  return found;
}

Result<std::vector<Artifact>> ArtifactStore::files_below(Transaction& t, std::string_view folder,
                                                         std::size_t count_max) const {
  static const std::string kSql = "SELECT " + std::string(kColumns) +
                                  " FROM artifacts WHERE path > $1 AND path < $2 AND digest IS NOT NULL "
                                  "ORDER BY path LIMIT $3";
  SLIPWAY_CHECK(check_artifact_path(folder));
  const Below range = below(folder);
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {range.first, range.end, static_cast<std::int64_t>(count_max) + 1}));
  if (rows.size() > count_max) {
    return fail(Code::kResourceExhausted, "artifact.too_many",
                slipway::quoted(folder, 256) + " has more than " + std::to_string(count_max) + " files");
  }
  std::vector<Artifact> files;
  for (const Row& row : rows) {
    SLIPWAY_TRY(files.emplace_back(), read_artifact(row));
  }
  return files;
}

Status ArtifactStore::remove(Transaction& t, std::string_view path) const {
  SLIPWAY_CHECK(check_artifact_path(path));
  const Below range = below(path);
  SLIPWAY_CHECK(t.execute("DELETE FROM artifacts WHERE path = $1 OR (path > $2 AND path < $3)",
                          {std::string(path), range.first, range.end}));
  for (std::string folder = parent_of(path); !folder.empty(); folder = parent_of(folder)) {
    SLIPWAY_TRY(const std::int64_t removed, t.execute("DELETE FROM artifacts WHERE path = $1 AND digest IS NULL "
                                                      "AND NOT EXISTS (SELECT 1 FROM artifacts c WHERE c.parent = $1)",
                                                      {folder}));
    if (removed == 0) break;
  }
  return {};
}

}  // namespace slipway
