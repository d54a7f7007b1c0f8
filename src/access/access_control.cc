#include "access/access_control.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "access/authorize.h"
#include "access/key.h"
#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::string_view kBootstrapName = "bootstrap";

// "*" or a model's name, whether or not there is such a model yet.
bool is_model_scope(std::string_view model) noexcept {
  if (model == "*") return true;
  const auto is_alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  if (model.empty() || model.size() > 128 || !is_alphanumeric(model.front())) return false;
  return std::all_of(model.begin(), model.end(),
                     [&](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

Status check_request(const KeyRequest& request) {
  if (!is_principal_name(request.name)) {
    return fail(Code::kInvalidArgument, "access.bad_name",
                "name is " + slipway::quoted(request.name) +
                    "; a name is 1 to 64 letters, digits or . _ @ + - and begins with a letter or digit");
  }
  if (request.name == "anonymous") {
    return fail(Code::kInvalidArgument, "access.bad_name",
                "name is \"anonymous\", which stands for requests without a key");
  }
  if (!is_model_scope(request.grant.model)) {
    return fail(Code::kInvalidArgument, "access.bad_model",
                "model is " + slipway::quoted(request.grant.model) + "; give the name of one model, or * for all");
  }
  if (const auto days = request.expires_in_days; days && (*days < 1 || *days > AccessControl::kExpiryDaysMax)) {
    return fail(Code::kInvalidArgument, "access.bad_expiry",
                "expires_in_days is " + std::to_string(*days) + "; give 1 to " +
                    std::to_string(AccessControl::kExpiryDaysMax) + ", or leave it out");
  }
  return {};
}

std::shared_ptr<const Principal> principal_of(const KeyRow& row) {
  return std::make_shared<const Principal>(Principal{row.principal_id, row.name, {row.grant}});
}

tl::unexpected<Error> file_error(std::string_view what, const std::filesystem::path& path) {
  return fail(Code::kUnavailable, "access.bootstrap_file",
              std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

// Durable and complete, or not there. An older file is replaced: its key was never stored.
Status write_private_file(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path partial = path.string() + ".partial";
  ::unlink(partial.c_str());
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return file_error("cannot create", partial);
  const bool is_written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  if (!is_written) {
    const auto error = file_error("cannot write", partial);
    ::close(file);
    ::unlink(partial.c_str());
    return error;
  }
  ::close(file);
  if (::rename(partial.c_str(), path.c_str()) != 0) return file_error("cannot name", path);
  return {};
}

}  // namespace

AccessControl::AccessControl(Database& database, const Clock& clock, Random& random)
    : store_(database),
      clock_(clock),
      random_(random),
      snapshot_(std::make_shared<const AccessSnapshot>(std::vector<LiveKey>{})) {}

Result<std::unique_ptr<AccessControl>> AccessControl::open(Database& database, const Clock& clock, Random& random) {
  std::unique_ptr<AccessControl> control(new AccessControl(database, clock, random));
  SLIPWAY_CHECK(control->refresh());
  return control;
}

Result<IssuedKey> AccessControl::create_key(const KeyRequest& request, std::string_view by) {
  SLIPWAY_CHECK(check_request(request));
  ApiKey key = make_key(random_);
  NewKeyRow row;
  row.id = key.id;
  row.digest = key.digest;
  row.name = request.name;
  row.grant = request.grant;
  row.now = clock_.now();
  row.created_by = by;
  if (request.expires_in_days) row.expires = row.now + std::chrono::days(*request.expires_in_days);
  SLIPWAY_CHECK(store_.insert_key(row));
  SLIPWAY_CHECK(refresh());
  SLIPWAY_TRY(KeyInfo info, store_.find_key(key.id));
  return IssuedKey{std::move(info), std::move(key.text)};
}

Result<IssuedKey> AccessControl::rotate_key(std::string_view id, std::chrono::minutes grace) {
  if (grace < std::chrono::minutes(0) || grace > kGraceMax) {
    return fail(Code::kInvalidArgument, "access.bad_grace",
                "grace_minutes is " + std::to_string(grace.count()) + "; give 0 to " +
                    std::to_string(std::chrono::minutes(kGraceMax).count()));
  }
  SLIPWAY_CHECK(store_.find_key(id).map([](auto&&) {}));
  ApiKey key = make_key_with_id(std::string(id), random_);
  SLIPWAY_CHECK(store_.replace_digest(id, key.digest, clock_.now() + grace));
  SLIPWAY_CHECK(refresh());
  SLIPWAY_TRY(KeyInfo info, store_.find_key(id));
  return IssuedKey{std::move(info), std::move(key.text)};
}

Result<KeyInfo> AccessControl::revoke_key(std::string_view id, std::string_view by) {
  SLIPWAY_CHECK(store_.revoke_key(id, clock_.now(), by));
  SLIPWAY_CHECK(refresh());
  return store_.find_key(id);
}

Result<std::vector<KeyInfo>> AccessControl::list_keys() {
  SLIPWAY_CHECK(flush_last_used());
  return store_.list_keys();
}

Status AccessControl::add_grant(std::string_view principal_name, const Grant& grant, std::string_view by) {
  SLIPWAY_CHECK(check_request({std::string(principal_name), grant, std::nullopt}));
  SLIPWAY_CHECK(store_.add_grant(principal_name, grant, clock_.now(), by));
  return refresh();
}

Status AccessControl::remove_grant(std::string_view principal_name, const Grant& grant) {
  SLIPWAY_CHECK(store_.remove_grant(principal_name, grant));
  return refresh();
}

Result<std::optional<std::filesystem::path>> AccessControl::bootstrap(const std::filesystem::path& directory) {
  SLIPWAY_TRY(const bool has_principals, store_.has_principals());
  if (has_principals) return std::nullopt;
  // The file comes first: a stop in between leaves no principal, and the next start begins again.
  const ApiKey key = make_key(random_);
  const std::filesystem::path path = directory / "bootstrap.key";
  SLIPWAY_CHECK(write_private_file(path, std::string(key.text.reveal()) + "\n"));
  NewKeyRow row;
  row.id = key.id;
  row.digest = key.digest;
  row.name = kBootstrapName;
  row.grant = {Role::kAdmin, "*"};
  row.now = clock_.now();
  row.created_by = kBootstrapName;
  SLIPWAY_CHECK(store_.insert_key(row));
  SLIPWAY_CHECK(refresh());
  return path;
}

Status AccessControl::refresh() {
  std::lock_guard lock(mutex_);
  SLIPWAY_TRY(const std::vector<KeyRow> rows, store_.live_keys());
  std::vector<LiveKey> keys;
  for (const KeyRow& row : rows) {
    const auto id = parse_key_id(row.id);
    if (!id)
      return fail(Code::kDataLoss, "access.bad_key_id", "stored key id " + slipway::quoted(row.id) + " is malformed");
    auto& last_used = last_used_[row.id];
    if (!last_used) last_used = std::make_shared<LastUsed>(0);
    keys.push_back({*id, row.digest, row.previous_digest, row.previous_until, row.expires.value_or(WallTime::max()),
                    principal_of(row), last_used});
  }
  snapshot_.publish(std::make_shared<const AccessSnapshot>(std::move(keys)));
  return {};
}

Status AccessControl::flush_last_used() {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, WallTime>> uses;
  std::map<std::string, std::int64_t, std::less<>> written = flushed_;
  for (const auto& [id, last_used] : last_used_) {
    const std::int64_t minute = last_used->load(std::memory_order_relaxed);
    if (minute == 0 || written[id] == minute) continue;
    uses.emplace_back(id, WallTime(std::chrono::minutes(minute)));
    written[id] = minute;
  }
  SLIPWAY_CHECK(store_.set_last_used(uses));
  flushed_ = std::move(written);
  return {};
}

}  // namespace slipway
