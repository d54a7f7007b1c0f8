// The reader of model files: whatever the bytes, it returns a summary or a refusal with a reason.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "runtime/onnx_inspect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto summary = slipway::inspect_onnx(std::as_bytes(std::span(data, size)));
  if (!summary && (summary.error().reason.empty() || summary.error().message.empty())) std::abort();
  return 0;
}
