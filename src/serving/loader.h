// Makes a ServedVersion out of a bundle: verifies every byte, loads, binds the contract, decides where it runs.
//
// Slow (it hashes and loads): off the request path. Anything wrong is an error and leaves nothing behind.
#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "data/contract.h"
#include "registry/bundle_store.h"
#include "registry/manifest.h"
#include "registry/model.h"
#include "runtime/onnx_model.h"
#include "serving/metrics.h"
#include "serving/served_version.h"

namespace slipway {

struct LoaderOptions {
  std::chrono::microseconds inline_run_max{100};  // quicker versions run on the I/O thread: two wake-ups cost more
  unsigned runner_threads = 1;
  std::size_t runner_queue_max = 256;
};

// A model out of a bundle, with its contract bound to its inputs.
struct LoadedBundle {
  std::shared_ptr<const OnnxModel> model;
  Contract contract;  // the bundle's, or what its inputs say alone
  std::shared_ptr<const BoundContract> bound;
};

// Can the values of an input make the model run however long? Then a quick run says nothing of the next one, and it
// must not run where it would hold up everybody else.
bool may_repeat_by_input(const OnnxSummary& summary);

class Loader {
 public:
  Loader(const BundleStore& bundles, std::shared_ptr<const OnnxRuntime> runtime, ServingMetrics& metrics,
         LoaderOptions options);

  // Errors: data_loss "bundle.tampered", "bundle.missing"; those of OnnxModel::load, parse_contract and
  // BoundContract::bind.
  Result<LoadedBundle> load_bundle(const Manifest& manifest, const std::string& name) const;
  // Loads, warms up and makes ready to serve.
  Result<std::shared_ptr<const ServedVersion>> load_version(const Version& version) const;
  // Changes when the stored bytes of the version do, without reading them: sizes and times.
  std::string stamp(const Version& version) const { return bundles_.stamp(version.digest); }

 private:
  const BundleStore& bundles_;
  std::shared_ptr<const OnnxRuntime> runtime_;
  ServingMetrics& metrics_;
  const LoaderOptions options_;
};

}  // namespace slipway
