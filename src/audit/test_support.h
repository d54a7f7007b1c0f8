// Shared by the tests of this folder.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "audit/log.h"

namespace slipway::audit {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-audit-XXXXXX").native();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// Segments of 128 KiB, so that a few thousand records fill several.
inline LogOptions small_options() {
  LogOptions options;
  options.segment_bytes = 128 << 10;
  return options;
}
inline Result<std::unique_ptr<AuditLog>> open_log(const std::filesystem::path& directory) {
  return AuditLog::open(directory, small_options());
}

// Records that differ in time, endpoint, version, principal and size by their number.
inline Record sample_record(std::uint64_t number) {
  static constexpr std::string_view kEndpoints[] = {"income", "fraud", "churn"};
  static constexpr std::string_view kVersions[] = {"1.0.0", "1.1.0-rc.1"};
  Record record;
  record.time = WallTime{std::chrono::seconds(1'700'000'000)} + std::chrono::milliseconds(number);
  record.id = Id::make();
  record.kind = number % 10 == 9 ? Kind::kDecision : Kind::kPrediction;
  record.action = record.kind == Kind::kDecision ? "model.approve" : "predict";
  record.http_status = 200;
  record.latency_us = static_cast<std::uint32_t>(number);
  record.principal = number % 2 == 0 ? "ana" : "ben";
  record.endpoint = kEndpoints[number % 3];
  record.model = record.endpoint;
  record.version = kVersions[number % 2];
  record.arm = "champion";
  if (record.kind == Kind::kDecision) record.details = R"({"reason":"passes the tests"})";
  record.bundle = sha256("bundle");
  record.input_commitment = sha256(std::to_string(number));
  return record;
}

template <typename Condition>
void await(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited 20 s in vain";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace slipway::audit
