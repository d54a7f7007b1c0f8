#include "registry/bundle_store.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "registry/memory_object_store.h"

namespace slipway {
namespace {

class BundleStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bundle_store_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file_of(const std::string& name, std::string_view content) const {
    std::ofstream(directory_ / name, std::ios::binary) << content;
    return (directory_ / name).string();
  }
  static std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Two files with the same bytes and one of several chunks, in the store with their manifest.
  Manifest stored() {
    Manifest manifest;
    for (const auto& [path, content] :
         {std::pair<std::string, std::string>{"model.onnx", big_}, {"data/a.csv", "abc"}, {"data/b.csv", "abc"}}) {
      manifest.files.push_back({path, content.size(), sha256(content)});
      EXPECT_TRUE(store_.put_blob(as_bytes(content), sha256(content)));
    }
    manifest.model = "model.onnx";
    manifest = *make_manifest(std::move(manifest));
    EXPECT_TRUE(store_.put_manifest(manifest));
    return manifest;
  }
  std::vector<std::byte>& blob(std::string_view content) {
    return objects_.objects.at(blob_key(sha256(content))).bytes;
  }

  const std::string big_ = std::string(2'500'000, 'x') + "end";
  ManualClock clock_;
  MemoryObjectStore objects_{clock_};
  BundleStore store_{objects_};
  std::filesystem::path directory_;
};

TEST_F(BundleStoreTest, KeysAreNamedByTheHash) {
  const std::string hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(blob_key(sha256("abc")), "blobs/sha256/ba/" + hex);
  EXPECT_EQ(manifest_key(sha256("abc")), "manifests/sha256/ba/" + hex);
}

TEST_F(BundleStoreTest, KeepsEqualBytesOnce) {
  ASSERT_TRUE(store_.put_blob(as_bytes(big_), sha256(big_)));
  ASSERT_TRUE(store_.put_blob(as_bytes(big_), sha256(big_)));
  EXPECT_EQ(objects_.objects.size(), 1U);
  EXPECT_EQ(as_text(blob(big_)), big_);
}

TEST_F(BundleStoreTest, WrongDigestLeavesNothing) {
  EXPECT_EQ(store_.put_blob(as_bytes(big_), sha256("other")).error().reason, "bundle.digest_mismatch");
  EXPECT_TRUE(objects_.objects.empty());
  ASSERT_TRUE(store_.put_blob(as_bytes("abc"), sha256("abc")));
  EXPECT_EQ(store_.put_blob(as_bytes("lie"), sha256("abc")).error().reason, "bundle.digest_mismatch");
  EXPECT_EQ(as_text(blob("abc")), "abc");
}

TEST_F(BundleStoreTest, NamesWhatIsMissing) {
  ASSERT_TRUE(store_.put_blob(as_bytes("abc"), sha256("abc")));
  const std::vector<Digest> wanted = {sha256("x"), sha256("abc"), sha256("y"), sha256("x")};
  EXPECT_EQ(*store_.missing(wanted), (std::vector<Digest>{sha256("x"), sha256("y")}));
}

TEST_F(BundleStoreTest, ManifestNeedsItsFiles) {
  Manifest manifest;
  manifest.files = {{"a", 3, sha256("abc")}, {"b", 4, sha256("abc")}, {"c", 1, sha256("c")}};
  manifest.model = "a";
  ASSERT_TRUE(store_.put_blob(as_bytes("abc"), sha256("abc")));
  const auto status = store_.put_manifest(*make_manifest(manifest));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "bundle.incomplete");
  ASSERT_EQ(status.error().details.size(), 2U);
  EXPECT_EQ(status.error().details[0].field, "b");
  EXPECT_EQ(status.error().details[1].field, "c");
}

TEST_F(BundleStoreTest, SharesEqualBytesAndLoadsThemAligned) {
  const Manifest manifest = stored();
  EXPECT_EQ(objects_.objects.size(), 3U) << "two blobs and a manifest";
  EXPECT_EQ(*store_.manifest(bundle_digest(manifest)), manifest);
  const auto model = store_.load(manifest, "model.onnx");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(as_text(model->bytes()), big_);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(model->bytes().data()) % 64, 0U);
  EXPECT_EQ(store_.load(manifest, "data/c.csv").error().reason, "bundle.no_such_file");
  EXPECT_EQ(store_.manifest(sha256("none")).error().reason, "bundle.not_found");
}

TEST_F(BundleStoreTest, OneAlteredByteIsNeverHandedOut) {
  const Manifest manifest = stored();
  const Digest bundle = bundle_digest(manifest);
  EXPECT_TRUE(store_.verify(bundle)->is_intact);
  EXPECT_EQ(store_.verify(bundle)->size_bytes, big_.size() + 6);
  blob(big_)[1'234'567] ^= std::byte{1};

  const auto loaded = store_.load(manifest, "model.onnx");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::kDataLoss);
  EXPECT_EQ(loaded.error().reason, "bundle.tampered");
  EXPECT_NE(loaded.error().message.find("model.onnx"), std::string::npos);
  EXPECT_TRUE(store_.load(manifest, "data/a.csv"));

  const auto report = store_.verify(bundle);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->is_intact);
  ASSERT_EQ(report->files.size(), 4U);
  EXPECT_EQ(report->files[1].verdict, FileVerdict::kIntact);
  EXPECT_EQ(report->files[3].path, "model.onnx");
  EXPECT_EQ(report->files[3].verdict, FileVerdict::kTampered);
  EXPECT_EQ(report->files[3].found, sha256(blob(big_)).hex());

  const std::string out = (directory_ / "out").string();
  EXPECT_EQ(store_.materialise(bundle, out).error().reason, "bundle.tampered");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(BundleStoreTest, UploadReplacesABlobThatHasChanged) {
  const Manifest manifest = stored();
  blob(big_)[1'234'567] ^= std::byte{1};
  ASSERT_TRUE(store_.put_blob(as_bytes(big_), sha256(big_)));
  EXPECT_TRUE(store_.verify(bundle_digest(manifest))->is_intact);
  EXPECT_TRUE(store_.load(manifest, "model.onnx"));
}

TEST_F(BundleStoreTest, OtherSizeAndMissingFileAreNoticed) {
  const Manifest manifest = stored();
  blob("abc").push_back(std::byte{0});
  EXPECT_EQ(store_.load(manifest, "data/a.csv").error().reason, "bundle.tampered");
  objects_.objects.erase(blob_key(sha256("abc")));
  EXPECT_EQ(store_.load(manifest, "data/a.csv").error().reason, "bundle.missing");
  EXPECT_EQ(store_.verify(bundle_digest(manifest))->files[1].verdict, FileVerdict::kMissing);
}

TEST_F(BundleStoreTest, AlteredManifestIsNoticed) {
  const Digest bundle = bundle_digest(stored());
  auto& json = objects_.objects.at(manifest_key(bundle)).bytes;
  json[json.size() - 4] ^= std::byte{1};
  EXPECT_EQ(store_.manifest(bundle).error().reason, "bundle.tampered");
  EXPECT_EQ(store_.verify(bundle)->files.at(0).verdict, FileVerdict::kTampered);
  EXPECT_FALSE(store_.verify(sha256("none"))->is_intact);
}

TEST_F(BundleStoreTest, MaterialisesAsReadOnlyFiles) {
  const Digest bundle = bundle_digest(stored());
  const auto out = directory_ / "out";
  ASSERT_TRUE(store_.materialise(bundle, out.string()));
  EXPECT_EQ(content_of(out / "model.onnx"), big_);
  EXPECT_EQ(content_of(out / "data/b.csv"), "abc");
  struct stat status {};
  ASSERT_EQ(stat((out / "model.onnx").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0400U);
  EXPECT_EQ(store_.materialise(bundle, out.string()).error().reason, "file.exists");
  EXPECT_EQ(content_of(out / "data/b.csv"), "abc") << "what was there stays";
}

TEST_F(BundleStoreTest, AdoptsAFileOnceAndInPlaceOfOneThatHasChanged) {
  const std::string path = file_of("upload", big_);
  ASSERT_TRUE(store_.adopt_blob(path, sha256(big_)));
  EXPECT_EQ(as_text(blob(big_)), big_);
  ASSERT_TRUE(store_.adopt_blob(path, sha256(big_)));
  blob(big_)[17] ^= std::byte{1};
  ASSERT_TRUE(store_.adopt_blob(path, sha256(big_)));
  EXPECT_EQ(as_text(blob(big_)), big_);
  EXPECT_EQ(objects_.objects.size(), 1U);
}

TEST_F(BundleStoreTest, OpensTheBlobOfAFile) {
  const Manifest manifest = stored();
  const auto reader = store_.open_blob(*manifest.find("model.onnx"));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->size_bytes(), big_.size());
  blob("abc").push_back(std::byte{0});
  EXPECT_EQ(store_.open_blob(*manifest.find("data/a.csv")).error().reason, "bundle.tampered");
  objects_.objects.erase(blob_key(sha256("abc")));
  EXPECT_EQ(store_.open_blob(*manifest.find("data/a.csv")).error().reason, "bundle.missing");
}

TEST_F(BundleStoreTest, WorksOnALocalDirectory) {
  auto local = open_object_store((directory_ / "objects").string());
  ASSERT_TRUE(local) << local.error().message;
  const BundleStore store(**local);
  Manifest draft;
  draft.files = {{"model.onnx", big_.size(), sha256(big_)}, {"card.md", 0, sha256("")}};
  draft.model = "model.onnx";
  const Manifest manifest = *make_manifest(std::move(draft));
  ASSERT_FALSE(store.put_manifest(manifest));
  ASSERT_TRUE(store.put_blob(as_bytes(big_), sha256(big_)));
  ASSERT_TRUE(store.put_blob(as_bytes(big_), sha256(big_)));
  ASSERT_TRUE(store.put_blob(std::span<const std::byte>(), sha256("")));
  EXPECT_EQ(store.put_blob(as_bytes("lie"), sha256("truth")).error().reason, "bundle.digest_mismatch");
  ASSERT_TRUE(store.put_manifest(manifest));
  const Digest bundle = bundle_digest(manifest);
  EXPECT_EQ((*local)->list("blobs/")->size(), 2U);
  EXPECT_EQ(as_text(store.load(*store.manifest(bundle), "model.onnx")->bytes()), big_);
  EXPECT_EQ(store.load(manifest, "card.md")->size(), 0U);
  ASSERT_TRUE(store.materialise(bundle, (directory_ / "out").string()));
  EXPECT_EQ(content_of(directory_ / "out/model.onnx"), big_);
  EXPECT_TRUE(store.verify(bundle)->is_intact);

  std::filesystem::path on_disk;  // wherever below its directory the store keeps it
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "objects")) {
    if (entry.is_regular_file() && entry.file_size() == big_.size()) on_disk = entry.path();
  }
  std::filesystem::permissions(on_disk, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  std::fstream(on_disk, std::ios::in | std::ios::out | std::ios::binary).seekp(1000).put('y');
  EXPECT_EQ(store.load(manifest, "model.onnx").error().reason, "bundle.tampered");
  EXPECT_FALSE(store.verify(bundle)->is_intact);
}

}  // namespace
}  // namespace slipway
