// The URLs to which a client sends the parts of an upload. Clients send no credentials there, so the URL is one: it is
// signed, for one part of one upload, and expires.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "protocol/http.h"

namespace slipway::mlflow {

constexpr std::chrono::hours kPartUrlLifetime{24};

class PartUrls {
 public:
  // `key`: the same on all servers of a database.
  explicit PartUrls(Secret key, const Clock& clock = system_clock()) : key_(std::move(key)), clock_(&clock) {}

  // Path and query: "/api/2.0/mlflow-artifacts/mpu/parts/<upload>/<number>?expires=…&signature=…".
  std::string make(std::string_view upload_id, std::int64_t number) const;
  // Of a request with the route's parameters "upload" and "number". not_found "artifact.invalid_signature",
  // "artifact.expired_url": without its signature there is nothing at such a URL.
  Status check(const HttpRequest& request) const;

 private:
  std::string sign(std::string_view upload_id, std::string_view number, std::string_view expires) const;

  Secret key_;
  const Clock* clock_;
};

constexpr std::string_view kPartPattern = "/api/2.0/mlflow-artifacts/mpu/parts/{upload}/{number}";

// `gate`, but a part's URL is checked before its body is read. `urls` outlives it.
Gate with_part_urls(Gate gate, const PartUrls& urls);

}  // namespace slipway::mlflow
