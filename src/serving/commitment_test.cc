#include "serving/commitment.h"

#include <cstring>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace slipway {
namespace {

const Secret kKey{std::string(32, 'k')};

TensorView tensor(std::string_view name, std::span<const std::int64_t> shape, std::string_view data) {
  return {
      .name = name, .type = DataType::kUint8, .shape = shape, .data = std::as_bytes(std::span(data)), .strings = {}};
}

TEST(Committer, IsTheHashOfSaltAndCanonicalForm) {
  const Id id = *Id::parse("01920000-0000-7000-8000-000000000001");
  const std::int64_t shape[] = {2};
  const TensorView views[] = {tensor("x", shape, "ab")};

  // HMAC from OpenSSL, the canonical form written out by hand.
  std::string message(reinterpret_cast<const char*>(id.bytes().data()), 16);
  message += '\x01';
  unsigned char salt[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), kKey.reveal().data(), 32, reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       salt, &size);
  std::string canonical(reinterpret_cast<const char*>(salt), 32);
  canonical += std::string("x\0\1", 3) + std::string("\1\0\0\0", 4) + std::string("\2\0\0\0\0\0\0\0", 8) +
               std::string("\2\0\0\0\0\0\0\0", 8) + "ab";

  EXPECT_EQ(Committer(kKey).commit(id, CommitmentSide::kInput, views), sha256(canonical));
}

TEST(Committer, DiffersByRequestSideNameShapeAndBytes) {
  Committer committer(kKey);
  const Id id = Id::make();
  const std::int64_t flat[] = {4};
  const std::int64_t square[] = {2, 2};
  const TensorView base[] = {tensor("x", flat, "abcd")};
  const Digest digest = committer.commit(id, CommitmentSide::kInput, base);
  const TensorView renamed[] = {tensor("y", flat, "abcd")};
  const TensorView reshaped[] = {tensor("x", square, "abcd")};
  const TensorView changed[] = {tensor("x", flat, "abce")};
  EXPECT_EQ(digest, committer.commit(id, CommitmentSide::kInput, base));
  EXPECT_NE(digest, committer.commit(Id::make(), CommitmentSide::kInput, base));
  EXPECT_NE(digest, committer.commit(id, CommitmentSide::kOutput, base));
  EXPECT_NE(digest, committer.commit(id, CommitmentSide::kInput, renamed));
  EXPECT_NE(digest, committer.commit(id, CommitmentSide::kInput, reshaped));
  EXPECT_NE(digest, committer.commit(id, CommitmentSide::kInput, changed));
}

TEST(Committer, StringElementsDoNotRunTogether) {
  Committer committer(kKey);
  const Id id = Id::make();
  const std::int64_t shape[] = {2};
  const std::string_view first[] = {"ab", "c"};
  const std::string_view second[] = {"a", "bc"};
  const TensorView a[] = {{.name = "s", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = first}};
  const TensorView b[] = {{.name = "s", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = second}};
  EXPECT_NE(committer.commit(id, CommitmentSide::kInput, a), committer.commit(id, CommitmentSide::kInput, b));
}

}  // namespace
}  // namespace slipway
