#include "serving/pooled_run.h"

#include <cstring>

namespace slipway {
namespace {

constexpr std::size_t kAlignment = 64;  // every tensor starts on a cache line, as the runtime wants it

std::size_t aligned(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

std::size_t arena_bytes(std::span<const TensorView> inputs) {
  std::size_t size = kAlignment;
  for (const TensorView& input : inputs) {
    size += aligned(input.data.size());
    for (const std::string_view text : input.strings) size += text.size();
  }
  return size;
}

}  // namespace

PooledRun::PooledRun(std::shared_ptr<const ServedVersion> version, std::span<const TensorView> inputs,
                     std::span<const std::uint32_t> wanted)
    : version_(std::move(version)), arena_(arena_bytes(inputs)), wanted_(wanted.begin(), wanted.end()) {
  std::size_t dimensions = 0;
  std::size_t elements = 0;
  for (const TensorView& input : inputs) {
    dimensions += input.shape.size();
    elements += input.strings.size();
  }
  shapes_.reserve(dimensions);  // views point into both, so they must not move
  strings_.reserve(elements);

  auto* next = arena_.data() + (kAlignment - reinterpret_cast<std::uintptr_t>(arena_.data()) % kAlignment) % kAlignment;
  for (const TensorView& input : inputs) {  // fixed-size tensors first: text would break the alignment
    if (!input.data.empty()) std::memcpy(next, input.data.data(), input.data.size());
    inputs_.push_back(input);
    inputs_.back().data = {next, input.data.size()};
    next += aligned(input.data.size());
  }
  for (TensorView& input : inputs_) {
    const std::size_t first_dimension = shapes_.size();
    shapes_.insert(shapes_.end(), input.shape.begin(), input.shape.end());
    input.shape = std::span(shapes_).subspan(first_dimension);
    const std::size_t first_string = strings_.size();
    for (const std::string_view text : input.strings) {
      if (!text.empty()) std::memcpy(next, text.data(), text.size());
      strings_.emplace_back(reinterpret_cast<const char*>(next), text.size());
      next += text.size();
    }
    input.strings = std::span(strings_).subspan(first_string);
  }
  // Names of the inputs point into the request; the signature's own are the same text and live as long as the version.
  for (TensorView& input : inputs_) {
    for (const ModelTensor& declared : version_->runtime->signature().inputs) {
      if (declared.spec.name == input.name) input.name = declared.spec.name;
    }
  }
}

void PooledRun::begin(Monotonic deadline, DeadlineTimer& deadlines, std::function<void(Status)> done) {
  done_ = std::move(done);
  auto control = version_->runtime->make_control();
  if (!control) return answer(fail(std::move(control).error()));
  control_ = *std::move(control);

  const auto submitted = std::chrono::steady_clock::now();
  const auto self = shared_from_this();
  if (!version_->runners->try_submit([self, submitted] { self->execute(submitted); })) {
    return answer(fail(Code::kResourceExhausted, "serving.queue_full",
                       "too many requests wait for model '" + version_->model + "'; try again shortly"));
  }
  deadlines.schedule(deadline, self);
}

void PooledRun::execute(Monotonic submitted) {
  const auto start = std::chrono::steady_clock::now();
  version_->metrics.queue_duration.observe(start - submitted);
  if (is_answered_.load(std::memory_order_acquire)) return;  // expired while it waited: never run
  Status status = version_->runtime->run(inputs_, wanted_, outputs_, control_.get());
  version_->metrics.run_duration.observe(std::chrono::steady_clock::now() - start);
  answer(std::move(status));
}

void PooledRun::expire() {
  if (is_answered_.load(std::memory_order_acquire)) return;
  answer(fail(Code::kDeadlineExceeded, "serving.deadline",
              "model '" + version_->model + "' did not answer within the time limit"));
  control_->terminate();
}

void PooledRun::answer(Status status) {
  if (!is_answered_.exchange(true, std::memory_order_acq_rel)) done_(std::move(status));
}

}  // namespace slipway
