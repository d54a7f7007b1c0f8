// A verification's report as JSON: {"ok":true,"segments":1,"records":1234,…,"fault":null}.
#pragma once

#include <string>

#include "audit/verify.h"

namespace slipway::audit {

std::string to_json(const VerifyReport& report);

}  // namespace slipway::audit
