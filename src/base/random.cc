#include "base/random.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sys/random.h>

namespace slipway {
namespace {

void fill_from_kernel(std::span<std::byte> out) noexcept {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // no randomness: ids and keys would repeat
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

// Counts the forks of this process. A child must not hand out what its parent has buffered, or both would make the same
// ids and keys.
std::atomic<std::uint32_t> forks{0};

class SystemRandom final : public Random {
 public:
  SystemRandom() {
    const int error = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
    if (error != 0) std::abort();  // no memory, at the very start
  }

  void fill(std::span<std::byte> out) noexcept override {
    // One system call serves many ids; what was handed out is wiped, so that it cannot be read back from memory.
    thread_local std::array<std::byte, 512> pool;
    thread_local std::size_t used = pool.size();
    thread_local std::uint32_t filled_after = 0;
    if (out.size() > pool.size()) return fill_from_kernel(out);
    const std::uint32_t forked = forks.load(std::memory_order_relaxed);
    if (used + out.size() > pool.size() || filled_after != forked) {
      fill_from_kernel(pool);
      filled_after = forked;
      used = 0;
    }
    std::copy_n(pool.begin() + static_cast<std::ptrdiff_t>(used), out.size(), out.begin());
    std::fill_n(pool.begin() + static_cast<std::ptrdiff_t>(used), out.size(), std::byte{0});
    used += out.size();
  }
};

}  // namespace

std::uint64_t Random::next() noexcept {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

Random& system_random() noexcept {
  static SystemRandom random;
  return random;
}

void SeededRandom::fill(std::span<std::byte> out) noexcept {
  while (!out.empty()) {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    const std::size_t size = std::min(out.size(), sizeof z);
    std::memcpy(out.data(), &z, size);
    out = out.subspan(size);
  }
}

}  // namespace slipway
