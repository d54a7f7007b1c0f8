// ONNX Runtime in this process: the library opened at run time, and one environment with thread pools shared by all
// models.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace slipway {

struct OnnxRuntimeOptions {
  // "": beside the executable (../lib/slipway, ../lib, .), then where it was at build time.
  std::string library_path;
  // Threads within one operator, shared by all models; 0: one for each core. Pools never spin: an idle server costs
  // nothing.
  std::uint32_t intra_threads = 0;
};

// Shared by the models it loaded; thread-safe. The library stays open until the process ends.
class OnnxRuntime {
 public:
  // Fails with failed_precondition "runtime.library" naming the places searched, or when the library is too old.
  static Result<std::shared_ptr<const OnnxRuntime>> open(const OnnxRuntimeOptions& options = {});
  ~OnnxRuntime();

  const std::string& version() const noexcept { return version_; }  // "1.32.0"
  const std::string& library_path() const noexcept { return library_path_; }

  struct Handles;
  const Handles& handles() const noexcept { return *handles_; }  // for onnx_model.cc

 private:
  OnnxRuntime();
  std::unique_ptr<Handles> handles_;
  std::string version_;
  std::string library_path_;
};

}  // namespace slipway
