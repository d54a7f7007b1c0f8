// What every object store keeps.
#include "storage/objects.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/bytes.h"
#include "storage/object_key.h"

namespace slipway {
namespace {

using testing::ElementsAre;

class ObjectsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "slipway_objects_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    store_ = open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<ObjectStore> open() const {
    auto store = open_object_store("file://" + directory_.string());
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  static Status put(ObjectStore& store, std::string_view key, std::string_view content) {
    SLIPWAY_TRY(auto writer, store.create(key));
    SLIPWAY_CHECK(writer->append(as_bytes(content)));
    return writer->finish();
  }
  static std::string get(ObjectStore& store, std::string_view key) {
    auto reader = store.open(key);
    if (!reader) return reader.error().reason;
    std::string content((*reader)->size_bytes(), '\0');
    EXPECT_EQ((*reader)->read_at(0, std::as_writable_bytes(std::span(content))).value(), content.size());
    return content;
  }
  std::vector<std::string> keys(std::string_view prefix) const {
    const std::vector<ObjectInfo> infos = store_->list(prefix).value();
    std::vector<std::string> keys;
    for (const ObjectInfo& info : infos) keys.push_back(info.key);
    return keys;
  }
  std::size_t temporaries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_ / "tmp"), std::filesystem::directory_iterator()));
  }

  std::filesystem::path directory_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(ObjectsTest, GivesBackWhatWasPut) {
  std::string large(3 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 131 + (i >> 8));
  ASSERT_TRUE(put(*store_, "blobs/sha256/ab/abcd", large));
  ASSERT_TRUE(put(*store_, "empty", ""));
  EXPECT_EQ(get(*store_, "blobs/sha256/ab/abcd"), large);
  EXPECT_EQ(get(*store_, "empty"), "");
  const ObjectInfo info = store_->stat("blobs/sha256/ab/abcd").value();
  EXPECT_EQ(info.size_bytes, large.size());
  EXPECT_LT(std::chrono::abs(system_clock().now() - info.modified), std::chrono::minutes(1));
  EXPECT_EQ(get(*open(), "empty"), "") << "after it is opened again";
}

TEST_F(ObjectsTest, ReadsAtAnyOffsetAsFarAsTheObjectGoes) {
  ASSERT_TRUE(put(*store_, "a", "0123456789"));
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

TEST_F(ObjectsTest, AnObjectIsWrittenOnce) {
  ASSERT_TRUE(put(*store_, "a/b", "first"));
  const Status second = put(*store_, "a/b", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_EQ(second.error().reason, "object.exists");
  EXPECT_EQ(get(*store_, "a/b"), "first");
  EXPECT_EQ(temporaries(), 0U);
}

TEST_F(ObjectsTest, NothingIsVisibleBeforeFinishAndNothingIsLeftWithoutIt) {
  {
    const auto writer = std::move(store_->create("a/b").value());
    ASSERT_TRUE(writer->append(as_bytes("half")));
    EXPECT_EQ(get(*store_, "a/b"), "object.not_found");
    EXPECT_THAT(keys(""), ElementsAre());
  }
  EXPECT_EQ(get(*store_, "a/b"), "object.not_found");
  EXPECT_EQ(temporaries(), 0U);
}

TEST_F(ObjectsTest, AFinishedWriterRefusesMore) {
  const auto writer = std::move(store_->create("a").value());
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(writer->append(as_bytes("x")).error().reason, "object.finished");
  EXPECT_EQ(writer->finish().error().reason, "object.finished");
}

TEST_F(ObjectsTest, OneOfManyWritersOfAKeyWins) {
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto own = open();  // a store of its own, as in another process
      const Status status = put(*own, "x/y/z", std::string(1'000, static_cast<char>('a' + i)));
      if (status) {
        ++won;
      } else {
        EXPECT_EQ(status.error().reason, "object.exists") << status.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  const std::string content = get(*store_, "x/y/z");
  EXPECT_EQ(content, std::string(1'000, content.at(0)));
}

TEST_F(ObjectsTest, ListsByPrefixInOrder) {
  for (const std::string_view key : {"blobs/b", "blobs/a/2", "blobs/a/1", "blobs/ab", "other"}) {
    ASSERT_TRUE(put(*store_, key, "x"));
  }
  EXPECT_THAT(keys(""), ElementsAre("blobs/a/1", "blobs/a/2", "blobs/ab", "blobs/b", "other"));
  EXPECT_THAT(keys("blobs/a"), ElementsAre("blobs/a/1", "blobs/a/2", "blobs/ab"));
  EXPECT_THAT(keys("blobs/a/"), ElementsAre("blobs/a/1", "blobs/a/2"));
  EXPECT_THAT(keys("absent/"), ElementsAre());
}

TEST_F(ObjectsTest, RemovesAndForgets) {
  ASSERT_TRUE(put(*store_, "a/b", "x"));
  EXPECT_TRUE(store_->remove("a/b"));
  EXPECT_TRUE(store_->remove("a/b"));
  EXPECT_TRUE(store_->remove("absent/key"));
  EXPECT_EQ(store_->stat("a/b").error().reason, "object.not_found");
  EXPECT_TRUE(put(*store_, "a/b", "again"));
}

TEST_F(ObjectsTest, ADirectoryOfKeysIsNoObject) {
  ASSERT_TRUE(put(*store_, "a/b", "x"));
  EXPECT_EQ(store_->stat("a").error().code, Code::kNotFound);
  EXPECT_EQ(get(*store_, "a"), "object.not_found");
  EXPECT_EQ(get(*store_, "a/b/c"), "object.not_found");
}

TEST_F(ObjectsTest, OpeningRemovesWhatADeadProcessLeftButNotWhatALivingOneWrites) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = store_->create("dead");
    const bool is_ok = writer && (*writer)->append(as_bytes("half"));
    ::_exit(is_ok ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const auto writer = std::move(store_->create("alive").value());
  EXPECT_EQ(temporaries(), 2U);
  const auto again = open();
  EXPECT_EQ(temporaries(), 1U);
  EXPECT_TRUE(writer->finish());
}

TEST_F(ObjectsTest, DoesNotFollowALink) {
  std::ofstream(directory_ / "secret") << "secret";
  std::filesystem::create_symlink(directory_ / "secret", directory_ / "objects" / "link");
  EXPECT_FALSE(store_->open("link"));
  EXPECT_FALSE(store_->stat("link"));
  EXPECT_THAT(keys(""), ElementsAre());
}

TEST_F(ObjectsTest, RefusesKeysThatAreNotOurs) {
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

TEST(OpenObjectStore, RefusesAnAddressItDoesNotKnowWithoutShowingIt) {
  for (const std::string uri : {"", "ftp://user:hunter2@host/x", "file://host/x"}) {
    const auto store = open_object_store(uri);
    ASSERT_FALSE(store) << uri;
    EXPECT_EQ(store.error().reason, "storage.uri");
    EXPECT_THAT(store.error().message, Not(testing::HasSubstr("hunter2")));
  }
  EXPECT_EQ(open_object_store("/nonexistent/directory/x").error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace slipway
