#include "registry/manifest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"

namespace slipway {
namespace {

Manifest small_manifest() {
  Manifest manifest;
  manifest.files = {{"tests.json", 2, sha256("{}")}, {"model.onnx", 3, sha256("abc")}};
  manifest.model = "model.onnx";
  manifest.tests = "tests.json";
  manifest.metadata = {{"framework", "scikit-learn"}};
  return *make_manifest(std::move(manifest));
}

// Digests: sha256sum of "abc" (FIPS 180-4 example) and "{}", and of the whole text, by Python's hashlib.
constexpr std::string_view kSmall =
    R"({"files":[{"path":"model.onnx","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3},)"
    R"({"path":"tests.json","sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}],)"
    R"("format":1,"metadata":{"framework":"scikit-learn"},"model":"model.onnx","runtime":"onnx","tests":"tests.json"})";

TEST(Manifest, CanonicalBytesAndDigestAreFixed) {
  EXPECT_EQ(canonical_json(small_manifest()), kSmall);
  EXPECT_EQ(bundle_digest(small_manifest()).hex(), "995db5d3c6cf9a6867139e05eb056fa09a71fdbbf5c2d92645435a1ae7242b1a");
  EXPECT_EQ(*parse_manifest(kSmall), small_manifest());
}

TEST(Manifest, WritesEveryMemberInOrder) {
  Manifest manifest = small_manifest();
  manifest.card = manifest.contract = manifest.profile = manifest.model;
  manifest.metadata = {{"note", "\"\\\b\t\n\f\r\x01\x1F/\x7F\xC3\xA9\xE2\x80\xA8"}};
  const std::string json = canonical_json(manifest);
  EXPECT_TRUE(json.starts_with(R"({"card":"model.onnx","contract":"model.onnx","files":[)")) << json;
  EXPECT_NE(json.find(R"("format":1,"metadata":{"note":"\"\\\b\t\n\f\r\u0001\u001f/)"
                      "\x7F\xC3\xA9\xE2\x80\xA8"
                      R"("},"model":"model.onnx","profile":"model.onnx","runtime":"onnx","tests":"tests.json"})"),
            std::string::npos)
      << json;
  EXPECT_EQ(*parse_manifest(json), manifest);
}

TEST(Manifest, FindsFilesByPath) {
  const Manifest manifest = small_manifest();
  EXPECT_EQ(manifest.find("model.onnx")->size_bytes, 3U);
  EXPECT_EQ(manifest.find("model.onn"), nullptr);
  EXPECT_EQ(manifest.find("z"), nullptr);
  EXPECT_EQ(manifest.size_bytes(), 5U);
}

std::string replaced(std::string_view what, std::string_view with) {
  std::string text(kSmall);
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(Manifest, RefusesWhatIsNotCanonical) {
  const std::string upper = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
  for (const std::string& text :
       {" " + std::string(kSmall), std::string(kSmall) + "\n", replaced("\"format\":1,", "\"format\": 1,"),
        replaced("scikit-learn", "scikit\\u002dlearn"),
        replaced("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", upper),
        std::string(kSmall).replace(0, 1, "{ "),
        replaced(R"("model":"model.onnx","runtime":"onnx")", R"("runtime":"onnx","model":"model.onnx")"),
        replaced(R"("metadata":{"framework":"scikit-learn"})", R"("metadata":{})")}) {
    const auto manifest = parse_manifest(text);
    ASSERT_FALSE(manifest) << text;
    EXPECT_EQ(manifest.error().reason, "manifest.not_canonical") << text;
  }
}

TEST(Manifest, RefusesFilesOutOfOrder) {
  const std::string text =
      R"({"files":[{"path":"b","sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
      R"({"path":"a","sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}],)"
      R"("format":1,"model":"b","runtime":"onnx"})";
  EXPECT_EQ(parse_manifest(text).error().reason, "manifest.not_canonical");
}

TEST(Manifest, RefusesOtherDocuments) {
  for (const std::string& text : {std::string(),
                                  std::string("null"),
                                  std::string("[]"),
                                  std::string("{}"),
                                  std::string(kSmall.substr(0, 100)),
                                  std::string(kSmall) + "{}",
                                  replaced("\"format\":1", "\"format\":2"),
                                  replaced("\"format\":1", "\"format\":1.0"),
                                  replaced("\"format\":1", "\"format\":\"1\""),
                                  replaced("\"format\":1", "\"format\":1,\"format\":1"),
                                  replaced("\"format\":1", "\"format\":1,\"unknown\":1"),
                                  replaced("\"size\":3", "\"size\":3,\"mode\":1"),
                                  replaced("\"size\":3", "\"size\":3,\"size\":3"),
                                  replaced("\"size\":3", "\"size\":-3"),
                                  replaced("\"size\":3", "\"size\":03"),
                                  replaced("\"size\":3", "\"size\":3e0"),
                                  replaced("\"size\":3", "\"size\":9007199254740992"),
                                  replaced("\"size\":3", "\"size\":9007199254740991"),
                                  replaced("\"size\":3", "\"size\":1e400"),
                                  replaced("\"size\":3", "\"size\":NaN"),
                                  replaced("ba7816bf", "za7816bf"),
                                  replaced("ba7816bf", ""),
                                  replaced("\"runtime\":\"onnx\"", "\"runtime\":\"pickle\""),
                                  replaced(R"("tests":"tests.json")", R"("tests":"other.json")"),
                                  replaced(R"("model":"model.onnx")", R"("model":"")"),
                                  replaced(R"("model":"model.onnx",)", ""),
                                  replaced(R"("framework":"scikit-learn")", R"("frame work":"scikit-learn")"),
                                  replaced(R"("framework":"scikit-learn")", R"("framework":1)"),
                                  replaced(R"("framework":"scikit-learn")", R"("framework":"a","framework":"b")"),
                                  replaced("scikit-learn", "\xFF"),
                                  replaced("scikit-learn", "\\ud800"),
                                  std::string(100'000, '['),
                                  std::string(R"({"files":[],"format":1,"model":"m","runtime":"onnx"})")}) {
    const auto manifest = parse_manifest(text);
    ASSERT_FALSE(manifest) << text.substr(0, 500);
    EXPECT_EQ(manifest.error().reason, "manifest.invalid") << text.substr(0, 500) << manifest.error().message;
    EXPECT_EQ(manifest.error().code, Code::kInvalidArgument);
  }
}

TEST(Manifest, ErrorSaysWhereTheFaultIs) {
  const auto manifest = parse_manifest(replaced("\"size\":2", "\"size\":\"2\""));
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().details.at(0).field, "files[1].size");
}

TEST(BundlePath, AcceptsRelativePaths) {
  for (const std::string& path :
       {std::string("a"), std::string("model.onnx"), std::string("data/holdout.csv"), std::string("..."),
        std::string(".hidden"), std::string("a/..b/c.."), std::string("na\xC3\xAFve/\xE6\xA8\xA1"),
        std::string("with space"), std::string(255, 'a'), std::string("C:x")}) {
    EXPECT_TRUE(check_bundle_path(path)) << path;
  }
}

TEST(BundlePath, RefusesWhatCouldLeaveTheBundle) {
  std::string deep = "a";
  for (int i = 0; i < 32; ++i) deep += "/a";
  for (const std::string& path : {std::string(),
                                  std::string("/"),
                                  std::string("/etc/passwd"),
                                  std::string("."),
                                  std::string(".."),
                                  std::string("../a"),
                                  std::string("a/../b"),
                                  std::string("a/.."),
                                  std::string("a/./b"),
                                  std::string("./a"),
                                  std::string("a//b"),
                                  std::string("a/"),
                                  std::string("//a"),
                                  std::string("a\\b"),
                                  std::string("..\\a"),
                                  std::string("a\0b", 3),
                                  std::string("a\nb"),
                                  std::string("a\x7F"),
                                  std::string("a\xC2\x85"),
                                  std::string("\xFF"),
                                  std::string("\xC0\xAE\xC0\xAE/a"),
                                  std::string("\xED\xA0\x80"),
                                  std::string(256, 'a'),
                                  std::string(1025, 'a'),
                                  deep}) {
    const auto status = check_bundle_path(path);
    ASSERT_FALSE(status) << quoted(path);
    EXPECT_EQ(status.error().reason, "manifest.invalid_path");
  }
}

TEST(BundlePath, RefusesNamesThatCollide) {
  const auto reason_of = [](std::vector<std::string> paths) {
    Manifest manifest;
    for (const auto& path : paths) manifest.files.push_back({path, 1, Digest{}});
    manifest.model = paths[0];
    const auto made = make_manifest(std::move(manifest));
    return made ? std::string("accepted") : made.error().reason;
  };
  EXPECT_EQ(reason_of({"a/b", "a/c", "a.b"}), "accepted");
  EXPECT_EQ(reason_of({"a", "a"}), "manifest.invalid_path");
  EXPECT_EQ(reason_of({"Model.onnx", "model.onnx"}), "manifest.invalid_path");
  EXPECT_EQ(reason_of({"a", "a/b"}), "manifest.invalid_path");
  EXPECT_EQ(reason_of({"A", "a/b"}), "manifest.invalid_path");
  EXPECT_EQ(reason_of({"A/b", "a/c"}), "manifest.invalid_path");
  EXPECT_EQ(reason_of({"a", "a-b", "a/b"}), "manifest.invalid_path");
}

RC_GTEST_PROP(ManifestLaws, ParseInvertsCanonicalForm, ()) {
  const auto text = rc::gen::map(rc::gen::container<std::vector<int>>(rc::gen::elementOf(std::vector<int>{
                                     'a', 'Z', '"', '\\', '/', '\n', 1, 0, 0x7F, 0xE9, 0x2028, 0x1F600})),
                                 [](const std::vector<int>& points) {
                                   std::string out;
                                   for (const int p : points) {
                                     if (p < 0x80) out += static_cast<char>(p);
                                     if (p == 0xE9) out += "\xC3\xA9";
                                     if (p == 0x2028) out += "\xE2\x80\xA8";
                                     if (p == 0x1F600) out += "\xF0\x9F\x98\x80";
                                   }
                                   return out;
                                 });
  Manifest draft;
  const auto names = *rc::gen::nonEmpty(rc::gen::unique<std::vector<int>>(rc::gen::inRange(0, 1000)));
  for (const int name : names) {
    draft.files.push_back({"f" + std::to_string(name) + "/x", *rc::gen::inRange<std::uint64_t>(0, 1ULL << 40),
                           sha256(std::to_string(name))});
  }
  draft.model = draft.files.back().path;
  if (*rc::gen::arbitrary<bool>()) draft.contract = draft.files.front().path;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) draft.metadata["k" + std::to_string(i)] = *text;
  const auto manifest = make_manifest(draft);
  RC_ASSERT(manifest.has_value());
  const std::string json = canonical_json(*manifest);
  const auto back = parse_manifest(json);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == *manifest);
  RC_ASSERT(bundle_digest(*back) == sha256(json));
}

}  // namespace
}  // namespace slipway
