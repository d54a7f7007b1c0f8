#include "serving/push_checker.h"

#include <filesystem>

#include "base/bytes.h"
#include "base/id.h"
#include "runtime/probe.h"
#include "serving/deadline_timer.h"

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

std::vector<OwnedTensor> copy_of(std::span<const TensorView> tensors) {
  std::vector<OwnedTensor> copies;
  for (const TensorView& tensor : tensors) copies.push_back(OwnedTensor::copy(tensor));
  return copies;
}

}  // namespace

PushChecker::PushChecker(const BundleStore& bundles, const Loader& loader, std::string executable,
                         std::string temporary_directory, std::chrono::milliseconds time_limit)
    : bundles_(bundles),
      loader_(loader),
      executable_(std::move(executable)),
      temporary_directory_(std::move(temporary_directory)),
      time_limit_(time_limit) {}

Result<CheckOutcome> PushChecker::check(const Manifest& manifest, const Digest& bundle) const {
  CheckOutcome outcome;
  SLIPWAY_TRY(outcome.probe_report, probe(manifest, bundle));
  SLIPWAY_TRY(const LoadedBundle loaded, loader_.load_bundle(manifest, "model"));
  if (manifest.contract) outcome.contract_digest = manifest.find(*manifest.contract)->sha256.hex();
  if (manifest.tests) {
    SLIPWAY_TRY(const ModelTestReport report, test(manifest, loaded));
    outcome.is_passed = report.is_passed;
    outcome.test_report = to_json(report);
  }
  return outcome;
}

Result<std::string> PushChecker::probe(const Manifest& manifest, const Digest& bundle) const {
  const TemporaryDirectory directory(temporary_directory_ + "/probe-" + Id::make().to_string());
  SLIPWAY_CHECK(bundles_.materialise(bundle, directory.path()));
  ProbeSettings settings;
  settings.time_limit_ms = static_cast<std::uint32_t>(time_limit_.count());
  SLIPWAY_TRY(const ProbeReport report, probe_in_child(executable_, directory.path() + "/" + manifest.model, settings));
  return to_json(report);
}

Result<ModelTestReport> PushChecker::test(const Manifest& manifest, const LoadedBundle& loaded) const {
  SLIPWAY_TRY(const AlignedBytes text, bundles_.load(manifest, *manifest.tests));
  SLIPWAY_TRY(const ModelTests tests, parse_model_tests(as_text(text.bytes())));
  ModelUnderTest model;
  for (const ModelTensor& input : loaded.model->signature().inputs) model.inputs.push_back(input.spec);
  RunOutputs outputs;
  // The probe has tried the model with inputs of its own; with those of the suite it may never end.
  SLIPWAY_TRY(const std::unique_ptr<RunControl> control, loaded.model->make_control());
  DeadlineTimer timer;
  timer.schedule(std::chrono::steady_clock::now() + time_limit_, [&control] { control->terminate(); });
  model.run = [&](std::span<const TensorView> inputs) -> Result<std::vector<OwnedTensor>> {
    SLIPWAY_CHECK(loaded.model->run(inputs, {}, outputs, control.get()));
    return copy_of(outputs.tensors());
  };
  model.read_file = [&](std::string_view path) -> Result<std::string> {
    SLIPWAY_TRY(const AlignedBytes bytes, bundles_.load(manifest, path));
    return std::string(as_text(bytes.bytes()));
  };
  return run_model_tests(tests, model);
}

}  // namespace slipway
