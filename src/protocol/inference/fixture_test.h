// An infer request as the server hands it on, for tests and benchmarks.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/inference/decode.h"

namespace slipway {

class InferFixture {
 public:
  // With `binary`, the header that measures the JSON is set.
  explicit InferFixture(std::string_view json, std::string_view binary = {}, bool has_binary = false)
      : length_(std::to_string(json.size())), bytes_(json.size() + binary.size() + 64) {
    std::memcpy(bytes_.data(), json.data(), json.size());
    if (!binary.empty()) std::memcpy(bytes_.data() + json.size(), binary.data(), binary.size());
    http.body = std::as_bytes(std::span(bytes_)).first(json.size() + binary.size());
    http.parameters.emplace_back("model", "iris");
    if (has_binary || !binary.empty()) set_length(length_);
  }
  InferFixture(const InferFixture&) = delete;
  InferFixture& operator=(const InferFixture&) = delete;

  void set_length(std::string_view value) {
    http.headers.clear();
    http.headers.emplace_back("inference-header-content-length", value);
  }
  Status decode() { return decode_infer(http, infer); }
  std::string reason() {
    const Status status = decode();
    return status ? "" : status.error().reason;
  }

  HttpRequest http;
  InferRequest infer;

 private:
  std::string length_;
  std::vector<char> bytes_;
};

template <typename T>
std::vector<T> elements(const TensorView& tensor) {
  std::vector<T> out(tensor.data.size() / sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
  return out;
}

inline std::string one_input(std::string_view type, std::string_view shape, std::string_view data) {
  return R"({"inputs":[{"name":"x","shape":)" + std::string(shape) + R"(,"datatype":")" + std::string(type) +
         R"(","data":)" + std::string(data) + "}]}";
}

}  // namespace slipway
