#include "cli/bundle_source.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class BundleSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    root = testing::TempDir() + "bundle_source_" + std::to_string(getpid());
    fs::remove_all(root);
    fs::create_directories(root);
  }
  void TearDown() override { fs::remove_all(root); }

  std::string write(const std::string& name, std::string_view text = "abc") {
    const fs::path path = fs::path(root) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  BundleOptions from(std::string source) {
    BundleOptions options;
    options.source = std::move(source);
    return options;
  }
  static std::string reason(const BundleOptions& options) {
    const auto source = collect_bundle(options);
    return source ? "ok" : source.error().reason;
  }
  static std::vector<std::string> paths(const Manifest& manifest) {
    std::vector<std::string> result;
    for (const ManifestFile& file : manifest.files) result.push_back(file.path);
    return result;
  }

  std::string root;
};

TEST_F(BundleSourceTest, FileWithOptionsGetsFixedNames) {
  BundleOptions options = from(write("a/classifier.onnx"));
  options.contract = write("b/my-contract.yml");
  options.tests = write("b/suite.json");
  options.extra_files = {write("b/holdout.csv")};
  options.metadata = {{"framework", "scikit-learn"}};
  const auto source = collect_bundle(options);
  ASSERT_TRUE(source) << source.error().message;
  const auto manifest = hash_bundle(*source, {});
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_THAT(paths(*manifest), ElementsAre("classifier.onnx", "contract.yaml", "holdout.csv", "tests.json"));
  EXPECT_EQ(manifest->model, "classifier.onnx");
  EXPECT_EQ(manifest->contract, "contract.yaml");
  EXPECT_EQ(manifest->tests, "tests.json");
  EXPECT_EQ(manifest->card, std::nullopt);
  EXPECT_EQ(manifest->metadata.at("framework"), "scikit-learn");
  // SHA-256 of "abc", FIPS 180-4 example.
  EXPECT_EQ(manifest->files[0].sha256.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(BundleSourceTest, DirectoryIsTakenWholeWithoutHiddenFiles) {
  write("d/net.onnx");
  write("d/weights/part0.bin");
  write("d/card.md");
  write("d/profile.json");
  write("d/.DS_Store");
  write("d/.git/HEAD");
  const auto source = collect_bundle(from(root + "/d"));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(source->left_out, ElementsAre(".DS_Store", ".git"));
  const auto manifest = hash_bundle(*source, {});
  ASSERT_TRUE(manifest);
  EXPECT_THAT(paths(*manifest), ElementsAre("card.md", "net.onnx", "profile.json", "weights/part0.bin"));
  EXPECT_EQ(manifest->model, "net.onnx");
  EXPECT_EQ(manifest->card, "card.md");
}

TEST_F(BundleSourceTest, SameContentAlwaysGivesTheSameDigest) {
  write("one/model.onnx", "m");
  write("one/z/b", "1");
  write("one/a/b", "2");
  write("two/a/b", "2");
  write("two/z/b", "1");
  write("two/model.onnx", "m");
  const auto one = hash_bundle(*collect_bundle(from(root + "/one")), {});
  const auto two = hash_bundle(*collect_bundle(from(root + "/two")), {});
  EXPECT_EQ(bundle_digest(*one), bundle_digest(*two));
}

TEST_F(BundleSourceTest, ModelOnnxWinsAndSeveralOthersAreAmbiguous) {
  write("d/a.onnx");
  write("d/b.onnx");
  EXPECT_EQ(reason(from(root + "/d")), "bundle.many_models");
  write("d/model.onnx");
  EXPECT_EQ(collect_bundle(from(root + "/d"))->draft.model, "model.onnx");
}

TEST_F(BundleSourceTest, DirectoryWithoutAModelIsRefused) {
  write("d/model.pkl");
  EXPECT_EQ(reason(from(root + "/d")), "bundle.no_model");
}

TEST_F(BundleSourceTest, DescriptionOfARemoteIsAModelWhereThereIsNoOther) {
  const auto alone = collect_bundle(from(write("triton.yaml", "url: http://a")));
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->draft.model, "remote.yaml");
  EXPECT_EQ(alone->draft.runtime, "remote");
  write("d/remote.yaml");
  write("d/contract.yaml");
  const auto directory = collect_bundle(from(root + "/d"));
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->draft.model, "remote.yaml");
  EXPECT_EQ(directory->draft.contract, "contract.yaml");
  write("d/model.onnx");
  EXPECT_EQ(collect_bundle(from(root + "/d"))->draft.runtime, "onnx");
}

TEST_F(BundleSourceTest, FileOfAnyKindIsSentForTheServerToJudge) {
  const auto source = collect_bundle(from(write("model.pkl", "\x80\x04")));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->draft.model, "model.onnx");
}

TEST_F(BundleSourceTest, LinksAndDevicesAreRefused) {
  write("d/model.onnx");
  fs::create_symlink("/etc/passwd", root + "/d/passwd");
  const auto linked = collect_bundle(from(root + "/d"));
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().reason, "bundle.not_a_file");
  EXPECT_THAT(linked.error().message, HasSubstr("symbolic link"));
  fs::remove(root + "/d/passwd");
  fs::create_directory_symlink("/etc", root + "/d/etc");
  EXPECT_EQ(reason(from(root + "/d")), "bundle.not_a_file");
  fs::remove(root + "/d/etc");
  ASSERT_EQ(mkfifo((root + "/d/pipe").c_str(), 0600), 0);
  EXPECT_EQ(reason(from(root + "/d")), "bundle.not_a_file");
  EXPECT_EQ(reason(from("/dev/null")), "bundle.not_a_file");
  EXPECT_EQ(reason(from(root + "/absent.onnx")), "bundle.not_found");
}

TEST_F(BundleSourceTest, LinkPutInPlaceOfAFileIsNotFollowed) {
  write("d/model.onnx");
  const auto source = collect_bundle(from(root + "/d"));
  fs::remove(root + "/d/model.onnx");
  fs::create_symlink("/etc/passwd", root + "/d/model.onnx");
  EXPECT_EQ(hash_bundle(*source, {}).error().reason, "bundle.not_found");
}

TEST_F(BundleSourceTest, TwoFilesForOneNameAreRefusedUnlessTheyAreTheSame) {
  write("d/model.onnx");
  BundleOptions options = from(root + "/d");
  options.contract = write("d/contract.yaml");
  EXPECT_EQ(reason(options), "ok");
  options.contract = write("other.yaml");
  EXPECT_EQ(reason(options), "bundle.two_files");
}

TEST_F(BundleSourceTest, FileThatGrowsMeanwhileIsNoticed) {
  write("d/model.onnx", "abc");
  const auto source = collect_bundle(from(root + "/d"));
  write("d/model.onnx", "abcd");
  EXPECT_EQ(hash_bundle(*source, {}).error().reason, "bundle.changed");
}

TEST_F(BundleSourceTest, ProgressCountsAllBytesAndCanEndTheReading) {
  write("d/model.onnx", std::string(3000, 'x'));
  write("d/card.md", std::string(1000, 'y'));
  const auto source = collect_bundle(from(root + "/d"));
  std::uint64_t last = 0;
  ASSERT_TRUE(hash_bundle(*source, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 4000U);
    EXPECT_GT(done, last);
    last = done;
    return true;
  }));
  EXPECT_EQ(last, 4000U);
  EXPECT_EQ(hash_bundle(*source, [](std::uint64_t, std::uint64_t) { return false; }).error().reason, "cli.interrupted");
}

}  // namespace
}  // namespace slipway::cli
