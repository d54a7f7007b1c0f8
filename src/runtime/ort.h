// Ownership of ONNX Runtime's C objects. Private to the .cc files of this folder that speak to ONNX Runtime.
#pragma once

#define ORT_API_MANUAL_INIT
#include <memory>
#include <onnxruntime_c_api.h>
#include <string_view>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway::ort {

// The table of functions. Set once, when the library is opened; every caller below comes after that.
const OrtApi& api() noexcept;

template <typename T, auto Member>
struct Release {
  void operator()(T* object) const noexcept { (api().*Member)(object); }
};
template <typename T, auto Member>
using Owner = std::unique_ptr<T, Release<T, Member>>;

using Env = Owner<OrtEnv, &OrtApi::ReleaseEnv>;
using ThreadingOptions = Owner<OrtThreadingOptions, &OrtApi::ReleaseThreadingOptions>;
using SessionOptions = Owner<OrtSessionOptions, &OrtApi::ReleaseSessionOptions>;
using Session = Owner<OrtSession, &OrtApi::ReleaseSession>;
using MemoryInfo = Owner<OrtMemoryInfo, &OrtApi::ReleaseMemoryInfo>;
using RunOptions = Owner<OrtRunOptions, &OrtApi::ReleaseRunOptions>;
using Binding = Owner<OrtIoBinding, &OrtApi::ReleaseIoBinding>;
using Value = Owner<OrtValue, &OrtApi::ReleaseValue>;
using TypeInfo = Owner<OrtTypeInfo, &OrtApi::ReleaseTypeInfo>;
using ShapeInfo = Owner<OrtTensorTypeAndShapeInfo, &OrtApi::ReleaseTensorTypeAndShapeInfo>;

// Takes the status. Out of memory becomes resource_exhausted "run.out_of_memory" (ONNX Runtime has no code for it, only
// words); everything else keeps `code` and `reason`, with ONNX Runtime's sentence behind `what`.
Error to_error(OrtStatus* status, Code code, std::string_view reason, std::string_view what);

ONNXTensorElementDataType to_ort(DataType type) noexcept;
std::optional<DataType> from_ort(ONNXTensorElementDataType type) noexcept;

}  // namespace slipway::ort

// SLIPWAY_ORT(call, code, reason, what): returns the error of a failed call to the caller.
#define SLIPWAY_ORT(call, code, reason, what)                                            \
  do {                                                                                   \
    if (OrtStatus* ort_status_ = (call); ort_status_ != nullptr) [[unlikely]]            \
      return ::slipway::fail(::slipway::ort::to_error(ort_status_, code, reason, what)); \
  } while (false)
