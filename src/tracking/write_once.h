// Params are written once: the same value again changes nothing, another is refused.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql.h"
#include "tracking/row_batch.h"
#include "tracking/tracking.h"

namespace slipway {

// One table of params, those of an owner (a run, a logged model) found by its key.
class WriteOnceParams {
 public:
  WriteOnceParams(std::string_view table, std::string_view owner_column);

  // invalid_argument "param.changed", naming the owner as `owner_label` says ("run ID='…'"). Values are cut to their
  // limit. Precondition: no key stands twice.
  Status put(Transaction& t, const SqlValue& owner, std::string_view owner_label,
             std::span<const KeyValue> params) const;

 private:
  InsertRows insert_;
  std::string select_;
};

}  // namespace slipway
