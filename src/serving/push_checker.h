// Looks at a pushed model before it becomes a version: probes it and runs its test suite in a child process, binds its
// contract.
//
// Of a model that is run here, nothing of the bundle but its contract is read in this process: the model and its tests
// run in the sandbox of runtime/probe.h, under its limits. A remote model has no code here; the sandbox has no network,
// so its description and tests are read in this process, by readers of ours, within the same limit of time.
#pragma once

#include <chrono>
#include <string>

#include "registry/bundle_store.h"
#include "registry/push.h"
#include "runtime/probe.h"
#include "serving/remote.h"

namespace slipway {

class PushChecker {
 public:
  // `executable`: this program, which has the subcommand probe. Bundles are laid out below `temporary_directory` for
  // the child. `time_limit`: of the trial and the tests together.
  // `remotes`: for models that answer on another server, which are tried over the network; outlives the checker. Null
  // where there are none.
  PushChecker(const BundleStore& bundles, std::string executable, std::string temporary_directory,
              std::chrono::milliseconds time_limit, const Remotes* remotes = nullptr);

  // An error refuses the push; a failing test suite is an outcome. Thread-safe; blocks.
  Result<CheckOutcome> check(const Manifest& manifest, const Digest& bundle) const;

 private:
  Result<ProbeReport> probe(const Manifest& manifest, const Digest& bundle) const;
  Result<ProbeReport> probe_remote(const Manifest& manifest) const;

  const BundleStore& bundles_;
  const std::string executable_;
  const std::string temporary_directory_;
  const std::chrono::milliseconds time_limit_;
  const Remotes* const remotes_;
};

}  // namespace slipway
