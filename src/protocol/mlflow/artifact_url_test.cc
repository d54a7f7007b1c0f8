#include "protocol/mlflow/artifact_url.h"

#include <gtest/gtest.h>

#include "protocol/mlflow/artifact_type.h"

namespace slipway::mlflow {
namespace {

class PartUrlsTest : public testing::Test {
 protected:
  // As the router fills it in for this URL.
  static HttpRequest request(const std::string& url) {
    static std::string kept;
    kept = url;
    const std::string_view view = kept;
    const std::size_t question = view.find('?');
    const std::string_view path = view.substr(0, question);
    const std::size_t slash = path.rfind('/');
    HttpRequest made;
    made.path = path;
    made.query = question == std::string_view::npos ? "" : view.substr(question + 1);
    made.route = kPartPattern;
    made.parameters = {{"upload", path.substr(0, slash).substr(path.substr(0, slash).rfind('/') + 1)},
                       {"number", path.substr(slash + 1)}};
    return made;
  }

  ManualClock clock_{WallTime{std::chrono::hours{24 * 20000}}};
  PartUrls urls_{Secret(std::string(32, 'k')), clock_};
};

TEST_F(PartUrlsTest, AreForOnePartAndForADay) {
  const std::string url = urls_.make("u", 7);
  EXPECT_TRUE(urls_.check(request(url)));
  EXPECT_EQ(urls_.check(request("/x/u/8" + url.substr(url.find('?')))).error().reason, "artifact.invalid_signature");
  EXPECT_EQ(urls_.check(request("/x/v/7" + url.substr(url.find('?')))).error().reason, "artifact.invalid_signature");
  EXPECT_EQ(urls_.check(request("/x/u/7")).error().reason, "artifact.invalid_signature");
  const PartUrls other{Secret(std::string(32, 'x')), clock_};
  EXPECT_EQ(other.check(request(url)).error().reason, "artifact.invalid_signature");
  clock_.advance(kPartUrlLifetime);
  EXPECT_EQ(urls_.check(request(url)).error().reason, "artifact.expired_url");
}

TEST_F(PartUrlsTest, OnlyTheirRouteNeedsNoKey) {
  const Gate gate = with_part_urls(
      [](const HttpRequest&, Permission, std::string_view) -> Result<std::shared_ptr<const Principal>> {
        return fail(Code::kUnauthenticated, "access.missing_key", "");
      },
      urls_);
  HttpRequest part = request(urls_.make("u", 1));
  EXPECT_TRUE(gate(part, Permission::kPublic, ""));
  part.query = "";
  EXPECT_EQ(gate(part, Permission::kPublic, "").error().reason, "artifact.invalid_signature");
  HttpRequest other = request(urls_.make("u", 1));
  other.route = "/other";
  EXPECT_EQ(gate(other, Permission::kPublic, "").error().reason, "access.missing_key");
}

TEST(ArtifactType, NamesOfOtherScriptsAreEncoded) {
  EXPECT_EQ(content_disposition_of("a b.txt"), "attachment; filename=\"a b.txt\"");
  EXPECT_EQ(content_disposition_of("ü\".txt"), "attachment; filename=\"___.txt\"; filename*=UTF-8''%C3%BC%22.txt");
  EXPECT_EQ(content_type_of("MLmodel"), "text/plain");
  EXPECT_EQ(content_type_of("x.PNG"), "application/octet-stream");
  EXPECT_EQ(content_type_of("x.tar.gz"), "application/gzip");
}

}  // namespace
}  // namespace slipway::mlflow
