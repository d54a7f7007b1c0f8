#include "registry/garbage.h"

#include "base/bytes.h"
#include "registry/bundle_store.h"
#include "registry/memory_object_store.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

using std::chrono::hours;

class GarbageTest : public RegistryTestCase {
 protected:
  void SetUp() override {
    RegistryTestCase::SetUp();
    if (database_) make_model();
  }
  void put(std::string_view content) { ASSERT_TRUE(bundles_.put_blob(as_bytes(content), sha256(content))); }
  Version push(std::string_view semver, std::string_view content) {
    put(content);
    Version draft = make_draft(semver, content);
    EXPECT_TRUE(bundles_.put_manifest(bundle_of(content)));
    return draft;
  }
  bool has(std::string_view content) { return objects_.objects.contains(blob_key(sha256(content))); }
  bool has_manifest(std::string_view content) {
    return objects_.objects.contains(manifest_key(bundle_digest(bundle_of(content))));
  }
  GarbageReport collect() {
    const auto report = collect_garbage(*database_, objects_, clock_, hours{24});
    EXPECT_TRUE(report) << report.error().message;
    return report.value_or(GarbageReport{});
  }
  std::int64_t condemned() {
    return in_read(*database_, [](Transaction& t) { return t.query("SELECT COUNT(*) FROM condemned_objects"); })
        ->at(0)
        .integer(0);
  }

  MemoryObjectStore objects_{clock_};
  BundleStore bundles_{objects_};
};
INSTANTIATE_TEST_SUITE_P(Databases, GarbageTest, every_database(), database_name);

TEST_P(GarbageTest, KeepsWhatVersionsNeedAndTakesTheRest) {
  push("1.0.0", "kept");
  put("orphan");
  clock_.advance(hours{48});
  put("young");
  const GarbageReport report = collect();
  EXPECT_EQ(report.objects, 1);
  EXPECT_EQ(report.size_bytes, 6U);
  EXPECT_TRUE(has("kept"));
  EXPECT_TRUE(has_manifest("kept"));
  EXPECT_TRUE(has("young"));
  EXPECT_FALSE(has("orphan"));
  EXPECT_EQ(condemned(), 0);
}

TEST_P(GarbageTest, KeepsWhatArtifactsAndUploadsName) {
  for (const std::string_view content : {"named", "part", "orphan"}) put(content);
  ASSERT_TRUE(raw("INSERT INTO artifacts (path, parent, digest, size_bytes, modified_at) VALUES ('a', '', $1, 5, 1)",
                  {sha256("named").hex()}));
  ASSERT_TRUE(
      raw("INSERT INTO artifact_uploads (id, path, parts, created_by, created_at) VALUES ('u', 'b', 1, 'x', 1)"));
  ASSERT_TRUE(raw("INSERT INTO artifact_parts (upload_id, number, digest, size_bytes) VALUES ('u', 1, $1, 4)",
                  {sha256("part").hex()}));
  clock_.advance(hours{48});
  EXPECT_EQ(collect().objects, 1);
  EXPECT_TRUE(has("named"));
  EXPECT_TRUE(has("part"));
  ASSERT_TRUE(raw("DELETE FROM artifact_parts"));
  EXPECT_EQ(collect().objects, 1);
  EXPECT_FALSE(has("part"));
  EXPECT_TRUE(has("named"));
}

TEST_P(GarbageTest, BundleWithoutVersionGoesAfterTheGracePeriod) {
  put("refused");
  index(bundle_of("refused"));
  ASSERT_TRUE(bundles_.put_manifest(bundle_of("refused")));
  clock_.advance(hours{20});
  EXPECT_EQ(collect().objects, 0);
  index(bundle_of("refused"));  // pushed again: the period begins anew
  clock_.advance(hours{20});
  EXPECT_EQ(collect().bundles, 0);
  EXPECT_TRUE(has("refused"));
  clock_.advance(hours{20});
  const GarbageReport report = collect();
  EXPECT_EQ(report.bundles, 1);
  EXPECT_EQ(report.objects, 2);
  EXPECT_TRUE(objects_.objects.empty());
}

TEST_P(GarbageTest, BlobOfAReplacedDraftStaysWhileAnotherVersionHasIt) {
  push("1.0.0", "a");
  push("2.0.0", "a");
  push("1.0.0", "b");
  clock_.advance(hours{48});
  EXPECT_EQ(collect().objects, 0);
  push("2.0.0", "b");
  clock_.advance(hours{48});
  EXPECT_EQ(collect().objects, 2);
  EXPECT_FALSE(has("a"));
  EXPECT_TRUE(has("b"));
}

TEST_P(GarbageTest, CollectionCutShortIsCompletedAndBlocksItsFilesUntilThen) {
  put("half");
  ASSERT_TRUE(raw("INSERT INTO condemned_objects (object_key) VALUES ($1)", {blob_key(sha256("half"))}));
  const Status status = database_->write([&](Transaction& t) { return index_bundle(t, bundle_of("half"), clock_); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "bundle.collecting");
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  collect();
  EXPECT_FALSE(has("half"));
  index(bundle_of("half"));
}

}  // namespace
}  // namespace slipway
