#include "runtime/onnx_model.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "runtime/batch_proof.h"
#include "runtime/input_check.h"
#include "runtime/ort_handles.h"
#include "runtime/ort_outputs.h"
#include "runtime/ort_signature.h"
#include "runtime/ort_staging.h"

namespace slipway {
namespace {

constexpr std::uint64_t kSmallModelBytes = std::uint64_t{8} << 20;
constexpr double kShortRunUs = 1000;  // waking another thread costs a tenth of it

class OrtControl final : public RunControl {
 public:
  explicit OrtControl(ort::RunOptions options) : options_(std::move(options)) {}
  void terminate() noexcept override {
    is_terminated_.store(true, std::memory_order_release);
    drop(ort::api().RunOptionsSetTerminate(options_.get()));
  }
  void rearm() noexcept override {
    drop(ort::api().RunOptionsUnsetTerminate(options_.get()));
    is_terminated_.store(false, std::memory_order_release);
  }
  bool is_terminated() const noexcept { return is_terminated_.load(std::memory_order_acquire); }
  const OrtRunOptions* options() const noexcept { return options_.get(); }

 private:
  static void drop(OrtStatus* status) noexcept {
    if (status != nullptr) ort::api().ReleaseStatus(status);
  }
  ort::RunOptions options_;
  std::atomic<bool> is_terminated_ = false;
};

// What one run needs; kept by RunOutputs from run to run.
//
// A client mostly sends the same shapes again. Its small tensors are then copied into values that already exist; and
// from the third such run on the outputs have places of their own, too, so that the runtime makes nothing at all.
struct OrtStorage final : RunOutputs::Storage {
  void clear() noexcept override {
    tensors.clear();
    inputs.clear();
    outputs.clear();
    owned.clear();
  }
  std::byte* scratch_for(std::size_t index, std::size_t bytes) {
    if (scratch.size() <= index) scratch.resize(index + 1);
    if (scratch[index].size() * sizeof(std::max_align_t) < bytes)
      scratch[index].resize(bytes / sizeof(std::max_align_t) + 1);
    return reinterpret_cast<std::byte*>(scratch[index].data());
  }
  void forget_staged_outputs() noexcept {
    binding.reset();
    for (StagedTensor& staged : staged_outputs) staged.drop();
    has_staged_outputs = false;
  }

  std::vector<std::uint32_t> order;
  std::vector<OrtValue*> inputs;
  std::vector<OrtValue*> outputs;      // of the session, in the order of `sources`
  std::vector<ort::Value> owned;       // those of `inputs` and `outputs` that this run alone has
  std::vector<std::uint32_t> sources;  // which outputs of the session are asked for
  std::vector<std::uint32_t> previous_sources;
  std::vector<const char*> output_names;
  std::vector<OutputSlot> slots;
  std::vector<std::vector<std::max_align_t>> scratch;  // aligned copies of large inputs that are not
  std::vector<StagedTensor> staged_inputs;
  std::vector<StagedTensor> staged_outputs;  // in the order of `sources`
  bool has_staged_outputs = false;
  ort::Binding binding;       // of all staged tensors, where there are no others: the session looks no names up
  bool is_repeat = false;     // the run before was of the same session, shapes and outputs
  std::uint64_t session = 0;  // of the run before
};

constexpr auto kFailed = Code::kInternal;
constexpr std::string_view kFailedReason = "run.failed";

Result<ort::Value> make_string_tensor(const TensorView& input, OrtAllocator* allocator) {
  constexpr std::string_view kWhat = "a text input cannot be handed over";
  OrtValue* raw = nullptr;
  SLIPWAY_ORT(ort::api().CreateTensorAsOrtValue(allocator, input.shape.data(), input.shape.size(),
                                                ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &raw),
              kFailed, kFailedReason, kWhat);
  ort::Value value(raw);
  for (std::size_t i = 0; i < input.strings.size(); ++i) {
    char* buffer = nullptr;
    SLIPWAY_ORT(ort::api().GetResizedStringTensorElementBuffer(raw, i, input.strings[i].size(), &buffer), kFailed,
                kFailedReason, kWhat);
    if (!input.strings[i].empty()) std::memcpy(buffer, input.strings[i].data(), input.strings[i].size());
  }
  return value;
}

// Over the request's own bytes where they are aligned for the type; else over a copy.
Result<ort::Value> make_large_tensor(const TensorView& input, const OrtMemoryInfo& memory, std::size_t index,
                                     OrtStorage& storage) {
  const auto* bytes = input.data.data();
  if (reinterpret_cast<std::uintptr_t>(bytes) % element_size(input.type) != 0) {
    std::byte* copy = storage.scratch_for(index, input.data.size());
    std::memcpy(copy, bytes, input.data.size());
    bytes = copy;
  }
  OrtValue* raw = nullptr;
  // The session only reads its inputs; the C interface has no const for it.
  SLIPWAY_ORT(
      ort::api().CreateTensorWithDataAsOrtValue(&memory, const_cast<std::byte*>(bytes), input.data.size(),
                                                input.shape.data(), input.shape.size(), ort::to_ort(input.type), &raw),
      kFailed, kFailedReason, "an input cannot be handed over");
  return ort::Value(raw);
}

Status make_input(const TensorView& input, const OnnxRuntime::Handles& handles, OrtStorage& storage) {
  const std::size_t index = storage.inputs.size();
  if (StagedTensor::fits(input.type, input.data.size())) {
    if (storage.staged_inputs.size() <= index) storage.staged_inputs.resize(index + 1);
    StagedTensor& staged = storage.staged_inputs[index];
    if (!staged.holds(input.type, input.shape)) {
      storage.is_repeat = false;
      SLIPWAY_CHECK(staged.make(*handles.cpu_memory, input.type, input.shape, input.data.size()));
    }
    std::ranges::copy(input.data, staged.bytes().begin());
    storage.inputs.push_back(staged.value());
    return {};
  }
  storage.is_repeat = false;
  SLIPWAY_TRY(ort::Value value, input.type == DataType::kBytes
                                    ? make_string_tensor(input, handles.allocator)
                                    : make_large_tensor(input, *handles.cpu_memory, index, storage));
  storage.inputs.push_back(value.get());
  storage.owned.push_back(std::move(value));
  return {};
}

std::uint64_t next_session_number() noexcept {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

struct OnnxModel::Session {
  ort::Session session;
  SessionLayout layout;
  std::vector<const char*> input_names;
  std::vector<std::uint32_t> all_outputs;  // indices into the signature
  const std::uint64_t number = next_session_number();
  std::atomic<bool> has_varying_shapes = false;  // outputs whose shape is not decided by the shapes of the inputs

  // The session's outputs behind the wanted ones, each once.
  void choose_outputs(std::span<const std::uint32_t> wanted, OrtStorage& storage) const {
    std::swap(storage.sources, storage.previous_sources);
    storage.sources.clear();
    storage.output_names.clear();
    for (const std::uint32_t output : wanted) {
      const std::uint32_t source = layout.parts[output].source;
      if (std::ranges::find(storage.sources, source) != storage.sources.end()) continue;
      storage.sources.push_back(source);
      storage.output_names.push_back(layout.output_names[source].c_str());
    }
    storage.is_repeat = storage.is_repeat && storage.sources == storage.previous_sources;
    if (!storage.is_repeat) storage.forget_staged_outputs();
    const std::size_t count = storage.sources.size();
    if (storage.staged_outputs.size() < count) storage.staged_outputs.resize(count);
    for (std::size_t i = 0; i < count; ++i) storage.outputs.push_back(storage.staged_outputs[i].value());
  }

  OrtStatus* run(const OrtRunOptions* options, OrtStorage& storage) {
    if (storage.binding != nullptr) return ort::api().RunWithBinding(session.get(), options, storage.binding.get());
    return ort::api().Run(session.get(), options, input_names.data(), storage.inputs.data(), storage.inputs.size(),
                          storage.output_names.data(), storage.output_names.size(), storage.outputs.data());
  }

  // As run(), again without places for the outputs if they do not fit this time.
  OrtStatus* run_staged(const OrtRunOptions* options, OrtStorage& storage) {
    OrtStatus* status = run(options, storage);
    if (status != nullptr && storage.has_staged_outputs) [[unlikely]] {
      OrtStatus* const first = status;
      storage.forget_staged_outputs();
      std::ranges::fill(storage.outputs, nullptr);
      status = run(options, storage);
      if (status == nullptr) has_varying_shapes = true;
      ort::api().ReleaseStatus(first);
    }
    for (std::size_t i = 0; i < storage.outputs.size(); ++i) {
      if (storage.outputs[i] != storage.staged_outputs[i].value()) storage.owned.emplace_back(storage.outputs[i]);
    }
    return status;
  }

  Status present(std::span<const std::uint32_t> wanted, const ModelSignature& signature, OrtAllocator* allocator,
                 OrtStorage& storage) const {
    if (storage.slots.size() < wanted.size()) storage.slots.resize(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const OutputPart part = layout.parts[wanted[i]];
      const TensorSpec& spec = signature.outputs[wanted[i]].spec;
      const auto at =
          static_cast<std::size_t>(std::ranges::find(storage.sources, part.source) - storage.sources.begin());
      OrtValue* value = storage.outputs[at];
      if (value == nullptr) return fail(kFailed, kFailedReason, "the model left an output empty");
      if (StagedTensor& staged = storage.staged_outputs[at]; value == staged.value()) {
        storage.tensors.push_back({spec.name, spec.type, staged.shape(), staged.bytes(), {}});
        continue;
      }
      SLIPWAY_TRY(const TensorView tensor, present_output(value, part.kind, spec, allocator, storage.slots[i]));
      storage.tensors.push_back(tensor);
    }
    return {};
  }

  // After a run that was like the one before it: places for the outputs of the next.
  Status stage_outputs(std::span<const std::uint32_t> wanted, const OrtMemoryInfo& memory, OrtStorage& storage) const {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const OutputPart part = layout.parts[wanted[i]];
      const TensorView& tensor = storage.tensors[i];
      if (part.kind != OutputPart::Kind::kTensor || !StagedTensor::fits(tensor.type, tensor.data.size())) continue;
      const auto at =
          static_cast<std::size_t>(std::ranges::find(storage.sources, part.source) - storage.sources.begin());
      SLIPWAY_CHECK(storage.staged_outputs[at].make(memory, tensor.type, tensor.shape, tensor.data.size()));
      storage.has_staged_outputs = true;
    }
    return is_all_staged(storage) ? bind(storage) : Status();
  }

  static bool is_all_staged(const OrtStorage& storage) noexcept {
    const auto has_value = [](const StagedTensor& staged) { return staged.value() != nullptr; };
    const auto outputs = std::span(storage.staged_outputs).first(storage.sources.size());
    return std::ranges::all_of(outputs, has_value) && storage.staged_inputs.size() >= storage.inputs.size() &&
           std::ranges::equal(storage.inputs, std::span(storage.staged_inputs).first(storage.inputs.size()), {}, {},
                              &StagedTensor::value);
  }

  Status bind(OrtStorage& storage) const {
    constexpr std::string_view kWhat = "tensors cannot be bound";
    OrtIoBinding* raw = nullptr;
    SLIPWAY_ORT(ort::api().CreateIoBinding(session.get(), &raw), kFailed, kFailedReason, kWhat);
    ort::Binding binding(raw);
    for (std::size_t i = 0; i < storage.inputs.size(); ++i) {
      SLIPWAY_ORT(ort::api().BindInput(raw, input_names[i], storage.inputs[i]), kFailed, kFailedReason, kWhat);
    }
    for (std::size_t i = 0; i < storage.sources.size(); ++i) {
      SLIPWAY_ORT(ort::api().BindOutput(raw, storage.output_names[i], storage.staged_outputs[i].value()), kFailed,
                  kFailedReason, kWhat);
    }
    storage.binding = std::move(binding);
    return {};
  }
};

OnnxModel::OnnxModel() = default;
OnnxModel::~OnnxModel() = default;

Status check_external_files(const OnnxSummary& summary, const OnnxSource& source) {
  for (const OnnxExternalFile& needed : summary.external_files) {
    const auto found = std::ranges::find(source.external, needed.name, &OnnxSource::ExternalFile::name);
    if (found == source.external.end()) {
      return fail(Code::kFailedPrecondition, "model.external_missing",
                  "the model keeps weights in " + quoted(needed.name) + ", which is not in the bundle");
    }
    if (found->bytes.size() < needed.bytes_min) {
      return fail(Code::kFailedPrecondition, "model.external_missing",
                  "the model's weights in " + quoted(needed.name) + " need " + std::to_string(needed.bytes_min) +
                      " bytes; the file has " + std::to_string(found->bytes.size()));
    }
  }
  return {};
}

namespace {

bool is_small(const OnnxSource& source) { return source.model.size() <= kSmallModelBytes && source.external.empty(); }

Result<ort::SessionOptions> make_session_options(const OnnxSource& source, const OnnxLoadOptions& options,
                                                 OnnxLoadOptions::Threads threads) {
  constexpr auto kCode = Code::kInternal;
  constexpr std::string_view kReason = "model.load_failed";
  constexpr std::string_view kWhat = "the session cannot be configured";
  const OrtApi& api = ort::api();
  OrtSessionOptions* raw = nullptr;
  SLIPWAY_ORT(api.CreateSessionOptions(&raw), kCode, kReason, kWhat);
  ort::SessionOptions session(raw);
  if (threads == OnnxLoadOptions::Threads::kCaller) {
    SLIPWAY_ORT(api.SetIntraOpNumThreads(raw, 1), kCode, kReason, kWhat);
  } else {
    SLIPWAY_ORT(api.DisablePerSessionThreads(raw), kCode, kReason, kWhat);
  }
  SLIPWAY_ORT(api.SetSessionExecutionMode(raw, ORT_SEQUENTIAL), kCode, kReason, kWhat);
  SLIPWAY_ORT(api.SetSessionGraphOptimizationLevel(raw, ORT_ENABLE_ALL), kCode, kReason, kWhat);
  SLIPWAY_ORT(api.SetSessionLogSeverityLevel(raw, ORT_LOGGING_LEVEL_FATAL), kCode, kReason, kWhat);
  SLIPWAY_ORT(api.AddSessionConfigEntry(raw, "optimization.constant_folding_max_output_size_in_bytes",
                                        std::to_string(options.constant_folding_bytes_max).c_str()),
              kCode, kReason, kWhat);
  const bool has_arena = options.arena == OnnxLoadOptions::Arena::kOn ||
                         (options.arena == OnnxLoadOptions::Arena::kAuto && !is_small(source));
  if (!has_arena) {
    SLIPWAY_ORT(api.DisableCpuMemArena(raw), kCode, kReason, kWhat);
    SLIPWAY_ORT(api.DisableMemPattern(raw), kCode, kReason, kWhat);
  }
  if (source.external.empty()) return session;
  std::vector<const char*> names;
  std::vector<char*> buffers;
  std::vector<std::size_t> sizes;
  for (const OnnxSource::ExternalFile& file : source.external) {
    names.push_back(file.name.c_str());
    buffers.push_back(const_cast<char*>(reinterpret_cast<const char*>(file.bytes.data())));
    sizes.push_back(file.bytes.size());
  }
  SLIPWAY_ORT(
      api.AddExternalInitializersFromFilesInMemory(raw, names.data(), buffers.data(), sizes.data(), names.size()),
      kCode, kReason, kWhat);
  return session;
}

}  // namespace

Result<std::shared_ptr<const OnnxModel>> OnnxModel::load(std::shared_ptr<const OnnxRuntime> runtime,
                                                         const OnnxSource& source, const OnnxLoadOptions& options) {
  using Threads = OnnxLoadOptions::Threads;
  const std::shared_ptr<OnnxModel> model(new OnnxModel);
  SLIPWAY_TRY(model->summary_, inspect_onnx(source.model, options.limits));
  SLIPWAY_CHECK(check_external_files(model->summary_, source));
  model->runtime_ = std::move(runtime);
  Threads threads = options.threads;
  const bool is_auto = threads == Threads::kAuto;
  if (is_auto) threads = is_small(source) ? Threads::kCaller : Threads::kShared;
  SLIPWAY_CHECK(model->open(source, options, threads));
  if (!options.prove_batch_axis) return std::shared_ptr<const OnnxModel>(model);
  model->prove();
  if (is_auto && threads == Threads::kCaller && model->probe_run_us_ > kShortRunUs) {  // few weights, used often
    SLIPWAY_CHECK(model->open(source, options, Threads::kShared));
    model->prove();
  }
  return std::shared_ptr<const OnnxModel>(model);
}

Status OnnxModel::open(const OnnxSource& source, const OnnxLoadOptions& options, OnnxLoadOptions::Threads threads) {
  SLIPWAY_TRY(const ort::SessionOptions session_options, make_session_options(source, options, threads));
  OrtSession* session = nullptr;
  SLIPWAY_ORT(ort::api().CreateSessionFromArray(runtime_->handles().env.get(), source.model.data(), source.model.size(),
                                                session_options.get(), &session),
              Code::kInvalidArgument, "model.load_failed", "ONNX Runtime cannot load the model");
  session_ = std::make_unique<Session>();
  session_->session.reset(session);
  return describe();
}

void OnnxModel::prove() {
  const BatchProof proof = prove_batch_axis(*this);
  signature_ = with_proof(std::move(signature_), proof);
  probe_failure_ = proof.failure;
  probe_run_us_ = proof.run_us;
}

Status OnnxModel::describe() {
  SLIPWAY_TRY(session_->layout, read_layout(*session_->session, runtime_->handles().allocator, summary_));
  signature_ = session_->layout.signature;
  for (const std::string& name : session_->layout.input_names) session_->input_names.push_back(name.c_str());
  for (std::uint32_t i = 0; i < signature_.outputs.size(); ++i) session_->all_outputs.push_back(i);
  return {};
}

Result<std::unique_ptr<RunControl>> OnnxModel::make_control() const {
  OrtRunOptions* options = nullptr;
  SLIPWAY_ORT(ort::api().CreateRunOptions(&options), kFailed, kFailedReason, "a run cannot be prepared");
  return std::make_unique<OrtControl>(ort::RunOptions(options));
}

Status OnnxModel::run(std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, RunOutputs& out,
                      RunControl* control) const {
  auto* storage = dynamic_cast<OrtStorage*>(out.storage().get());
  if (storage == nullptr) {
    out.storage() = std::make_unique<OrtStorage>();
    storage = static_cast<OrtStorage*>(out.storage().get());
  }
  storage->clear();
  SLIPWAY_CHECK(check_inputs(signature_, inputs, storage->order));
  for (const std::uint32_t output : wanted) {
    if (output >= signature_.outputs.size()) {
      return fail(Code::kInvalidArgument, "tensor.unknown_output",
                  "the model has no output number " + std::to_string(output));
    }
  }
  if (wanted.empty()) wanted = session_->all_outputs;
  const OnnxRuntime::Handles& handles = runtime_->handles();
  storage->is_repeat = std::exchange(storage->session, session_->number) == session_->number;
  for (const std::uint32_t index : storage->order) SLIPWAY_CHECK(make_input(inputs[index], handles, *storage));
  session_->choose_outputs(wanted, *storage);

  const auto* stop = static_cast<const OrtControl*>(control);
  OrtStatus* status = session_->run_staged(stop == nullptr ? nullptr : stop->options(), *storage);
  if (status != nullptr) [[unlikely]] {
    if (stop != nullptr && stop->is_terminated()) {
      ort::api().ReleaseStatus(status);
      return fail(Code::kDeadlineExceeded, "run.terminated", "the run was stopped before it ended");
    }
    const bool is_input = ort::api().GetErrorCode(status) == ORT_INVALID_ARGUMENT;
    return fail(ort::to_error(status, is_input ? Code::kInvalidArgument : kFailed,
                              is_input ? "run.invalid_input" : kFailedReason,
                              is_input ? "the model does not accept the inputs" : "the model failed"));
  }
  Status presented = session_->present(wanted, signature_, handles.allocator, *storage);
  if (!presented) {
    storage->clear();
    return presented;
  }
  if (storage->is_repeat && !storage->has_staged_outputs && !session_->has_varying_shapes) {
    return session_->stage_outputs(wanted, *handles.cpu_memory, *storage);
  }
  return {};
}

}  // namespace slipway
