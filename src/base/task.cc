#include "base/task.h"

#include <array>
#include <vector>

namespace slipway::frame {
namespace {

constexpr std::size_t kClassBytes = 128;
constexpr std::size_t kClasses = 32;          // frames up to 4 KiB are kept
constexpr std::size_t kKeptPerClassMax = 64;  // a thread that only frees keeps no more than this

struct Cache {
  std::array<std::vector<void*>, kClasses> free;
  ~Cache() {
    for (auto& frames : free) {
      for (void* memory : frames) ::operator delete(memory);
    }
  }
};
thread_local Cache cache;

std::size_t class_of(std::size_t size) noexcept { return (size + kClassBytes - 1) / kClassBytes; }

}  // namespace

void* allocate(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= kClasses) return ::operator new(size);
  auto& frames = cache.free[index];
  if (frames.empty()) return ::operator new(index* kClassBytes);
  void* memory = frames.back();
  frames.pop_back();
  return memory;
}

void release(void* memory, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (index < kClasses) {
    auto& frames = cache.free[index];
    if (frames.capacity() == 0) frames.reserve(kKeptPerClassMax);
    if (frames.size() < kKeptPerClassMax) {
      frames.push_back(memory);
      return;
    }
  }
  ::operator delete(memory);
}

}  // namespace slipway::frame
