// Records and reports of the audit log, for people. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "audit/receipt.h"

namespace slipway::cli {

// Of audit::to_json(VerifyReport), made here or by a server.
std::string describe_report(const boost::json::value& report);
bool is_sound_report(const boost::json::value& report);

std::string describe_records(const boost::json::value& page);  // {"records": […], "next_cursor"}

std::string receipt_json(const audit::CheckedReceipt& receipt);
std::string describe_receipt(const audit::CheckedReceipt& receipt);

}  // namespace slipway::cli
