// A server in memory for the tests: model "double" takes X FP32[-1] and answers Y, twice of it.
//
// Negative values break its contract, 13 makes the model fail, and it can be away or busy.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "score/chunk_scorer.h"

namespace slipway::score {

class FakeModel {
 public:
  static ScoredModel describe() {
    return {"double", "1.0.0", {{"X", DataType::kFp32, {-1}}}, {{"Y", DataType::kFp32, {-1}}}, true};
  }

  static Plan plan(std::span<const std::string> columns) {
    PlanRequest request;
    request.file_columns = columns;
    return make_plan(describe(), request).value();
  }

  // Refuses so many requests with this error.
  void refuse(int times, Refusal refusal) {
    std::lock_guard lock(mutex_);
    refusals_ = times;
    refusal_ = std::move(refusal);
  }

  Ask ask() {
    return [this](const InferBody& body) { return answer(body); };
  }

  std::atomic<int> away_after = 1 << 30;  // requests
  std::size_t violations_max = 2;         // that one error names
  std::string version = "1.0.0";
  std::atomic<int> requests = 0;
  std::atomic<std::size_t> rows_largest = 0;

 private:
  tl::expected<InferReply, Refusal> answer(const InferBody& body) {
    if (++requests > away_after)
      return tl::unexpected(Refusal{{Code::kUnavailable, "cli.unreachable", "away", {}}, {}});
    if (body.rows > rows_largest) rows_largest = body.rows;
    {
      std::lock_guard lock(mutex_);
      if (refusals_ > 0) {
        --refusals_;
        return tl::unexpected(refusal_);
      }
    }
    std::vector<float> values(body.rows);
    std::memcpy(values.data(), body.bytes.data() + body.json_bytes, values.size() * sizeof(float));
    Error violation{Code::kInvalidArgument, "contract.violation", "values break the contract", {}};
    for (std::size_t i = 0; i < values.size() && violation.details.size() < violations_max; ++i) {
      if (values[i] < 0) violation.details.push_back({"x", static_cast<std::int64_t>(i), "-1", "minimum 0"});
    }
    if (!violation.details.empty()) return tl::unexpected(Refusal{violation, {}});
    if (std::find(values.begin(), values.end(), 13.0F) != values.end()) {
      return tl::unexpected(Refusal{{Code::kInternal, "run.failed", "the model failed", {}}, {}});
    }
    InferReply reply;
    reply.body = R"({"model_name":"double","model_version":")" + version +
                 R"(","outputs":[{"name":"Y","datatype":"FP32","shape":[)" + std::to_string(values.size()) +
                 R"(],"parameters":{"binary_data_size":)" + std::to_string(values.size() * sizeof(float)) + "}}]}";
    reply.json_bytes = reply.body.size();
    for (float& value : values) value *= 2;
    reply.body.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    return reply;
  }

  std::mutex mutex_;
  int refusals_ = 0;
  Refusal refusal_;
};

}  // namespace slipway::score
