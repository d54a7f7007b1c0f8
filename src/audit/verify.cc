#include "audit/verify.h"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>
#include <vector>

#include "audit/catalog.h"
#include "audit/file.h"
#include "audit/hash_store.h"
#include "audit/merkle.h"
#include "audit/record.h"
#include "audit/segment.h"

namespace slipway::audit {
namespace {

// What can be said of one segment without the others.
struct SegmentCheck {
  std::vector<Digest> leaves;
  std::uint64_t predictions = 0;
  std::uint64_t refusals = 0;
  std::uint64_t leaf_bytes = 0;
  std::optional<Fault> fault;
};

Fault fault_at(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t index, std::string what) {
  return Fault{path.filename().native(), offset, index, std::move(what)};
}

SegmentCheck check_segment(const SegmentFile& file, bool is_last) {
  SegmentCheck check;
  const auto mapping = Mapping::open(file.path);
  if (!mapping) {
    check.fault = fault_at(file.path, 0, file.first_index, mapping.error().message);
    return check;
  }
  const auto bytes = mapping->bytes();
  if (const Status header = check_header(bytes, file); !header) {
    check.fault = fault_at(file.path, 0, file.first_index, header.error().message);
    return check;
  }
  FrameCursor cursor(bytes, file.first_index);
  while (true) {
    const std::uint64_t offset = cursor.offset();
    const auto leaf = cursor.next();
    if (!leaf) break;
    check.leaves.push_back(leaf_hash(*leaf));
    check.leaf_bytes += leaf->size();
    const auto record = decode(*leaf);
    if (!record && !check.fault) check.fault = fault_at(file.path, offset, cursor.index() - 1, record.error().message);
    if (record && record->kind == Kind::kPrediction) ++check.predictions;
    if (record && record->kind == Kind::kRefusal) ++check.refusals;
  }
  // A torn tail of the last segment was never acknowledged; the next start cuts it off. If the log is in use, what
  // looked damaged may have been a record half written: it is whole by now.
  const TailState tail = judge_tail(bytes, cursor.offset());
  const bool is_damaged = tail == TailState::kCorrupt || (tail == TailState::kTorn && !is_last);
  if (!check.fault && is_damaged && !FrameCursor(bytes, cursor.index(), cursor.offset()).next()) {
    check.fault = fault_at(file.path, cursor.offset(), cursor.index(), "the record is damaged");
  }
  return check;
}

std::vector<SegmentCheck> check_in_parallel(std::span<const SegmentFile> files, bool holds_last) {
  std::vector<SegmentCheck> checks(files.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < files.size(); ++i) {
    threads.emplace_back([&, i] { checks[i] = check_segment(files[i], holds_last && i + 1 == files.size()); });
  }
  threads.clear();
  return checks;
}

// A checkpoint and where it was found.
struct Claim {
  Checkpoint checkpoint;
  std::string file;
};

// By size. A note that does not open is the report's fault and left out.
Result<std::vector<Claim>> read_checkpoints(const std::filesystem::path& directory, const VerifyOptions& options,
                                            VerifyReport& report) {
  auto key = options.key ? Result<PublicKey>(*options.key) : stored_public_key(directory);
  if (!key) return fail(std::move(key).error());
  report.signer = key->to_string();
  std::vector<Claim> claims;
  const auto claim = [&](std::string_view note, std::string file) {
    auto opened = open_checkpoint(note, *key);
    if (opened) {
      claims.push_back({*std::move(opened), std::move(file)});
    } else if (!report.fault) {
      report.fault = Fault{std::move(file), 0, 0, opened.error().message};
    }
  };
  const auto stored = read_text(directory / "checkpoint", kNoteBytesMax);
  if (!stored && stored.error().code != Code::kNotFound) return fail(stored.error());
  // One is signed before the first record.
  if (!stored) report.fault = Fault{"checkpoint", 0, 0, "the log has none"};
  if (stored) claim(*stored, "checkpoint");
  if (!claims.empty()) report.signed_records = claims.front().checkpoint.size;
  for (std::size_t i = 0; i < options.known_checkpoints.size(); ++i) {
    claim(options.known_checkpoints[i], "known checkpoint " + std::to_string(i + 1));
  }
  std::sort(claims.begin(), claims.end(),
            [](const Claim& a, const Claim& b) { return a.checkpoint.size < b.checkpoint.size; });
  return claims;
}

// Grows the tree over the segments in order and compares it with what is stored and signed.
class Verifier {
 public:
  Verifier(VerifyReport& report, const HashStore& hashes, std::uint64_t stored_leaves, std::vector<Claim> claims)
      : report_(report), hashes_(hashes), stored_leaves_(stored_leaves), claims_(std::move(claims)) {}

  Status add(const SegmentFile& file, const SegmentCheck& check) {
    if (file.first_index != tree_.size()) {
      report(fault_at(file.path, 0, tree_.size(), "records are missing before this segment"));
    }
    ++report_.segments;
    report_.records += check.leaves.size();
    report_.predictions += check.predictions;
    report_.refusals += check.refusals;
    report_.leaf_bytes += check.leaf_bytes;
    SLIPWAY_CHECK(compare_leaves(check.leaves));
    for (const Digest& leaf : check.leaves) {
      compare_roots();
      SLIPWAY_CHECK(append(leaf));
    }
    if (check.fault) report(*check.fault);
    return {};
  }

  void finish() {
    compare_roots();
    if (next_claim_ < claims_.size()) {
      const auto& [checkpoint, file] = claims_[next_claim_];
      report({file, 0, tree_.size(),
              "it names " + std::to_string(checkpoint.size) + " records, the segments hold " +
                  std::to_string(tree_.size())});
    }
    report_.decisions = report_.records - report_.predictions - report_.refusals;
    report_.root = tree_.root();
  }

 private:
  void report(Fault fault) {
    if (!report_.fault) report_.fault = std::move(fault);
  }

  void compare_roots() {
    for (; next_claim_ < claims_.size() && claims_[next_claim_].checkpoint.size == tree_.size(); ++next_claim_) {
      const auto& [checkpoint, file] = claims_[next_claim_];
      if (tree_.root() != checkpoint.root) {
        report({file, 0, checkpoint.size, "the records are not those that were signed"});
      }
    }
  }

  Status compare_leaves(std::span<const Digest> leaves) {
    const std::uint64_t begin = tree_.size();
    const std::uint64_t stored =
        stored_leaves_ > begin ? std::min<std::uint64_t>(leaves.size(), stored_leaves_ - begin) : 0;
    std::vector<Digest> found(stored);
    SLIPWAY_CHECK(hashes_.read_leaves(begin, found));
    const auto differing = std::mismatch(found.begin(), found.end(), leaves.begin()).first;
    if (differing != found.end()) {
      const std::uint64_t index = begin + static_cast<std::uint64_t>(differing - found.begin());
      report({"hashes-0", index * sizeof(Digest), index, "the stored hash is not that of the record"});
    }
    return {};
  }

  Status append(const Digest& leaf) {
    tree_.append(leaf, [&](const Node& node, const Digest& hash) {
      if (node.level % kTileLevels == 0 && tree_.size() <= stored_leaves_) nodes_.emplace_back(node, hash);
    });
    for (const auto& [node, hash] : std::exchange(nodes_, {})) {
      SLIPWAY_TRY(const Digest found, hashes_.node(node));
      if (found == hash) continue;
      report({"hashes-" + std::to_string(node.level / kTileLevels), node.index * sizeof(Digest), tree_.size() - 1,
              "the stored node is not that of the records"});
    }
    return {};
  }

  VerifyReport& report_;
  const HashStore& hashes_;
  const std::uint64_t stored_leaves_;
  const std::vector<Claim> claims_;
  std::size_t next_claim_ = 0;
  Frontier tree_;
  std::vector<std::pair<Node, Digest>> nodes_;
};

}  // namespace

Result<VerifyReport> verify(const std::filesystem::path& directory, const VerifyOptions& options) {
  VerifyReport report;
  // Read before the segments: records that come later cannot be missing from them then.
  SLIPWAY_TRY(auto checkpoints, read_checkpoints(directory, options, report));
  SLIPWAY_TRY(const HashStore hashes, HashStore::open(directory, true));
  SLIPWAY_TRY(const std::uint64_t stored_leaves, hashes.leaf_count());
  SLIPWAY_TRY(const auto files, list_segments(directory));
  Verifier verifier(report, hashes, stored_leaves, std::move(checkpoints));
  const std::size_t width = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < files.size(); i += width) {
    const auto some = std::span(files).subspan(i, std::min(width, files.size() - i));
    const auto checks = check_in_parallel(some, i + some.size() == files.size());
    for (std::size_t k = 0; k < some.size(); ++k) SLIPWAY_CHECK(verifier.add(some[k], checks[k]));
  }
  verifier.finish();
  return report;
}

}  // namespace slipway::audit
