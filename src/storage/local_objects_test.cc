// What only a local directory promises.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/bytes.h"
#include "storage/testing/objects.h"

namespace slipway {
namespace {

using testing::ElementsAre;

class LocalObjectsTest : public testing::Test {
 protected:
  void SetUp() override { store_ = open(); }

  std::unique_ptr<ObjectStore> open() const {
    auto store = open_object_store(directory_.path().string());
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  std::size_t temporaries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory_.path() / "tmp"),
                                                  std::filesystem::directory_iterator()));
  }

  TemporaryDirectory directory_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(LocalObjectsTest, LeavesNoTemporaryFile) {
  ASSERT_TRUE(put_object(*store_, "a", "1"));
  ASSERT_FALSE(put_object(*store_, "a", "2"));
  { const auto dropped = store_->create("b"); }
  EXPECT_EQ(temporaries(), 0U);
}

TEST_F(LocalObjectsTest, OpeningRemovesWhatADeadProcessLeftButNotWhatALivingOneWrites) {
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

TEST_F(LocalObjectsTest, AdoptsWithoutACopyOnTheSameFileSystemAndWithOneElsewhere) {
  const auto upload = directory_.path() / "upload";
  std::ofstream(upload) << "here";
  ASSERT_TRUE(store_->adopt("here", upload));
  EXPECT_TRUE(std::filesystem::equivalent(upload, directory_.path() / "objects" / "here"));
  const std::filesystem::path memory = "/dev/shm";  // on Linux a file system of its own
  if (!std::filesystem::is_directory(memory)) GTEST_SKIP() << "there is no /dev/shm";
  const auto there = memory / ("slipway-" + std::to_string(::getpid()));
  std::ofstream(there) << "there";
  EXPECT_TRUE(store_->adopt("there", there));
  std::filesystem::remove(there);
  EXPECT_EQ(get_object(*store_, "there"), "there");
  EXPECT_EQ(temporaries(), 0U);
}

TEST_F(LocalObjectsTest, DoesNotFollowALink) {
  std::ofstream(directory_.path() / "secret") << "secret";
  std::filesystem::create_symlink(directory_.path() / "secret", directory_.path() / "objects" / "link");
  EXPECT_FALSE(store_->open("link"));
  EXPECT_FALSE(store_->stat("link"));
  EXPECT_THAT(object_keys(*store_, ""), ElementsAre());
}

TEST_F(LocalObjectsTest, OneOfManyWritersOfAKeyWins) {
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto own = open();  // a store of its own, as in another process
      const Status status = put_object(*own, "x/y/z", std::string(1'000, static_cast<char>('a' + i)));
      if (status) {
        ++won;
      } else {
        EXPECT_EQ(status.error().reason, "object.exists") << status.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  const std::string content = get_object(*store_, "x/y/z");
  EXPECT_EQ(content, std::string(1'000, content.at(0)));
}

}  // namespace
}  // namespace slipway
