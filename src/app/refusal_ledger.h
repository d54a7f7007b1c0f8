// Records refused requests without letting a flood fill the disk: at most one record a second for each principal and
// reason, with how many there were and the first of them.
//
// A refusal before the handler leaves no record of its own: no key, no permission, nothing served under that name, too
// many at once. One ledger for each I/O thread, which notes; whoever ends the server flushes the last. Thread-safe; a
// request that is not refused never gets here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "protocol/admin/gate.h"

namespace slipway {

struct Refusal {
  std::string_view principal;  // "" where no key says who
  std::string_view reason;     // "access.forbidden"
  Code code = Code::kPermissionDenied;
  int http_status = 0;
  std::string_view action;  // the permission that was asked for
  std::string_view model;   // as the path names it; "" without one
  Id request_id;
  audit::TraceId trace{};
};

class RefusalLedger {
 public:
  // Different principals and reasons in one second; what is above is counted under the principal "_other".
  static constexpr std::size_t kEntriesMax = 64;

  void note(const Refusal& refusal);
  // Appends what was noted since the last time, and forgets it, also when the log refuses it.
  Status flush(audit::AuditLog& log, WallTime now);

 private:
  struct Entry {
    std::uint64_t count = 0;
    Code code = Code::kOk;
    int http_status = 0;
    std::string action;
    std::string model;
    Id request_id;
    audit::TraceId trace{};
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;  // by principal and reason
};

void note_turned_away(RefusalLedger& ledger, const TurnedAway& turned_away);
// After a request that was answered with 404 or 429: a prediction that named nothing that is served, or found no place,
// has no version, so no record of its own. Others are left out.
void note_unserved(RefusalLedger& ledger, const HttpRequest& request, int status);

}  // namespace slipway
