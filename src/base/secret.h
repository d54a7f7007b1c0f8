// A string that cannot be printed by accident: no stream operator, no conversion; wiped when freed.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  ~Secret() { wipe(); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept;

  std::string_view reveal() const noexcept { return value_; }  // grep for this word to find every use
  bool is_empty() const noexcept { return value_.empty(); }

 private:
  void wipe() noexcept;
  std::string value_;
};

// Compares without leaking, by its time, where the first difference is (only the lengths).
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

}  // namespace slipway
