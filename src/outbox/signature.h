// How a receiver knows that a webhook comes from this server, as MLflow signs.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace slipway {

// "v1," and the base64 of HMAC-SHA256 (RFC 2104) over "ID.TIMESTAMP.BODY". `timestamp`: seconds since 1970 as text.
std::string webhook_signature(const Secret& secret, std::string_view delivery_id, std::string_view timestamp,
                              std::string_view body);

}  // namespace slipway
