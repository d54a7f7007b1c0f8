// The policies of endpoints as their authors wrote them, every revision kept; what they mean is in serving/policy.h.
//
// In SQL, inside the caller's transaction; stateless but for its clock, shared by all threads. Errors: not_found
// "policy.not_found"; failed_precondition "policy.changed"; invalid_argument "registry.invalid_text"; those of
// storage/sql.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "registry/page.h"
#include "storage/sql.h"

namespace slipway {

struct PolicyRevision {
  std::string endpoint;
  std::int64_t revision = 0;  // from 1
  std::string text;           // YAML; "" where the policy was removed
  std::string author;
  WallTime created_at;
};

class PolicyStore {
 public:
  static constexpr std::size_t kTextBytesMax = 256 << 10;

  explicit PolicyStore(const Clock& clock) : clock_(clock) {}

  // Makes the next revision. With `expected`, only where that is the newest (0: there is none yet): policy.changed
  // otherwise. The text that is the newest already makes no revision; the newest is returned.
  Result<PolicyRevision> put(Transaction& t, std::string_view endpoint, std::string_view text, std::string_view author,
                             std::optional<std::int64_t> expected) const;
  Result<PolicyRevision> newest(Transaction& t, std::string_view endpoint) const;  // also one that was removed
  Result<PolicyRevision> get(Transaction& t, std::string_view endpoint, std::int64_t revision) const;
  Result<Page<PolicyRevision>> history(Transaction& t, std::string_view endpoint, const PageRequest& page) const;
  // The newest of each endpoint that has one, by endpoint.
  Result<std::vector<PolicyRevision>> all(Transaction& t) const;

 private:
  const Clock& clock_;
};

}  // namespace slipway
