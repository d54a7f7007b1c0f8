#include "audit/merkle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"

namespace slipway::audit {
namespace {

std::vector<Digest> digests(std::initializer_list<std::string_view> hex) {
  std::vector<Digest> parsed;
  for (const auto text : hex) parsed.push_back(Digest::parse(text).value());
  return parsed;
}

// RFC 6962, section 2.1, word for word: the oracle for everything else.
Digest naive_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return node_hash(naive_root(leaves.first(k)), naive_root(leaves.subspan(k)));
}

NodeSource source_of(std::span<const Digest> leaves) {
  return [leaves](const Node& node) -> Result<Digest> {
    const std::size_t width = std::size_t{1} << node.level;
    return naive_root(leaves.subspan(node.index * width, width));
  };
}

std::vector<Digest> make_leaves(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(as_bytes(std::to_string(i))));
  return leaves;
}

// The test vectors of the certificate-transparency project (merkletree tests, used by every implementation since).
std::vector<Digest> published_leaves() {
  std::vector<Digest> leaves;
  for (const auto hex :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
    const auto bytes = from_hex(hex).value();
    leaves.push_back(leaf_hash(std::as_bytes(std::span(bytes))));
  }
  return leaves;
}
std::vector<Digest> published_roots() {
  return digests({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"});
}

TEST(Merkle, AgreesWithPublishedRoots) {
  EXPECT_EQ(empty_root().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const auto leaves = published_leaves();
  const auto roots = published_roots();
  Frontier tree;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    tree.append(leaves[i]);
    EXPECT_EQ(tree.root(), roots[i]) << i;
    EXPECT_EQ(root_at(i + 1, source_of(leaves)).value(), roots[i]) << i;
  }
}

TEST(Merkle, AgreesWithPublishedInclusionProofs) {
  const auto leaves = published_leaves();
  EXPECT_EQ(inclusion_proof(0, 8, source_of(leaves)).value(),
            digests({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                     "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                     "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
  EXPECT_EQ(inclusion_proof(5, 8, source_of(leaves)).value(),
            digests({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                     "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
}

TEST(Merkle, AgreesWithPublishedConsistencyProofs) {
  const auto leaves = published_leaves();
  EXPECT_EQ(consistency_proof(6, 8, source_of(leaves)).value(),
            digests({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                     "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(consistency_proof(2, 5, source_of(leaves)).value(),
            digests({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                     "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

TEST(Merkle, EveryProofOfEverySmallTreeVerifies) {
  const auto leaves = make_leaves(70);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const auto some = std::span(leaves).first(size);
    const Digest root = naive_root(some);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, source_of(some)).value();
      ASSERT_TRUE(verify_inclusion(leaves[index], index, size, proof, root)) << index << " of " << size;
      ASSERT_FALSE(verify_inclusion(leaves[(index + 1) % 70], index, size, proof, root));
    }
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const auto proof = consistency_proof(old_size, size, source_of(some)).value();
      ASSERT_TRUE(verify_consistency(old_size, naive_root(some.first(old_size)), size, root, proof));
    }
  }
}

RC_GTEST_PROP(Merkle, AnAlteredInclusionProofFails, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(2, 200);
  const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
  const auto leaves = make_leaves(size);
  const Digest root = naive_root(leaves);
  const auto proof = inclusion_proof(index, size, source_of(leaves)).value();
  RC_ASSERT(verify_inclusion(leaves[index], index, size, proof, root));

  auto flipped = proof;
  const auto bit = *rc::gen::inRange<std::size_t>(0, proof.size() * 256);
  flipped[bit / 256].bytes[bit % 256 / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  RC_ASSERT(!verify_inclusion(leaves[index], index, size, flipped, root));
  for (std::uint64_t other = 0; other < size; ++other) {
    RC_ASSERT(other == index || !verify_inclusion(leaves[index], other, size, proof, root));
  }
  RC_ASSERT(!verify_inclusion(leaves[index], index, size, std::span(proof).first(proof.size() - 1), root));
  auto longer = proof;
  longer.push_back(root);
  RC_ASSERT(!verify_inclusion(leaves[index], index, size, longer, root));
}

RC_GTEST_PROP(Merkle, AnAlteredConsistencyProofFails, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(3, 200);
  const auto old_size = *rc::gen::inRange<std::uint64_t>(1, size);
  const auto leaves = make_leaves(size);
  const Digest root = naive_root(leaves);
  const Digest old_root = naive_root(std::span(leaves).first(old_size));
  const auto proof = consistency_proof(old_size, size, source_of(leaves)).value();
  RC_ASSERT(verify_consistency(old_size, old_root, size, root, proof));
  auto flipped = proof;
  const auto bit = *rc::gen::inRange<std::size_t>(0, proof.size() * 256);
  flipped[bit / 256].bytes[bit % 256 / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  RC_ASSERT(!verify_consistency(old_size, old_root, size, root, flipped));
  RC_ASSERT(!verify_consistency(old_size, root, size, root, proof));
  RC_ASSERT(!verify_consistency(old_size, old_root, size, old_root, proof));
}

TEST(Merkle, ReportsTheNodesThatALeafCompletes) {
  const auto leaves = make_leaves(8);
  Frontier tree;
  std::vector<Node> nodes;
  for (const auto& leaf : leaves) {
    tree.append(leaf, [&](const Node& node, const Digest& hash) {
      nodes.push_back(node);
      EXPECT_EQ(hash, source_of(leaves)(node).value());
    });
  }
  EXPECT_EQ(nodes, (std::vector<Node>{{1, 0}, {1, 1}, {2, 0}, {1, 2}, {1, 3}, {2, 1}, {3, 0}}));
}

}  // namespace
}  // namespace slipway::audit
