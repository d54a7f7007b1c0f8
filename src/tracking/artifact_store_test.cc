#include "tracking/artifact_store.h"

#include <gmock/gmock.h>

#include "registry/bundle_store.h"
#include "registry/transact.h"
#include "storage/testing/database_test_case.h"
#include "tracking/artifact_uploads.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ArtifactStoreTest : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) database_ = open();
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }

  Status put(std::string_view path, std::string_view content = "bytes") {
    return database_->write([&](Transaction& t) { return store_.put(t, path, sha256(content), content.size()); });
  }
  Status remove(std::string_view path) {
    return database_->write([&](Transaction& t) { return store_.remove(t, path); });
  }
  Result<Artifact> get(std::string_view path) {
    return in_read(*database_, [&](Transaction& t) { return store_.get(t, path); });
  }
  std::vector<std::string> list(std::string_view folder, std::size_t limit = 100) {
    std::vector<std::string> paths;
    std::string token;
    do {
      auto page =
          in_read(*database_, [&](Transaction& t) { return store_.list(t, folder, {.limit = limit, .token = token}); });
      EXPECT_TRUE(page) << page.error().message;
      if (!page) break;
      for (const Artifact& artifact : page->items) paths.push_back(artifact.path + (artifact.is_folder() ? "/" : ""));
      token = page->next_token;
    } while (!token.empty());
    return paths;
  }

  ManualClock clock_{WallTime{std::chrono::hours{24 * 20000}}};
  ArtifactStore store_{clock_};
  ArtifactUploads uploads_{clock_};
  std::unique_ptr<Database> database_;
};

TEST_P(ArtifactStoreTest, ListsFilesAndFoldersOfOneLevelByPath) {
  for (const char* path : {"0/r/artifacts/b.txt", "0/r/artifacts/model/MLmodel", "0/r/artifacts/model/data/x.bin",
                           "0/r/artifacts/a.txt", "0/r/artifacts-2/c"})
    ASSERT_TRUE(put(path));
  for (const std::size_t limit : {1UL, 2UL, 100UL}) {
    EXPECT_THAT(list("0/r/artifacts", limit),
                ElementsAre("0/r/artifacts/a.txt", "0/r/artifacts/b.txt", "0/r/artifacts/model/"));
  }
  EXPECT_THAT(list(""), ElementsAre("0/"));
  EXPECT_THAT(list("0/r/artifacts/a.txt"), IsEmpty()) << "listing a file";
  EXPECT_THAT(list("nowhere"), IsEmpty());
}

TEST_P(ArtifactStoreTest, FindsAllFilesBelowAFolderAndNoneOfItsNeighbours) {
  for (const char* path : {"m/MLmodel", "m/data/x", "m-2/other", "m0"}) ASSERT_TRUE(put(path));
  const auto files = in_read(*database_, [&](Transaction& t) { return store_.files_below(t, "m", 10); });
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ(files->at(0).path, "m/MLmodel");
  EXPECT_EQ(files->at(1).path, "m/data/x");
  const auto refused = in_read(*database_, [&](Transaction& t) { return store_.files_below(t, "m", 1); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "artifact.too_many");
}

TEST_P(ArtifactStoreTest, TheLastOneWrittenWins) {
  ASSERT_TRUE(put("a/x", "old"));
  ASSERT_TRUE(put("a/x", "newer"));
  const auto artifact = get("a/x");
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->digest, sha256("newer"));
  EXPECT_EQ(artifact->size_bytes, 5U);
}

TEST_P(ArtifactStoreTest, AFileIsNoFolder) {
  ASSERT_TRUE(put("a/x"));
  for (const char* path : {"a/x/y", "a/x/y/z", "a"}) {
    const Status refused = put(path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().reason, "artifact.conflict") << path;
  }
  EXPECT_THAT(list("a"), ElementsAre("a/x"));
  EXPECT_FALSE(get("a"));
}

TEST_P(ArtifactStoreTest, AFolderGoesWithItsLastFile) {
  ASSERT_TRUE(put("a/b/c/x"));
  ASSERT_TRUE(put("a/y"));
  ASSERT_TRUE(remove("a/b/c/x"));
  EXPECT_THAT(list("a"), ElementsAre("a/y"));
  ASSERT_TRUE(put("a/b/z"));
  ASSERT_TRUE(remove("a"));
  EXPECT_THAT(list(""), IsEmpty());
  EXPECT_TRUE(remove("a")) << "a retried request";
}

TEST_P(ArtifactStoreTest, RefusesPathsThatLeadElsewhere) {
  for (const char* path : {"", "/etc/passwd", "..", "a/../b", "a/..", "./a", "a//b", "a\\..\\b", "a/%2e%2e/b", "%2e%2e",
                           "a/..%2fb", "a/\x01", "a/\xff", "a/"}) {
    const Status refused = put(path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().reason, "artifact.invalid_path") << path;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument) << path;
  }
  EXPECT_TRUE(put("grüße/日本/x y+z.txt"));
  EXPECT_TRUE(put("a/...x"));
}

TEST_P(ArtifactStoreTest, AFileThatIsBeingCollectedIsNotNamed) {
  const std::string key = blob_key(sha256("bytes"));
  ASSERT_TRUE(in_write(*database_, [&](Transaction& t) {
    return t.execute("INSERT INTO condemned_objects (object_key) VALUES ($1)", {key});
  }));
  const Status refused = put("a/x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_FALSE(get("a/x"));
}

TEST(ArtifactPathOf, TakesThePathOfTheScheme) {
  EXPECT_EQ(artifact_path_of("mlflow-artifacts:/0/r/artifacts").value(), "0/r/artifacts");
  EXPECT_EQ(artifact_path_of("mlflow-artifacts://host:5000/0/r/").value(), "0/r");
  EXPECT_EQ(artifact_path_of("mlflow-artifacts:/").value(), "");
  EXPECT_FALSE(artifact_path_of("s3://bucket/x").value());
  EXPECT_FALSE(artifact_path_of("mlflow-artifacts:/0/../x"));
}

TEST_P(ArtifactStoreTest, PartsAreTakenInOrderAndByEtag) {
  const auto upload = in_write(*database_, [&](Transaction& t) { return uploads_.create(t, "a/big.bin", 2, "ana"); });
  ASSERT_TRUE(upload);
  const auto put_part = [&](std::int64_t number, std::string_view content) {
    return database_->write(
        [&](Transaction& t) { return uploads_.put_part(t, upload->id, number, sha256(content), content.size()); });
  };
  const auto parts = [&](std::string_view path, const std::vector<CompletedPart>& completed) {
    return in_read(*database_, [&](Transaction& t) { return uploads_.parts(t, upload->id, path, completed); });
  };
  ASSERT_TRUE(put_part(2, "two"));
  ASSERT_TRUE(put_part(1, "spoiled"));
  ASSERT_TRUE(put_part(1, "one")) << "a retried part";
  EXPECT_EQ(put_part(3, "three").error().reason, "artifact.invalid_upload");
  const CompletedPart one{1, part_etag(sha256("one"))};
  const CompletedPart two{2, part_etag(sha256("two"))};
  const auto joined = parts("a/big.bin", {two, one});
  ASSERT_TRUE(joined) << joined.error().message;
  ASSERT_EQ(joined->size(), 2U);
  EXPECT_EQ(joined->at(0).sha256, sha256("one"));
  EXPECT_FALSE(parts("a/big.bin", {one})) << "a part too few";
  EXPECT_FALSE(parts("a/big.bin", {one, {2, part_etag(sha256("other"))}}));
  EXPECT_FALSE(parts("a/other.bin", {one, two}));
  clock_.advance(std::chrono::hours{25});
  ASSERT_TRUE(database_->write(
      [&](Transaction& t) { return uploads_.remove_older(t, clock_.now() - std::chrono::hours{24}); }));
  EXPECT_EQ(parts("a/big.bin", {one, two}).error().reason, "artifact.no_upload");
}

TEST_P(ArtifactStoreTest, AllServersOfADatabaseSignWithOneKey) {
  const auto key = [&] { return in_write(*database_, [&](Transaction& t) { return uploads_.signing_key(t); }); };
  const auto first = key();
  const auto second = key();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->reveal().size(), 32U);
  EXPECT_EQ(first->reveal(), second->reveal());
}

INSTANTIATE_TEST_SUITE_P(Databases, ArtifactStoreTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
