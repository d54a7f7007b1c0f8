#include "cli/model_pull.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace slipway::cli {
namespace {

Manifest example() {
  Manifest manifest;
  manifest.files = {{"model.onnx", 3, sha256("abc")}, {"contract.yaml", 0, sha256("")}};
  manifest.model = "model.onnx";
  manifest.contract = "contract.yaml";
  manifest.metadata = {{"framework", "scikit-learn"}};
  return *make_manifest(std::move(manifest));
}

std::string version_json(const std::string& manifest, const std::string& digest) {
  return R"({"model":"iris","version":"1.0.0","digest":")" + digest + R"(","manifest":)" + manifest + "}";
}

TEST(ManifestOf, ReadsBackWhatWasPushed) {
  const Manifest manifest = example();
  const auto read = manifest_of(version_json(canonical_json(manifest), bundle_digest(manifest).hex()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

TEST(ManifestOf, AlteredManifestDoesNotHaveTheDigest) {
  const Manifest manifest = example();
  std::string altered = canonical_json(manifest);
  altered.replace(altered.find("scikit"), 6, "SCIKIT");
  EXPECT_EQ(manifest_of(version_json(altered, bundle_digest(manifest).hex())).error().reason, "bundle.wrong_digest");
}

TEST(ManifestOf, PathOutsideTheDirectoryIsRefused) {
  for (const char* path : {"../x", "/etc/x", "a/../../x", "a//b", ""}) {
    std::string hostile = canonical_json(example());
    hostile.replace(hostile.find("\"path\":\"contract.yaml\""), 22, "\"path\":\"" + std::string(path) + "\"");
    EXPECT_EQ(manifest_of(version_json(hostile, std::string(64, '0'))).error().reason, "bundle.bad_manifest") << path;
  }
}

TEST(ManifestOf, AnswerWithoutOneIsRefused) {
  EXPECT_EQ(manifest_of("{}").error().reason, "bundle.bad_manifest");
  EXPECT_EQ(manifest_of("nonsense").error().reason, "cli.bad_reply");
  EXPECT_EQ(manifest_of(R"({"manifest":{"files":[{"path":"a"}]}})").error().reason, "bundle.bad_manifest");
}

}  // namespace
}  // namespace slipway::cli
