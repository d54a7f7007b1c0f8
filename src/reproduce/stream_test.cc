#include "reproduce/stream.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace slipway::reproduce {
namespace {

TEST(StreamKeeper, HandsOnEverythingAndKeepsTheEnd) {
  std::string passed;
  StreamKeeper keeper([&](std::span<const std::byte> bytes) { passed += as_text(bytes); });
  std::string all;
  for (int line = 0; line < 50'000; ++line) {
    const std::string text = "line " + std::to_string(line) + '\n';
    all += text;
    keeper.sink()(as_bytes(text));
  }
  const Stream stream = keeper.finish({});
  EXPECT_EQ(passed, all);
  EXPECT_EQ(stream.size_bytes, all.size());
  EXPECT_EQ(stream.sha256, sha256(all));
  EXPECT_LE(stream.tail.size(), kStreamTailBytesMax);
  EXPECT_TRUE(stream.tail.starts_with("line "));
  EXPECT_TRUE(all.ends_with(stream.tail));
}

TEST(StreamKeeper, TheTailHasNoSecrets) {
  StreamKeeper keeper({});
  keeper.sink()(as_bytes(std::string_view("my key is swordfish-1\n")));
  EXPECT_EQ(keeper.finish({"swordfish-1"}).tail, "my key is ***\n");
}

}  // namespace
}  // namespace slipway::reproduce
