// What a start makes of files that a power failure, a bad disk or a hand has changed.
#include "audit/recovery.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/log.h"
#include "audit/test_support.h"
#include "audit/verify.h"

namespace slipway::audit {
namespace {

// A log of `count` records; a small one has each in a commit of its own.
Catalog make_log(const std::filesystem::path& directory, std::uint64_t count) {
  auto log = open_log(directory).value();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (count > 100) {
      EXPECT_TRUE(log->append_relaxed(sample_record(i)));
    } else {
      EXPECT_TRUE(log->append_durable(sample_record(i)));
    }
  }
  EXPECT_TRUE(log->close());
  return log->catalog();
}

std::uint64_t offset_of(const Catalog& catalog, const SegmentInfo& segment, std::uint64_t index) {
  const auto mapping = Mapping::open(catalog.path(segment)).value();
  FrameCursor cursor(mapping.bytes(), segment.first_index);
  while (cursor.index() < index) EXPECT_TRUE(cursor.next());
  return cursor.offset();
}

void overwrite(const std::filesystem::path& path, std::uint64_t offset, std::string_view bytes) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  auto file = File::open(path, O_RDWR).value();
  ASSERT_TRUE(file.write_at(std::as_bytes(std::span(bytes)), offset));
}

void flip(const std::filesystem::path& path, std::uint64_t offset) {
  std::byte byte{};
  ASSERT_TRUE(File::open(path, O_RDONLY).value().read_at({&byte, 1}, offset));
  const char flipped = static_cast<char>(byte ^ std::byte{1});
  overwrite(path, offset, {&flipped, 1});
}

// The bytes of a commit of three records that reached the disk without the checkpoint after them.
std::string unfinished_commit() {
  std::string frames;
  for (std::uint64_t i = 0; i < 3; ++i) {
    std::array<std::byte, 1024> leaf;
    const std::size_t size = encode(sample_record(i), leaf).value();
    std::string frame(frame_bytes(size), '\0');
    put_frame(std::as_writable_bytes(std::span(frame)), std::span(leaf).first(size));
    frames += frame;
  }
  finish_frames(std::as_writable_bytes(std::span(frames)));
  return frames;
}

TEST(Recovery, CutsATornTailAtEveryByte) {
  const std::string commit = unfinished_commit();
  const std::size_t frame = commit.size() / 3 / 8 * 8;
  for (std::size_t kept : {std::size_t{1}, std::size_t{8}, frame / 2, frame + 9, commit.size() - 8}) {
    const TempDirectory directory;
    const Catalog catalog = make_log(directory.path(), 10);
    const auto& segment = catalog.segments.back();
    overwrite(catalog.path(segment), segment.data_bytes, std::string_view(commit).substr(0, kept));
    auto log = open_log(directory.path());
    ASSERT_TRUE(log) << log.error().message;
    const std::uint64_t size = (*log)->stats().durable_records;
    EXPECT_GE(size, 10);
    EXPECT_LE(size, 12);
    EXPECT_EQ((*log)->append_durable(sample_record(0)).value(), size);
    log->reset();
    const auto report = verify(directory.path()).value();
    EXPECT_TRUE(report.is_sound()) << report.fault->what;
    EXPECT_EQ(report.records, size + 1);
  }
}

// Blocks of one commit can reach the disk in any order: later frames without the first.
TEST(Recovery, CutsATornTailWhoseFirstBlockIsMissing) {
  const TempDirectory directory;
  const Catalog catalog = make_log(directory.path(), 10);
  const auto& segment = catalog.segments.back();
  std::string commit = unfinished_commit();
  commit.replace(0, 100, 100, '\0');
  overwrite(catalog.path(segment), segment.data_bytes, commit);
  auto log = open_log(directory.path());
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ((*log)->stats().durable_records, 10);
  ASSERT_TRUE((*log)->append_durable(sample_record(0)));
  log->reset();
  EXPECT_EQ(verify(directory.path()).value().records, 11);
}

TEST(Recovery, RefusesAnAcknowledgedRecordThatIsDamaged) {
  for (const std::uint64_t index : {0, 5, 9}) {
    const TempDirectory directory;
    const Catalog catalog = make_log(directory.path(), 10);
    const auto& segment = catalog.segments.back();
    const std::uint64_t offset = offset_of(catalog, segment, index);
    flip(catalog.path(segment), offset + 20);
    const auto log = open_log(directory.path());
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Code::kDataLoss);
    EXPECT_EQ(log.error().reason, "audit.corrupt");
    EXPECT_THAT(log.error().message, testing::HasSubstr(segment_name(0) + ", offset " + std::to_string(offset) +
                                                        ", record " + std::to_string(index)));
    const auto report = verify(directory.path()).value();
    ASSERT_FALSE(report.is_sound());
    EXPECT_EQ(report.fault->index, index);
  }
}

// No checkpoint names these records, but a later commit proves that they were acknowledged.
TEST(Recovery, RefusesDamageBehindTheCheckpointWhenALaterCommitExists) {
  const TempDirectory directory;
  make_log(directory.path(), 2);
  const auto checkpoint = read_text(directory.path() / "checkpoint", 10000).value();
  const Catalog catalog = make_log(directory.path(), 8);
  ASSERT_TRUE(replace_file(directory.path() / "checkpoint", checkpoint));
  const auto& segment = catalog.segments.back();
  flip(catalog.path(segment), offset_of(catalog, segment, 5) + 3);  // the length itself
  EXPECT_EQ(open_log(directory.path()).error().reason, "audit.corrupt");
}

TEST(Recovery, RefusesRecordsCutOffBelowTheCheckpoint) {
  const TempDirectory directory;
  const Catalog catalog = make_log(directory.path(), 10);
  const auto& segment = catalog.segments.back();
  const std::uint64_t offset = offset_of(catalog, segment, 8);
  overwrite(catalog.path(segment), offset, std::string(segment.data_bytes - offset, '\0'));
  EXPECT_EQ(open_log(directory.path()).error().reason, "audit.corrupt");
  EXPECT_FALSE(verify(directory.path()).value().is_sound());
}

TEST(Recovery, RefusesALogWithoutOneOfItsSegments) {
  const TempDirectory directory;
  const Catalog catalog = make_log(directory.path(), 2000);
  ASSERT_GE(catalog.segments.size(), 3);
  std::filesystem::remove(catalog.path(catalog.segments[1]));
  EXPECT_EQ(open_log(directory.path()).error().reason, "audit.corrupt");
  EXPECT_FALSE(verify(directory.path()).value().is_sound());
}

TEST(Recovery, RefusesRecordsThatAreWholeButNotTheSignedOnes) {
  const TempDirectory directory;
  const TempDirectory other;
  const Catalog catalog = make_log(directory.path(), 10);
  const Catalog forged = make_log(other.path(), 10);
  std::filesystem::copy_file(forged.path(forged.segments[0]), catalog.path(catalog.segments[0]),
                             std::filesystem::copy_options::overwrite_existing);
  const auto log = open_log(directory.path());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().reason, "audit.corrupt");
  EXPECT_THAT(log.error().message, testing::HasSubstr("signed checkpoint"));
}

TEST(Recovery, MakesMissingHashesAndIndexesAgain) {
  const TempDirectory directory;
  const Catalog catalog = make_log(directory.path(), 2000);
  const auto before = read_text(directory.path() / "hashes-1", 1 << 20).value();
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    const auto name = entry.path().filename().native();
    if (name.starts_with("hashes-") || name.ends_with(".index")) std::filesystem::remove(entry.path());
  }
  auto log = open_log(directory.path()).value();
  EXPECT_EQ(log->stats().durable_records, 2000);
  ASSERT_TRUE(log->close());
  EXPECT_EQ(read_text(directory.path() / "hashes-1", 1 << 20).value(), before);
  EXPECT_TRUE(log->catalog().segments.front().is_indexed);
  EXPECT_TRUE(verify(directory.path()).value().is_sound());
}

TEST(Verify, CountsWhatIsThereAndFindsEveryKindOfAlteration) {
  const TempDirectory directory;
  const Catalog catalog = make_log(directory.path(), 2000);
  const auto key = stored_public_key(directory.path()).value();
  const auto report = verify(directory.path(), {key, {}}).value();
  ASSERT_TRUE(report.is_sound()) << report.fault->what;
  EXPECT_EQ(report.records, 2000);
  EXPECT_EQ(report.decisions, 200);
  EXPECT_EQ(report.predictions, 1800);
  EXPECT_EQ(report.signed_records, 2000);
  EXPECT_EQ(report.segments, catalog.segments.size());

  const auto middle = catalog.path(catalog.segments[1]);
  flip(middle, 5000);
  EXPECT_EQ(verify(directory.path(), {key, {}}).value().fault->file, middle.filename().native());
  flip(middle, 5000);
  flip(directory.path() / "hashes-0", 32 * 1234 + 5);
  EXPECT_EQ(verify(directory.path(), {key, {}}).value().fault->index, 1234);
  flip(directory.path() / "hashes-0", 32 * 1234 + 5);
  flip(directory.path() / "hashes-1", 32 * 3);
  EXPECT_EQ(verify(directory.path(), {key, {}}).value().fault->file, "hashes-1");
  flip(directory.path() / "hashes-1", 32 * 3);
  ASSERT_TRUE(verify(directory.path(), {key, {}}).value().is_sound());

  const auto stranger = PrivateKey::generate("slipway.local/audit").public_key();
  EXPECT_EQ(verify(directory.path(), {stranger, {}}).value().fault->file, "checkpoint");
  std::filesystem::remove(directory.path() / "checkpoint");
  EXPECT_EQ(verify(directory.path(), {key, {}}).value().fault->file, "checkpoint");
}

// The operator holds the key: he makes a new log of other records and signs it. A checkpoint kept elsewhere tells.
TEST(Verify, AKnownCheckpointShowsThatTheLogWasRewritten) {
  const TempDirectory directory;
  make_log(directory.path(), 50);
  const VerifyOptions known{std::nullopt, {read_text(directory.path() / "checkpoint", kNoteBytesMax).value()}};
  make_log(directory.path(), 50);
  EXPECT_TRUE(verify(directory.path(), known).value().is_sound());

  for (const std::uint64_t count : {20, 80}) {  // shorter, then longer than what was signed
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      if (!entry.path().filename().native().starts_with("audit.key")) std::filesystem::remove(entry.path());
    }
    make_log(directory.path(), count);
    EXPECT_TRUE(verify(directory.path()).value().is_sound());
    const auto report = verify(directory.path(), known).value();
    ASSERT_FALSE(report.is_sound());
    EXPECT_EQ(report.fault->file, "known checkpoint 1");
  }
}

}  // namespace
}  // namespace slipway::audit
