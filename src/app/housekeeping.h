// What must happen every so often, off every other path: keys changed elsewhere, last uses, garbage, and gauges at each
// scrape.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "access/access_control.h"
#include "audit/log.h"
#include "base/metrics.h"
#include "serving/admission.h"
#include "storage/objects.h"
#include "storage/sql.h"

namespace slipway {

class Housekeeping {
 public:
  // The collaborators outlive it, and the registry is not scraped after it is gone.
  Housekeeping(Database& database, ObjectStore& objects, AccessControl& access, const audit::AuditLog& audit,
               const Admission& admission, metrics::Registry& registry);
  ~Housekeeping();
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

 private:
  void loop();
  void tick();

  Database& database_;
  ObjectStore& objects_;
  AccessControl& access_;
  Monotonic garbage_due_;
  Monotonic uses_due_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway
