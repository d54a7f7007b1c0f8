// What every object store keeps. S3 is the bucket of the environment variable SLIPWAY_TEST_S3, a URI as
// open_object_store() takes it, without a prefix; each test writes below a prefix of its own. Absent: skipped.
#include "storage/objects.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <stdexcept>

#include "base/bytes.h"
#include "base/id.h"
#include "storage/object_key.h"
#include "storage/testing/objects.h"

namespace slipway {
namespace {

using testing::ElementsAre;

enum class StoreKind { kLocal, kS3 };

class ObjectsTest : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (GetParam() == StoreKind::kLocal) {
      uri_ = "file://" + directory_.path().string();
    } else if (const char* bucket = std::getenv("SLIPWAY_TEST_S3"); bucket != nullptr) {
      uri_ = bucket;
      uri_.insert(std::min(uri_.find('?'), uri_.size()), "/" + Id::make().to_string());
    } else {
      GTEST_SKIP() << "S3 is not tested: SLIPWAY_TEST_S3 is not set";
    }
    store_ = open();
  }

  std::unique_ptr<ObjectStore> open() const {
    auto store = open_object_store(uri_);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }
  Status put(std::string_view key, std::string_view content) const { return put_object(*store_, key, content); }
  std::string get(std::string_view key) const { return get_object(*store_, key); }
  std::vector<std::string> keys(std::string_view prefix) const { return object_keys(*store_, prefix); }

  TemporaryDirectory directory_;
  std::string uri_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_P(ObjectsTest, GivesBackWhatWasPut) {
  std::string large(3 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 131 + (i >> 8));
  ASSERT_TRUE(put("blobs/sha256/ab/abcd", large));
  ASSERT_TRUE(put("empty", ""));
  EXPECT_EQ(get("blobs/sha256/ab/abcd"), large);
  EXPECT_EQ(get("empty"), "");
  const ObjectInfo info = store_->stat("blobs/sha256/ab/abcd").value();
  EXPECT_EQ(info.size_bytes, large.size());
  EXPECT_LT(std::chrono::abs(system_clock().now() - info.modified), std::chrono::minutes(1));
  EXPECT_EQ(get_object(*open(), "empty"), "") << "after it is opened again";
}

TEST_P(ObjectsTest, ReadsAtAnyOffsetAsFarAsTheObjectGoes) {
  ASSERT_TRUE(put("a", "0123456789"));
  const auto reader = std::move(store_->open("a").value());
  std::string out(4, '.');
  const auto bytes = std::as_writable_bytes(std::span(out));
  EXPECT_EQ(reader->read_at(3, bytes).value(), 4U);
  EXPECT_EQ(out, "3456");
  EXPECT_EQ(reader->read_at(8, bytes).value(), 2U);
  EXPECT_EQ(out, "8956");
  EXPECT_EQ(reader->read_at(10, bytes).value(), 0U);
  EXPECT_EQ(reader->read_at(~std::uint64_t{0}, bytes).value(), 0U);
}

TEST_P(ObjectsTest, AnObjectIsWrittenOnce) {
  ASSERT_TRUE(put("a/b", "first"));
  const Status second = put("a/b", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_EQ(second.error().reason, "object.exists");
  EXPECT_EQ(get("a/b"), "first");
}

TEST_P(ObjectsTest, NothingIsVisibleBeforeFinishAndNothingIsLeftWithoutIt) {
  {
    const auto writer = std::move(store_->create("a/b").value());
    ASSERT_TRUE(writer->append(as_bytes("half")));
    EXPECT_EQ(get("a/b"), "object.not_found");
    EXPECT_THAT(keys(""), ElementsAre());
  }
  EXPECT_EQ(get("a/b"), "object.not_found");
}

TEST_P(ObjectsTest, AdoptsALocalFile) {
  const TemporaryDirectory elsewhere;
  const std::string path = elsewhere.path() / "upload";
  const std::string content(3'000'000, 'x');
  std::ofstream(path, std::ios::binary) << content;
  ASSERT_TRUE(store_->adopt("a/b", path));
  EXPECT_EQ(store_->adopt("a/b", path).error().reason, "object.exists");
  std::filesystem::remove(path);
  EXPECT_EQ(get("a/b"), content);

  std::filesystem::create_symlink(elsewhere.path() / "target", path);
  std::ofstream(elsewhere.path() / "target") << "of a link";
  EXPECT_EQ(store_->adopt("c", path).error().reason, "object.not_regular");
  EXPECT_EQ(store_->adopt("c", elsewhere.path()).error().reason, "object.not_regular");
  EXPECT_FALSE(store_->adopt("c", elsewhere.path() / "absent"));
  EXPECT_THAT(keys(""), ElementsAre("a/b"));
}

TEST_P(ObjectsTest, AFinishedWriterRefusesMore) {
  const auto writer = std::move(store_->create("a").value());
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(writer->append(as_bytes("x")).error().reason, "object.finished");
  EXPECT_EQ(writer->finish().error().reason, "object.finished");
}

TEST_P(ObjectsTest, KeepsAnObjectOfManyPartsAndDropsAnUnfinishedOne) {
  const std::string part(6 << 20, 'p');  // S3 sends parts of at least 5 MiB
  {
    const auto dropped = std::move(store_->create("large").value());
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(dropped->append(as_bytes(part)));
  }
  EXPECT_EQ(get("large"), "object.not_found");
  const auto writer = std::move(store_->create("large").value());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(writer->append(as_bytes(part)));
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(store_->stat("large").value().size_bytes, 4 * part.size());
  const auto reader = std::move(store_->open("large").value());
  std::string tail(10, '.');
  EXPECT_EQ(reader->read_at(4 * part.size() - 10, std::as_writable_bytes(std::span(tail))).value(), 10U);
  EXPECT_EQ(tail, std::string(10, 'p'));
}

TEST_P(ObjectsTest, ListsByPrefixInOrder) {
  for (const std::string_view key : {"blobs/b", "blobs/a/2", "blobs/a/1", "blobs/ab", "other"}) {
    ASSERT_TRUE(put(key, "x"));
  }
  EXPECT_THAT(keys(""), ElementsAre("blobs/a/1", "blobs/a/2", "blobs/ab", "blobs/b", "other"));
  EXPECT_THAT(keys("blobs/a"), ElementsAre("blobs/a/1", "blobs/a/2", "blobs/ab"));
  EXPECT_THAT(keys("blobs/a/"), ElementsAre("blobs/a/1", "blobs/a/2"));
  EXPECT_THAT(keys("absent/"), ElementsAre());
}

TEST_P(ObjectsTest, RemovesAndForgets) {
  ASSERT_TRUE(put("a/b", "x"));
  EXPECT_TRUE(store_->remove("a/b"));
  EXPECT_TRUE(store_->remove("a/b"));
  EXPECT_TRUE(store_->remove("absent/key"));
  EXPECT_EQ(store_->stat("a/b").error().reason, "object.not_found");
  EXPECT_TRUE(put("a/b", "again"));
}

TEST_P(ObjectsTest, ADirectoryOfKeysIsNoObject) {
  ASSERT_TRUE(put("a/b", "x"));
  EXPECT_EQ(store_->stat("a").error().code, Code::kNotFound);
  EXPECT_EQ(get("a"), "object.not_found");
  EXPECT_EQ(get("a/b/c"), "object.not_found");
}

TEST_P(ObjectsTest, RefusesKeysThatAreNotOurs) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string("a/../b"), std::string("../a"), std::string("a/./b"), std::string("a b"), std::string("a\0b", 3),
        std::string("a%2e"), std::string("a\\b"), std::string("\u00e9"), std::string(256, 'a'), std::string("~")}) {
    EXPECT_EQ(check_object_key(key).error().reason, "object.key") << key;
    EXPECT_EQ(store_->create(key).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->open(key).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->stat(key).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->remove(key).error().code, Code::kInvalidArgument) << key;
  }
  for (const std::string_view prefix : {"/", "../", "a/../", "a//", "a b"}) {
    EXPECT_EQ(store_->list(prefix).error().code, Code::kInvalidArgument) << prefix;
  }
  EXPECT_TRUE(check_object_key("...") && check_object_key(".a") && check_object_key("A-z_0.9/x"));
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectsTest, testing::Values(StoreKind::kLocal, StoreKind::kS3),
                         [](const auto& test) { return test.param == StoreKind::kLocal ? "Local" : "S3"; });

TEST(OpenObjectStore, RefusesAnAddressItDoesNotKnowWithoutShowingIt) {
  for (const std::string uri :
       {"", "ftp://user:hunter2@host/x", "file://host/x", "s3://key:hunter2@bucket/x?colour=red", "s3://"}) {
    const auto store = open_object_store(uri);
    ASSERT_FALSE(store) << uri;
    EXPECT_EQ(store.error().reason, "storage.uri");
    EXPECT_THAT(store.error().message, Not(testing::HasSubstr("hunter2")));
  }
  EXPECT_EQ(open_object_store("/nonexistent/directory/x").error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace slipway
