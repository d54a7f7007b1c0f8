// What models share of the environment. Private to this folder's ONNX Runtime code.
#pragma once

#include "runtime/onnx_runtime.h"
#include "runtime/ort.h"

namespace slipway {

struct OnnxRuntime::Handles {
  ort::Env env;
  ort::MemoryInfo cpu_memory;
  OrtAllocator* allocator = nullptr;  // the default one; not ours to free
};

}  // namespace slipway
