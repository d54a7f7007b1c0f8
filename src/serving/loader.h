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
  std::chrono::microseconds inline_run_max{100};  // longest run on the I/O thread: see inline_run.h
  unsigned runner_threads = 1;
  std::size_t runner_queue_max = 256;
  std::chrono::microseconds turn_run_max{250};  // longest run of a batch on the I/O thread
};

struct ContractBinding {
  Contract contract;  // the bundle's, or what the inputs say alone
  std::shared_ptr<const BoundContract> bound;
};
// data_loss of BundleStore::load; the errors of parse_contract and BoundContract::bind. `name`: of a derived contract.
Result<ContractBinding> bind_contract(const BundleStore& bundles, const Manifest& manifest, const std::string& name,
                                      const ModelSignature& signature);

// What the version took at its trial; 0 where nobody measured it.
std::uint64_t memory_estimate(const Version& version);

class Loader {
 public:
  // `remotes`: for versions that answer on another server; outlives the loader. Null where there are none.
  Loader(const BundleStore& bundles, std::shared_ptr<const OnnxRuntime> runtime, ServingMetrics& metrics,
         LoaderOptions options, const Remotes* remotes = nullptr);

  // Loads, warms up and makes ready to serve. Errors: data_loss "bundle.tampered", "bundle.missing"; those of
  // OnnxModel::load and bind_contract(). A remote needs not be there: its version is not ready until it is.
  Result<std::shared_ptr<const ServedVersion>> load_version(const Version& version,
                                                            const BatchPolicy& policy = {}) const;
  // The same loaded model under another policy; requests in flight finish under theirs.
  std::shared_ptr<const ServedVersion> with_policy(const ServedVersion& version, const BatchPolicy& policy) const;
  // Changes when the stored bytes of the version do, without reading them: sizes and times.
  std::string stamp(const Version& version) const { return bundles_.stamp(version.digest); }

 private:
  void apply(const BatchPolicy& policy, ServedVersion& version) const;
  Result<std::shared_ptr<const OnnxModel>> load_model(const Manifest& manifest) const;
  Result<std::shared_ptr<const RemoteModel>> load_remote(const Version& version, const Manifest& manifest) const;

  const BundleStore& bundles_;
  std::shared_ptr<const OnnxRuntime> runtime_;
  ServingMetrics& metrics_;
  const LoaderOptions options_;
  const Remotes* const remotes_;
};

}  // namespace slipway
