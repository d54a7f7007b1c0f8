// What a command printed: handed on as it comes, and remembered as a digest and the last lines.
#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "reproduce/process.h"
#include "reproduce/run_record.h"

namespace slipway::reproduce {

// Straight to a descriptor of this process. A reader that has gone is no reason to end the command.
ByteSink to_descriptor(int descriptor);

class StreamKeeper {
 public:
  explicit StreamKeeper(ByteSink next) : next_(std::move(next)) {}
  // Refers to this object.
  ByteSink sink() {
    return [this](std::span<const std::byte> bytes) { add(bytes); };
  }
  // Ends it; `secrets` do not stand in the tail.
  Stream finish(const std::vector<std::string>& secrets);

 private:
  void add(std::span<const std::byte> bytes);

  ByteSink next_;
  Sha256 hasher_;
  std::uint64_t size_bytes_ = 0;
  std::string tail_;
};

}  // namespace slipway::reproduce
