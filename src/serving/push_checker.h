// Looks at a pushed model before it becomes a version: probes it in a child process, binds its contract, runs its test
// suite.
//
// The first look is in a sandboxed child (runtime/probe.h); only a model that came through is loaded in this process,
// for its tests.
#pragma once

#include <chrono>
#include <string>

#include "registry/bundle_store.h"
#include "registry/model_test_runner.h"
#include "registry/push.h"
#include "serving/loader.h"

namespace slipway {

class PushChecker {
 public:
  // `executable`: this program, which has the subcommand probe. Bundles are laid out below `temporary_directory` for
  // the child.
  PushChecker(const BundleStore& bundles, const Loader& loader, std::string executable, std::string temporary_directory,
              std::chrono::milliseconds time_limit);

  // An error refuses the push; a failing test suite is an outcome. Thread-safe; blocks.
  Result<CheckOutcome> check(const Manifest& manifest, const Digest& bundle) const;

 private:
  Result<std::string> probe(const Manifest& manifest, const Digest& bundle) const;
  Result<ModelTestReport> test(const Manifest& manifest, const LoadedBundle& loaded) const;

  const BundleStore& bundles_;
  const Loader& loader_;
  const std::string executable_;
  const std::string temporary_directory_;
  const std::chrono::milliseconds time_limit_;
};

}  // namespace slipway
