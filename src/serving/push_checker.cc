#include "serving/push_checker.h"

#include <filesystem>

#include "base/bytes.h"
#include "base/id.h"
#include "serving/loader.h"
#include "serving/probe_suite.h"
#include "serving/remote_model.h"

namespace slipway {
namespace {

// Removes the directory with everything below when it goes out of scope.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// Where a bundle lay on the server is nobody's business; its own paths are.
Error without_directory(Error error, const std::string& directory) {
  const std::string prefix = directory + "/";
  for (auto at = error.message.find(prefix); at != std::string::npos; at = error.message.find(prefix, at))
    error.message.erase(at, prefix.size());
  return error;
}

}  // namespace

PushChecker::PushChecker(const BundleStore& bundles, std::string executable, std::string temporary_directory,
                         std::chrono::milliseconds time_limit, const Remotes* remotes)
    : bundles_(bundles),
      executable_(std::move(executable)),
      temporary_directory_(std::move(temporary_directory)),
      time_limit_(time_limit),
      remotes_(remotes) {}

Result<CheckOutcome> PushChecker::check(const Manifest& manifest, const Digest& bundle) const {
  CheckOutcome outcome;
  SLIPWAY_TRY(ProbeReport report,
              manifest.runtime == kRemoteRuntime ? probe_remote(manifest) : probe(manifest, bundle));
  if (report.suite) {
    outcome.is_passed = report.suite->is_passed;
    outcome.test_report = std::move(report.suite->report);
    report.suite.reset();
  }
  if (manifest.contract) {
    SLIPWAY_TRY(const ContractBinding binding, bind_contract(bundles_, manifest, "model", report.signature));
    const auto unchecked = binding.bound->unchecked_rules();
    report.warnings.insert(report.warnings.end(), unchecked.begin(), unchecked.end());
    outcome.contract_digest = manifest.find(*manifest.contract)->sha256.hex();
  }
  outcome.probe_report = to_json(report);
  return outcome;
}

Result<ProbeReport> PushChecker::probe_remote(const Manifest& manifest) const {
  if (remotes_ == nullptr) return fail(Code::kFailedPrecondition, "remote.not_allowed", "no remote may be asked");
  const Monotonic deadline = std::chrono::steady_clock::now() + time_limit_;
  SLIPWAY_TRY(const AlignedBytes text, bundles_.load(manifest, manifest.model));
  SLIPWAY_TRY(const RemoteDescription description, parse_remote_description(as_text(text.bytes())));
  RunSuite suite;
  if (manifest.tests) {
    SLIPWAY_TRY(suite, read_suite(*manifest.tests, [&](const std::string& path) -> Result<std::string> {
                  SLIPWAY_TRY(const AlignedBytes file, bundles_.load(manifest, path));
                  return std::string(as_text(file.bytes()));
                }));
  }
  SLIPWAY_TRY(RemoteTrial trial, try_remote(*remotes_, description, deadline));
  if (suite) trial.report.suite = suite(*trial.model);
  return std::move(trial.report);
}

Result<ProbeReport> PushChecker::probe(const Manifest& manifest, const Digest& bundle) const {
  const TemporaryDirectory directory(temporary_directory_ + "/probe-" + Id::make().to_string());
  SLIPWAY_CHECK(bundles_.materialise(bundle, directory.path()));
  ProbeSettings settings;
  settings.time_limit_ms = static_cast<std::uint32_t>(time_limit_.count());
  if (manifest.tests) {
    settings.suite = directory.path() + "/" + *manifest.tests;
    settings.suite_directory = directory.path();
  }
  return probe_in_child(executable_, directory.path() + "/" + manifest.model, settings).map_error([&](Error error) {
    return without_directory(std::move(error), directory.path());
  });
}

}  // namespace slipway
