#include "serving/commitment.h"

#include <cstring>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace slipway {
namespace {

const Secret kKey{std::string(32, 'k')};

TensorView tensor(std::string_view name, std::span<const std::int64_t> shape, std::string_view data) {
  return {
      .name = name, .type = DataType::kUint8, .shape = shape, .data = std::as_bytes(std::span(data)), .strings = {}};
}

Digest commit(Committer& committer, const Id& request, CommitmentSide side, std::span<const TensorView> tensors) {
  return committer.commit(committer.salt(request), side, tensors);
}

TEST(Committer, IsTheHashOfSaltAndCanonicalForm) {
  const Id id = *Id::parse("01920000-0000-7000-8000-000000000001");
  const std::int64_t shape[] = {2};
  const TensorView views[] = {tensor("x", shape, "ab")};
  Committer committer(kKey);

  // The canonical form written out by hand.
  const Digest salt = sha256(std::string(32, 'k') + std::string(as_text(std::as_bytes(std::span(id.bytes())))));
  const std::string canonical = std::string(as_text(std::as_bytes(std::span(salt.bytes)))) + "\1" +
                                std::string("x\0\1", 3) + std::string("\1\0\0\0", 4) +
                                std::string("\2\0\0\0\0\0\0\0", 8) + std::string("\2\0\0\0\0\0\0\0", 8) + "ab";
  EXPECT_EQ(committer.salt(id), salt);
  EXPECT_EQ(commit(committer, id, CommitmentSide::kInput, views), sha256(canonical));
}

TEST(Committer, IsTheSameHashForTensorsThatAreNotGathered) {
  const std::string large(10'000, 'z');
  const std::int64_t shape[] = {10'000};
  const TensorView views[] = {tensor("x", shape, large)};
  Committer committer(kKey);
  const Digest salt = committer.salt(Id::make());
  const std::string canonical = std::string(as_text(std::as_bytes(std::span(salt.bytes)))) + "\1" +
                                std::string("x\0\1", 3) + std::string("\1\0\0\0", 4) +
                                std::string("\x10\x27\0\0\0\0\0\0", 8) + std::string("\x10\x27\0\0\0\0\0\0", 8) + large;
  EXPECT_EQ(committer.commit(salt, CommitmentSide::kInput, views), sha256(canonical));
}

TEST(Committer, DiffersByRequestSideNameShapeAndBytes) {
  Committer committer(kKey);
  const Id id = Id::make();
  const std::int64_t flat[] = {4};
  const std::int64_t square[] = {2, 2};
  const TensorView base[] = {tensor("x", flat, "abcd")};
  const Digest digest = commit(committer, id, CommitmentSide::kInput, base);
  const TensorView renamed[] = {tensor("y", flat, "abcd")};
  const TensorView reshaped[] = {tensor("x", square, "abcd")};
  const TensorView changed[] = {tensor("x", flat, "abce")};
  EXPECT_EQ(digest, commit(committer, id, CommitmentSide::kInput, base));
  EXPECT_NE(digest, commit(committer, Id::make(), CommitmentSide::kInput, base));
  EXPECT_NE(digest, commit(committer, id, CommitmentSide::kOutput, base));
  EXPECT_NE(digest, commit(committer, id, CommitmentSide::kInput, renamed));
  EXPECT_NE(digest, commit(committer, id, CommitmentSide::kInput, reshaped));
  EXPECT_NE(digest, commit(committer, id, CommitmentSide::kInput, changed));
}

TEST(Committer, StringElementsDoNotRunTogether) {
  Committer committer(kKey);
  const Id id = Id::make();
  const std::int64_t shape[] = {2};
  const std::string_view first[] = {"ab", "c"};
  const std::string_view second[] = {"a", "bc"};
  const TensorView a[] = {{.name = "s", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = first}};
  const TensorView b[] = {{.name = "s", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = second}};
  EXPECT_NE(commit(committer, id, CommitmentSide::kInput, a), commit(committer, id, CommitmentSide::kInput, b));
}

}  // namespace
}  // namespace slipway
