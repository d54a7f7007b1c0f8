#include "protocol/remote/origin.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

RemoteOrigin origin_of(std::string_view url) {
  const auto origin = parse_remote_url(url);
  EXPECT_TRUE(origin) << url;
  return origin.value_or(RemoteOrigin{});
}

TEST(RemoteUrl, IsReadIntoItsParts) {
  EXPECT_EQ(origin_of("http://Triton.Example:8000"), (RemoteOrigin{false, "triton.example", 8000, ""}));
  EXPECT_EQ(origin_of("http://triton"), (RemoteOrigin{false, "triton", 80, ""}));
  EXPECT_EQ(origin_of("https://10.0.0.1/serving/x/"), (RemoteOrigin{true, "10.0.0.1", 443, "/serving/x"}));
  EXPECT_EQ(origin_of("http://[::1]:8000"), (RemoteOrigin{false, "::1", 8000, ""}));
  EXPECT_EQ(origin_of("http://[::1]").authority(), "[::1]:80");
}

TEST(RemoteUrl, IsRefusedWhereTwoReadersCouldDiffer) {
  for (const char* url : {"",
                          "triton:8000",
                          "ftp://triton",
                          "http://",
                          "http://user@triton",
                          "http://a:b@triton",
                          "http://triton:0",
                          "http://triton:65536",
                          "http://triton:8000x",
                          "http://triton:",
                          "http://tri ton",
                          "http://triton/a b",
                          "http://triton/?a=b",
                          "http://triton/#a",
                          "http://triton\\@other",
                          "http://[::1",
                          "http://[::1]8000",
                          "http://triton/\r\nx: y",
                          "http://169.254.169.254",
                          "http://[fe80::1]",
                          "http://0.0.0.0"}) {
    const auto origin = parse_remote_url(url);
    ASSERT_FALSE(origin) << url;
    EXPECT_EQ(origin.error().reason, "remote.bad_url") << url;
  }
}

TEST(RemoteAllowance, IsForAHostOrOneOfItsPorts) {
  std::vector<RemoteAllowance> allowed;
  for (const char* text : {"Triton:8000", "mlserver", "[::1]:9"})
    allowed.push_back(parse_remote_allowance(text).value());
  EXPECT_TRUE(is_allowed(origin_of("http://triton:8000"), allowed));
  EXPECT_FALSE(is_allowed(origin_of("http://triton:8001"), allowed));
  EXPECT_FALSE(is_allowed(origin_of("http://triton.evil:8000"), allowed));
  EXPECT_TRUE(is_allowed(origin_of("https://mlserver:1234/x"), allowed));
  EXPECT_TRUE(is_allowed(origin_of("http://[::1]:9"), allowed));
  EXPECT_FALSE(is_allowed(origin_of("http://triton:8000"), {}));
  for (const char* text : {"", "*", "http://triton", "triton:", "triton:x", "a/b"}) {
    EXPECT_FALSE(parse_remote_allowance(text)) << text;
  }
}

TEST(EncodeSegment, EscapesAllButUnreservedCharacters) {
  EXPECT_EQ(encode_segment("iris-1.2_x~"), "iris-1.2_x~");
  EXPECT_EQ(encode_segment("a b/c?d%\xC3\xA9\r\n"), "a%20b%2Fc%3Fd%25%C3%A9%0D%0A");
}

}  // namespace
}  // namespace slipway
