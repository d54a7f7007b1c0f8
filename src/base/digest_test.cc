#include "base/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <thread>
#include <vector>

namespace slipway {
namespace {

// FIPS 180-4 examples (NIST CSRC, SHA256.pdf) and the one of a million letters.
TEST(Sha256, MatchesTheFipsExamples) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

RC_GTEST_PROP(Sha256, StreamInPiecesIsTheWhole, (const std::vector<std::string>& pieces)) {
  std::string whole;
  Sha256 hasher;
  for (const std::string& piece : pieces) {
    whole += piece;
    hasher.update(piece);
  }
  RC_ASSERT(hasher.finish() == sha256(whole));
}

TEST(Sha256, ResetBeginsAnew) {
  Sha256 hasher;
  hasher.update("something else");
  hasher.reset();
  hasher.update("abc");
  EXPECT_EQ(hasher.finish(), sha256("abc"));
  Sha256 moved = std::move(hasher);
  moved.reset();
  EXPECT_EQ(moved.finish(), sha256(""));
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const std::string text(static_cast<std::size_t>(i) * 100, 'x');
      const Digest expected = sha256(text);
      for (int round = 0; round < 2000; ++round) ASSERT_EQ(sha256(text), expected);
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Digest, ParsesItsOwnTextOnly) {
  const Digest digest = sha256("abc");
  EXPECT_EQ(Digest::parse(digest.hex()), digest);
  EXPECT_FALSE(Digest::parse(""));
  EXPECT_FALSE(Digest::parse(digest.hex().substr(1)));
  EXPECT_FALSE(Digest::parse(digest.hex() + "00"));
  EXPECT_FALSE(Digest::parse("g" + digest.hex().substr(1)));
}

}  // namespace
}  // namespace slipway
