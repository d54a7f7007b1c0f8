#include "runtime/onnx_runtime.h"

#include <array>
#include <atomic>
#include <climits>
#include <dlfcn.h>
#include <mutex>
#include <unistd.h>
#include <vector>

#include "base/bytes.h"
#include "runtime/ort_handles.h"

namespace slipway {
namespace {

std::atomic<const OrtApi*> table{nullptr};

// Errors come back as statuses; what ONNX Runtime would print besides says nothing that a caller can act on.
void ORT_API_CALL ignore_log(void*, OrtLoggingLevel, const char*, const char*, const char*, const char*) {}

std::string executable_directory() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return {};
  const std::string_view text(path.data(), static_cast<std::size_t>(length));
  return std::string(text.substr(0, text.rfind('/')));
}

std::vector<std::string> library_candidates(const std::string& setting) {
  if (!setting.empty()) return {setting};
  std::vector<std::string> places;
  if (const std::string here = executable_directory(); !here.empty()) {
    for (const char* part : {"/../lib/slipway/libonnxruntime.so", "/../lib/libonnxruntime.so", "/libonnxruntime.so"}) {
      places.push_back(here + part);
    }
  }
  places.emplace_back(SLIPWAY_ONNXRUNTIME_LIBRARY);
  return places;
}

struct Library {
  const OrtApiBase* base = nullptr;
  std::string path;
};

Result<Library> open_library(const std::string& setting) {
  std::string tried;
  for (const std::string& path : library_candidates(setting)) {
    void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* why = ::dlerror();
      tried += "\n  " + std::string(why == nullptr ? path : why);
      continue;
    }
    using GetBase = const OrtApiBase* (*)();
    const auto get_base = reinterpret_cast<GetBase>(::dlsym(handle, "OrtGetApiBase"));
    if (get_base != nullptr) return Library{get_base(), path};
    tried += "\n  " + path + ": has no OrtGetApiBase";
  }
  return fail(Code::kFailedPrecondition, "runtime.library",
              "ONNX Runtime (libonnxruntime.so) was not found; install it or set its path. Tried:" + tried);
}

}  // namespace

namespace ort {

const OrtApi& api() noexcept { return *table.load(std::memory_order_relaxed); }

Error to_error(OrtStatus* status, Code code, std::string_view reason, std::string_view what) {
  const std::unique_ptr<OrtStatus, Release<OrtStatus, &OrtApi::ReleaseStatus>> owner(status);
  const std::string_view message = api().GetErrorMessage(status);
  for (const std::string_view sign : {"bad_alloc", "bad allocation", "Failed to allocate memory", "Out of memory"}) {
    if (message.find(sign) == std::string_view::npos) continue;
    return Error{Code::kResourceExhausted, "run.out_of_memory", std::string(what) + ": not enough memory", {}};
  }
  return Error{code, std::string(reason), std::string(what) + ": " + std::string(message.substr(0, 600)), {}};
}

namespace {
constexpr std::array<ONNXTensorElementDataType, 14> kTypes = {
    ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,   ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,   ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,  ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING};
}  // namespace

ONNXTensorElementDataType to_ort(DataType type) noexcept { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<DataType> from_ort(ONNXTensorElementDataType type) noexcept {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i] == type) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

}  // namespace ort

OnnxRuntime::OnnxRuntime() : handles_(std::make_unique<Handles>()) {}
OnnxRuntime::~OnnxRuntime() = default;

Result<std::shared_ptr<const OnnxRuntime>> OnnxRuntime::open(const OnnxRuntimeOptions& options) {
  SLIPWAY_TRY(const Library library, open_library(options.library_path));
  const OrtApi* found = library.base->GetApi(ORT_API_VERSION);
  if (found == nullptr) {
    return fail(Code::kFailedPrecondition, "runtime.library",
                library.path + " is ONNX Runtime " + library.base->GetVersionString() + "; version 1." +
                    std::to_string(ORT_API_VERSION) + " or newer is needed");
  }
  table.store(found, std::memory_order_release);

  constexpr auto kCode = Code::kFailedPrecondition;
  constexpr std::string_view kReason = "runtime.environment";
  constexpr std::string_view kWhat = "ONNX Runtime does not start";
  OrtThreadingOptions* raw_threading = nullptr;
  SLIPWAY_ORT(found->CreateThreadingOptions(&raw_threading), kCode, kReason, kWhat);
  const ort::ThreadingOptions threading(raw_threading);
  SLIPWAY_ORT(found->SetGlobalIntraOpNumThreads(raw_threading, static_cast<int>(options.intra_threads)), kCode, kReason,
              kWhat);
  SLIPWAY_ORT(found->SetGlobalInterOpNumThreads(raw_threading, 1), kCode, kReason, kWhat);
  SLIPWAY_ORT(found->SetGlobalSpinControl(raw_threading, 0), kCode, kReason, kWhat);

  const std::shared_ptr<OnnxRuntime> runtime(new OnnxRuntime);
  OrtEnv* env = nullptr;
  SLIPWAY_ORT(found->CreateEnvWithCustomLoggerAndGlobalThreadPools(ignore_log, nullptr, ORT_LOGGING_LEVEL_FATAL,
                                                                   "slipway", raw_threading, &env),
              kCode, kReason, kWhat);
  runtime->handles_->env.reset(env);
  OrtMemoryInfo* memory = nullptr;
  SLIPWAY_ORT(found->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory), kCode, kReason, kWhat);
  runtime->handles_->cpu_memory.reset(memory);
  SLIPWAY_ORT(found->GetAllocatorWithDefaultOptions(&runtime->handles_->allocator), kCode, kReason, kWhat);
  runtime->version_ = library.base->GetVersionString();
  runtime->library_path_ = library.path;
  return std::shared_ptr<const OnnxRuntime>(runtime);
}

}  // namespace slipway
