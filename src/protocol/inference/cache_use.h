// What a caller wants of the endpoint's cache.
#pragma once

#include <string_view>

#include "protocol/http.h"
#include "serving/infer.h"

namespace slipway {

// `slipway-cache`, or what HTTP clients send anyway (RFC 9111 section 5.2.1).
inline CacheUse cache_use(const HttpRequest& request) noexcept {
  std::string_view wish = request.header("slipway-cache");
  if (wish.empty()) wish = request.header("cache-control");
  if (wish.empty()) [[likely]]
    return CacheUse::kAll;
  if (wish.find("no-store") != wish.npos) return CacheUse::kNone;
  return wish.find("no-cache") != wish.npos ? CacheUse::kRefresh : CacheUse::kAll;
}

}  // namespace slipway
