#include "registry/uploads.h"

#include "base/bytes.h"
#include "registry/bundle_store.h"
#include "registry/garbage.h"
#include "registry/memory_object_store.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

class UploadsTest : public RegistryTestCase {
 protected:
  static BlobReader reader(std::string_view principal, bool may_read = false) {
    return {principal, [may_read](std::string_view model) { return may_read && model == "iris"; }};
  }
  void upload(std::string_view content, std::string_view principal) {
    ASSERT_TRUE(database_->write([&](Transaction& t) { return note_upload(t, sha256(content), principal, clock_); }));
  }
  bool is_foreign(std::string_view content, const BlobReader& to) {
    const Digest blob = sha256(content);
    const auto foreign = read([&](Transaction& t) { return foreign_blobs(t, std::span(&blob, 1), to, clock_); });
    EXPECT_TRUE(foreign) << foreign.error().message;
    return !foreign->empty();
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, UploadsTest, every_database(), database_name);

TEST_P(UploadsTest, FileBelongsToWhoeverUploadedItLately) {
  upload("weights", "ana");
  EXPECT_FALSE(is_foreign("weights", reader("ana")));
  EXPECT_TRUE(is_foreign("weights", reader("eve")));
  clock_.advance(kUploadKept + std::chrono::seconds{1});
  EXPECT_TRUE(is_foreign("weights", reader("ana")));
  upload("weights", "ana");
  EXPECT_FALSE(is_foreign("weights", reader("ana"))) << "uploaded again";
}

TEST_P(UploadsTest, FileOfAVersionIsForThoseWhoMayReadItsModel) {
  make_model();
  make_draft("1.0.0", "weights");
  EXPECT_FALSE(is_foreign("weights", reader("ben", true)));
  EXPECT_TRUE(is_foreign("weights", reader("eve", false)));
  index(bundle_of("refused"));  // a bundle that never became a version
  EXPECT_TRUE(is_foreign("refused", reader("ben", true)));
}

TEST_P(UploadsTest, ManifestOverForeignFilesIsRefusedByPathAsIfTheyWereAbsent) {
  const Manifest manifest = bundle_of("weights");
  upload("weights", "ana");
  const auto check = [&](const BlobReader& by) {
    return database_->read([&](Transaction& t) { return check_no_foreign_files(t, manifest, by, clock_); });
  };
  EXPECT_TRUE(check(reader("ana")));
  const Status refused = check(reader("eve"));
  ASSERT_FALSE(refused);
  MemoryObjectStore empty(clock_);
  const Status absent = BundleStore(empty).put_manifest(manifest);
  EXPECT_EQ(refused.error().reason, absent.error().reason);
  EXPECT_EQ(refused.error().message, absent.error().message);
  ASSERT_EQ(refused.error().details.size(), 1U);
  EXPECT_EQ(refused.error().details[0].field, "model.onnx");
  EXPECT_EQ(refused.error().details[0].rule, absent.error().details.at(0).rule);
}

TEST_P(UploadsTest, GarbageIsNotWhatSomebodyUploadedLately) {
  MemoryObjectStore objects(clock_);
  const BundleStore bundles(objects);
  ASSERT_TRUE(bundles.put_blob(as_bytes("weights"), sha256("weights")));
  clock_.advance(std::chrono::hours{25});
  upload("weights", "ana");  // the bytes were there, and stay as they are
  ASSERT_TRUE(collect_garbage(*database_, objects, clock_, kUploadKept));
  EXPECT_TRUE(objects.stat(blob_key(sha256("weights"))));
  clock_.advance(kUploadKept + std::chrono::seconds{1});
  ASSERT_TRUE(collect_garbage(*database_, objects, clock_, kUploadKept));
  EXPECT_FALSE(objects.stat(blob_key(sha256("weights"))));
}

}  // namespace
}  // namespace slipway
