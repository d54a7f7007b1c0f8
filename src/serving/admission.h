// Bounds how many predictions are in flight at once. Over the limit the caller is told at once, nothing waits here.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace slipway {

class Admission {
 public:
  explicit Admission(std::uint32_t in_flight_max) noexcept : in_flight_max_(in_flight_max) {}

  // Holds one place; gives it back when destroyed.
  class Place {
   public:
    Place() = default;
    explicit Place(Admission* admission) noexcept : admission_(admission) {}
    Place(Place&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(admission_, other.admission_);
      return *this;
    }
    ~Place() {
      if (admission_ != nullptr) admission_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const noexcept { return admission_ != nullptr; }

   private:
    Admission* admission_ = nullptr;
  };

  // An empty Place when the limit is reached. Thread-safe.
  [[nodiscard]] Place try_enter() noexcept {
    if (in_flight_.fetch_add(1, std::memory_order_relaxed) >= in_flight_max_) {
      in_flight_.fetch_sub(1, std::memory_order_relaxed);
      return {};
    }
    return Place(this);
  }

  std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }

 private:
  const std::uint32_t in_flight_max_;
  std::atomic<std::uint32_t> in_flight_{0};
};

}  // namespace slipway
