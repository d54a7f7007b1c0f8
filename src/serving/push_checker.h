// Looks at a pushed model before it becomes a version: probes it and runs its test suite in a child process, binds its
// contract.
//
// Nothing of the bundle but its contract is read in this process: the model and its tests run in the sandbox of
// runtime/probe.h, under its limits.
#pragma once

#include <chrono>
#include <string>

#include "registry/bundle_store.h"
#include "registry/push.h"
#include "runtime/probe.h"

namespace slipway {

class PushChecker {
 public:
  // `executable`: this program, which has the subcommand probe. Bundles are laid out below `temporary_directory` for
  // the child. `time_limit`: of the trial and the tests together.
  PushChecker(const BundleStore& bundles, std::string executable, std::string temporary_directory,
              std::chrono::milliseconds time_limit);

  // An error refuses the push; a failing test suite is an outcome. Thread-safe; blocks.
  Result<CheckOutcome> check(const Manifest& manifest, const Digest& bundle) const;

 private:
  Result<ProbeReport> probe(const Manifest& manifest, const Digest& bundle) const;

  const BundleStore& bundles_;
  const std::string executable_;
  const std::string temporary_directory_;
  const std::chrono::milliseconds time_limit_;
};

}  // namespace slipway
