#include "audit/log.h"

#include <algorithm>
#include <cassert>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "audit/id_index.h"
#include "audit/recovery.h"
#include "base/bytes.h"

namespace slipway::audit {
namespace {

constexpr std::uint64_t kSegmentBytesMin = 128 << 10;
constexpr std::uint64_t kSegmentBytesMax = 1 << 30;

Status check_options(const LogOptions& options) {
  const auto refused = [](std::string_view name, std::string_view accepted) {
    return fail(Code::kInvalidArgument, "audit.option_invalid",
                "audit setting '" + std::string(name) + "' is out of range; accepted: " + std::string(accepted));
  };
  if (options.segment_bytes < kSegmentBytesMin || options.segment_bytes > kSegmentBytesMax) {
    return refused("segment_bytes", "128 KiB to 1 GiB");
  }
  if (options.queue_bytes_max < frame_bytes(kLeafBytesMax)) return refused("queue_bytes_max", "at least 64 KiB");
  if (options.batch_records == 0) return refused("batch_records", "at least 1");
  if (options.batch_time.count() <= 0) return refused("batch_time", "more than 0");
  return {};
}

struct Trust {
  PrivateKey key;
  Checkpoint checkpoint;  // size 0 if none was signed
  std::string note;
};

Result<Trust> load_trust(const std::filesystem::path& directory, const std::filesystem::path& key_path,
                         std::string_view origin) {
  auto note = read_text(directory / "checkpoint", kNoteBytesMax);
  if (!note && note.error().code != Code::kNotFound) return fail(std::move(note).error());
  std::error_code ignored;
  if (note && !std::filesystem::exists(key_path, ignored)) {
    return fail(Code::kFailedPrecondition, "audit.key_missing",
                "the log has a signed checkpoint but its key " + quoted(key_path.native(), 256) + " is missing");
  }
  SLIPWAY_TRY(PrivateKey key, PrivateKey::load_or_create(key_path, origin));
  if (const auto stored = stored_public_key(directory); !stored || *stored != key.public_key()) {
    SLIPWAY_CHECK(store_public_key(directory, key.public_key()));  // the key itself is kept elsewhere
  }
  if (!note) return Trust{std::move(key), {}, {}};
  SLIPWAY_TRY(Checkpoint checkpoint, open_checkpoint(*note, key.public_key()));
  return Trust{std::move(key), std::move(checkpoint), *std::move(note)};
}

}  // namespace

struct AuditLog::Opened {
  LogOptions options;
  File lock;
  Trust trust;
  Recovered recovered;
};

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::filesystem::path& directory, LogOptions options) {
  SLIPWAY_CHECK(check_options(options));
  if (options.key_path.empty()) options.key_path = directory / "audit.key";
  if (options.sync_data == nullptr) options.sync_data = ::fdatasync;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return fail(Code::kUnavailable, "audit.io",
                "cannot create " + quoted(directory.native(), 256) + ": " + error.message());
  }
  SLIPWAY_TRY(File lock, File::open(directory / "lock", O_RDWR | O_CREAT));
  if (!lock.try_lock()) {
    return fail(Code::kFailedPrecondition, "audit.locked",
                "the audit log " + quoted(directory.native(), 256) + " is open in another process");
  }
  SLIPWAY_TRY(Trust trust, load_trust(directory, options.key_path, options.origin));
  SLIPWAY_TRY(Recovered recovered, recover(directory, trust.checkpoint));
  std::unique_ptr<AuditLog> log(
      new AuditLog({std::move(options), std::move(lock), std::move(trust), std::move(recovered)}));
  SLIPWAY_CHECK(log->start_first_segment());
  log->writer_ = std::thread([raw = log.get()] {
    while (raw->queue_.wait_until_due()) raw->commit(0);
  });
  return log;
}

AuditLog::AuditLog(Opened opened)
    : options_(std::move(opened.options)),
      directory_(opened.recovered.catalog.directory),
      lock_(std::move(opened.lock)),
      key_(std::move(opened.trust.key)),
      queue_({options_.queue_bytes_max, options_.batch_records, options_.batch_time}, opened.recovered.catalog.size()),
      durable_size_(opened.recovered.catalog.size()),
      hashes_(std::move(opened.recovered.hashes)),
      tree_(std::move(opened.recovered.tree)),
      catalog_(std::move(opened.recovered.catalog)),
      checkpoint_note_(std::move(opened.trust.note)),
      checkpoint_size_(opened.trust.checkpoint.size) {
  KeeperDuties duties;
  duties.blank_path = directory_ / "blank";
  duties.segment_bytes = options_.segment_bytes;
  duties.checkpoint_interval = options_.checkpoint_interval;
  duties.clock = options_.clock;
  duties.seal = [this](const SegmentInfo& segment) { return seal(segment); };
  duties.sign_checkpoint = [this]() -> Status {
    SLIPWAY_TRY([[maybe_unused]] const auto note, sign_checkpoint());
    return {};
  };
  keeper_ = std::make_unique<Keeper>(std::move(duties));
}

AuditLog::~AuditLog() { [[maybe_unused]] const Status ignored = close(); }

Status AuditLog::start_first_segment() {
  const Catalog found = catalog();
  for (std::size_t i = 0; i + 1 < found.segments.size(); ++i) {
    if (!found.segments[i].is_indexed) keeper_->seal(found.segments[i]);
  }
  // Signed before the first record: a log with records and no checkpoint has lost it.
  SLIPWAY_TRY([[maybe_unused]] const auto note, checkpoint());
  if (found.size() > checkpoint_size_) keeper_->note_growth();
  std::lock_guard lock(commit_mutex_);
  if (found.segments.empty()) return roll();
  SLIPWAY_TRY(segment_, File::open(found.path(found.segments.back()), O_RDWR));
  SLIPWAY_TRY(segment_bytes_, segment_.size_bytes());
  return {};
}

Result<std::uint64_t> AuditLog::append(const Record& record, Urgency urgency, Completion done) {
  thread_local const auto scratch = std::make_unique_for_overwrite<std::byte[]>(kLeafBytesMax);
  const std::span leaf(scratch.get(), kLeafBytesMax);
  const auto size = encode(record, leaf);
  auto index =
      size ? queue_.push(leaf.first(*size), urgency, std::move(done)) : Result<std::uint64_t>(fail(size.error()));
  if (!index) refused_.fetch_add(1, std::memory_order_relaxed);
  return index;
}

Status AuditLog::append_relaxed(const Record& record) {
  auto index = append(record, Urgency::kRelaxed, {});
  if (!index) return fail(std::move(index).error());
  return {};
}

void AuditLog::append_strict(const Record& record, Completion done) {
  // The queue keeps its own copy only if it accepts the record.
  if (auto index = append(record, Urgency::kStrict, done); !index) done(fail(std::move(index).error()));
}

Result<std::uint64_t> AuditLog::append_durable(const Record& record) {
  SLIPWAY_TRY(const std::uint64_t index, append(record, Urgency::kPersonal, {}));
  commit(index);
  if (durable_size_.load(std::memory_order_acquire) > index) return index;
  std::lock_guard lock(catalog_mutex_);
  return fail(failure_);
}

void AuditLog::commit(std::uint64_t wanted_index) {
  std::lock_guard lock(commit_mutex_);
  // Whoever held the lock before may have committed it already.
  if (wanted_index != 0 && durable_size_.load(std::memory_order_relaxed) > wanted_index) return;
  queue_.take(batch_);
  if (batch_.count == 0) return;
  committing_bytes_.store(batch_.size_bytes, std::memory_order_relaxed);
  const Status written = write(batch_.frames());
  committing_bytes_.store(0, std::memory_order_relaxed);
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (!written) fail_for_good(written.error());
  for (auto& waiter : batch_.waiters) {
    // A batch that spans two segments can be durable in part.
    const bool is_durable = waiter.index < durable_size_.load(std::memory_order_relaxed);
    waiter.completion(is_durable ? Result<std::uint64_t>(waiter.index) : fail(failure_));
  }
  batch_.waiters.clear();
  // After the waiters were told: what they wait for is the disk, not the hashes.
  if (const Status hashed = hash_written(); !hashed) fail_for_good(hashed.error());
  keeper_->note_growth();
}

Status AuditLog::write(std::span<std::byte> frames) {
  if (has_failed_.load(std::memory_order_relaxed)) return fail(failure_);
  while (!frames.empty()) {
    std::uint64_t offset = 0;
    {
      std::lock_guard lock(catalog_mutex_);
      offset = catalog_.segments.back().data_bytes;
    }
    const auto part = frames.first(fitting_bytes(frames, segment_bytes_ - offset));
    if (part.empty()) {
      SLIPWAY_CHECK(hash_written());  // a segment is sealed with all its hashes
      SLIPWAY_CHECK(roll());
      continue;
    }
    SLIPWAY_CHECK(write_part(part, offset));
    frames = frames.subspan(part.size());
  }
  return {};
}

Status AuditLog::write_part(std::span<std::byte> frames, std::uint64_t offset) {
  finish_frames(frames);
  SLIPWAY_CHECK(segment_.write_at(frames, offset));
  if (options_.sync_data(segment_.descriptor()) != 0) return fail(io_error("sync", segment_.path()));
  unhashed_ = frames;
  std::lock_guard lock(catalog_mutex_);
  SegmentInfo& info = catalog_.segments.back();
  for (std::span<const std::byte> left = frames; !left.empty();) {
    const auto leaf = first_leaf(left);
    info.add(leaf);
    left = left.subspan(frame_bytes(leaf.size()));
  }
  durable_size_.store(info.end_index(), std::memory_order_release);
  if (info.data_bytes > segment_bytes_ / 4) keeper_->request_blank();
  return {};
}

Status AuditLog::roll() {
  SLIPWAY_TRY(File blank, keeper_->take_blank());
  const std::uint64_t first_index = durable_size_.load(std::memory_order_relaxed);
  SLIPWAY_CHECK(name_segment(blank, directory_, first_index));
  segment_ = std::move(blank);
  segment_bytes_ = options_.segment_bytes;
  std::lock_guard lock(catalog_mutex_);
  if (!catalog_.segments.empty()) keeper_->seal(catalog_.segments.back());
  SegmentInfo info;
  info.first_index = first_index;
  catalog_.segments.push_back(info);
  return {};
}

Status AuditLog::hash_written() {
  leaves_.clear();
  while (!unhashed_.empty()) {
    const auto leaf = first_leaf(unhashed_);
    leaves_.push_back(leaf_hash(leaf));
    unhashed_ = unhashed_.subspan(frame_bytes(leaf.size()));
  }
  std::lock_guard lock(tree_mutex_);
  return hashes_.append(tree_, leaves_);
}

// On the keeper's thread. The order is what makes an index a promise: see id_index.h.
Status AuditLog::seal(const SegmentInfo& segment) {
  SLIPWAY_CHECK(hashes_.sync());
  const auto path = directory_ / segment_name(segment.first_index);
  SLIPWAY_TRY(File file, File::open(path, O_RDONLY));
  SLIPWAY_CHECK(file.make_read_only());
  SLIPWAY_CHECK(file.sync());
  SLIPWAY_CHECK(write_index(path, segment));
  std::lock_guard lock(catalog_mutex_);
  const auto at =
      std::lower_bound(catalog_.segments.begin(), catalog_.segments.end(), segment.first_index,
                       [](const SegmentInfo& info, std::uint64_t index) { return info.first_index < index; });
  at->is_indexed = true;
  return {};
}

void AuditLog::fail_for_good(const Error& why) {
  {
    std::lock_guard lock(catalog_mutex_);
    if (!has_failed_.exchange(true)) {
      failure_ =
          Error{Code::kUnavailable, "audit.failed", "the audit log has failed and refuses records: " + why.message, {}};
    }
  }
  queue_.refuse(failure_);
}

Status AuditLog::close() {
  std::lock_guard lock(close_mutex_);
  if (std::exchange(is_closed_, true)) return {};
  queue_.close();
  if (writer_.joinable()) writer_.join();
  {
    std::lock_guard committing(commit_mutex_);  // the last caller of append_durable() may still commit
  }
  keeper_->stop();
  if (has_failed_) {
    std::lock_guard catalog_lock(catalog_mutex_);
    return fail(failure_);
  }
  SLIPWAY_CHECK(hashes_.sync());
  SLIPWAY_TRY([[maybe_unused]] const auto note, sign_checkpoint());
  return {};
}

LogStats AuditLog::stats() const {
  LogStats stats;
  stats.durable_records = durable_size_.load(std::memory_order_acquire);
  stats.pending_bytes = committing_bytes_.load(std::memory_order_relaxed);
  const auto depth = queue_.depth();
  stats.records = std::max(depth.next_index, stats.durable_records);
  stats.pending_records = stats.records - stats.durable_records;
  stats.pending_bytes += depth.bytes;
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.refused = refused_.load(std::memory_order_relaxed);
  stats.checkpoint_size = checkpoint_size_.load(std::memory_order_relaxed);
  stats.keeper_failures = keeper_->failures();
  stats.has_failed = has_failed_.load(std::memory_order_relaxed);
  return stats;
}

std::string AuditLog::failure() const {
  std::lock_guard lock(catalog_mutex_);
  return has_failed_.load(std::memory_order_relaxed) ? failure_.message : keeper_->last_failure();
}

Catalog AuditLog::catalog() const {
  std::lock_guard lock(catalog_mutex_);
  return catalog_;
}

Result<std::string> AuditLog::sign_checkpoint() {
  std::lock_guard lock(checkpoint_mutex_);
  Checkpoint checkpoint{public_key().name(), 0, {}};
  {
    std::lock_guard tree_lock(tree_mutex_);
    checkpoint.size = tree_.size();
    checkpoint.root = tree_.root();
  }
  if (!checkpoint_note_.empty() && checkpoint.size == checkpoint_size_) return checkpoint_note_;
  std::string note = sign_note(checkpoint.to_text(), key_);
  SLIPWAY_CHECK(replace_file(directory_ / "checkpoint", note));
  checkpoint_note_ = std::move(note);
  checkpoint_size_ = checkpoint.size;
  return checkpoint_note_;
}

Result<std::string> AuditLog::checkpoint() {
  {
    std::lock_guard lock(checkpoint_mutex_);
    if (!checkpoint_note_.empty()) return checkpoint_note_;
  }
  return sign_checkpoint();
}

Result<std::string> AuditLog::checkpoint_covering(std::uint64_t index) {
  if (index >= durable_size_.load(std::memory_order_acquire)) {
    return fail(Code::kOutOfRange, "audit.index_out_of_range",
                "record " + std::to_string(index) + " is not in the log of " + std::to_string(durable_size_.load()));
  }
  {
    std::lock_guard lock(checkpoint_mutex_);
    if (checkpoint_size_ > index) return checkpoint_note_;
  }
  {
    std::lock_guard committing(commit_mutex_);  // a commit that has told its waiters may still be hashing
  }
  return sign_checkpoint();
}

}  // namespace slipway::audit
