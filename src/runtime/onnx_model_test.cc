#include "runtime/onnx_model.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <gmock/gmock.h>
#include <thread>

#include "base/bytes.h"
#include "runtime/testing/onnx_builder.h"

namespace slipway {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::shared_ptr<const OnnxRuntime>& runtime() {
  static const auto shared = OnnxRuntime::open({.library_path = "", .intra_threads = 1});
  if (!shared) ADD_FAILURE() << shared.error().message;
  return *shared;
}

std::shared_ptr<const OnnxModel> load(const std::string& bytes, const OnnxLoadOptions& options = {}) {
  auto model = OnnxModel::load(runtime(), {as_bytes(bytes), {}}, options);
  if (!model) {
    ADD_FAILURE() << model.error().reason << ": " << model.error().message;
    return nullptr;
  }
  return *model;
}

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

template <typename T>
std::vector<T> numbers(const TensorView& tensor) {
  std::vector<T> values(tensor.data.size() / sizeof(T));
  std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

std::vector<std::int64_t> shape_of(const TensorView& tensor) { return {tensor.shape.begin(), tensor.shape.end()}; }

// What is kept from run to run is of one session; another model, or none, comes after it.
TEST(OnnxModel, KeptTensorsMayOutliveTheirModel) {
  const std::vector<std::int64_t> shape = {1, 2};
  RunOutputs out;
  for (std::int32_t round = 0; round < 3; ++round) {
    const auto model = load(add_sub_model({-1, 2}));
    ASSERT_TRUE(model);
    for (std::int32_t run = 0; run < 6; ++run) {
      const std::vector<std::int32_t> a = {round, run};
      const std::vector<TensorView> inputs = {{"INPUT0", DataType::kInt32, shape, bytes_of(a), {}},
                                              {"INPUT1", DataType::kInt32, shape, bytes_of(a), {}}};
      ASSERT_TRUE(model->run(inputs, {}, out));
      EXPECT_THAT(numbers<std::int32_t>(out.tensors()[0]), ElementsAre(2 * round, 2 * run));
      EXPECT_THAT(numbers<std::int32_t>(out.tensors()[1]), ElementsAre(0, 0));
    }
  }
}

TEST(OnnxModel, AnswersTheSameOnWhateverThreadsItRuns) {
  for (const auto threads : {OnnxLoadOptions::Threads::kCaller, OnnxLoadOptions::Threads::kShared}) {
    OnnxLoadOptions options;
    options.threads = threads;
    const auto model = load(add_sub_model({-1, 2}), options);
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->signature().is_batchable);
    const std::vector<std::int32_t> a = {1, 2};
    const std::vector<std::int64_t> shape = {1, 2};
    const std::vector<TensorView> inputs = {{"INPUT0", DataType::kInt32, shape, bytes_of(a), {}},
                                            {"INPUT1", DataType::kInt32, shape, bytes_of(a), {}}};
    RunOutputs out;
    ASSERT_TRUE(model->run(inputs, {}, out));
    EXPECT_THAT(numbers<std::int32_t>(out.tensors()[0]), ElementsAre(2, 4));
  }
}

TEST(OnnxModel, AddsAndSubtracts) {
  const auto model = load(add_sub_model({-1, 4}));
  ASSERT_TRUE(model);
  const std::vector<std::int32_t> a = {1, 2, 3, 4};
  const std::vector<std::int32_t> b = {10, 20, 30, 40};
  const std::vector<std::int64_t> shape = {1, 4};
  const std::vector<TensorView> inputs = {{"INPUT1", DataType::kInt32, shape, bytes_of(b), {}},
                                          {"INPUT0", DataType::kInt32, shape, bytes_of(a), {}}};
  RunOutputs out;
  ASSERT_TRUE(model->run(inputs, {}, out));
  ASSERT_EQ(out.tensors().size(), 2U);
  EXPECT_EQ(out.tensors()[0].name, "OUTPUT0");
  EXPECT_THAT(numbers<std::int32_t>(out.tensors()[0]), ElementsAre(11, 22, 33, 44));
  EXPECT_THAT(numbers<std::int32_t>(out.tensors()[1]), ElementsAre(-9, -18, -27, -36));
  EXPECT_THAT(shape_of(out.tensors()[1]), ElementsAre(1, 4));

  const std::vector<std::uint32_t> wanted = {1};
  ASSERT_TRUE(model->run(inputs, wanted, out));
  ASSERT_EQ(out.tensors().size(), 1U);
  EXPECT_EQ(out.tensors()[0].name, "OUTPUT1");
  out.reset();
  EXPECT_TRUE(out.tensors().empty());
}

// The values of earlier runs are kept and used again; what they hold must be of this run alone.
TEST(OnnxModel, AnswersAnewWhenTheSameShapesComeAgain) {
  const auto model = load(add_sub_model({-1, 4}));
  const auto other = load(add_sub_model({-1, 4}));
  ASSERT_TRUE(model && other);
  RunOutputs out;
  const auto check = [&](const OnnxModel& asked, std::int64_t rows, std::int32_t base,
                         std::vector<std::uint32_t> wanted) {
    std::vector<std::int32_t> a(static_cast<std::size_t>(rows) * 4);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = base + static_cast<std::int32_t>(i);
    const std::vector<std::int32_t> b(a.size(), 3);
    const std::vector<std::int64_t> shape = {rows, 4};
    const std::vector<TensorView> inputs = {{"INPUT0", DataType::kInt32, shape, bytes_of(a), {}},
                                            {"INPUT1", DataType::kInt32, shape, bytes_of(b), {}}};
    const Status status = asked.run(inputs, wanted, out);
    ASSERT_TRUE(status) << status.error().message;
    if (wanted.empty()) wanted = {0, 1};
    ASSERT_EQ(out.tensors().size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::vector<std::int32_t> expected = a;
      for (std::int32_t& value : expected) value += wanted[i] == 0 ? 3 : -3;
      EXPECT_EQ(numbers<std::int32_t>(out.tensors()[i]), expected);
      EXPECT_THAT(shape_of(out.tensors()[i]), ElementsAre(rows, 4));
      EXPECT_EQ(out.tensors()[i].name, wanted[i] == 0 ? "OUTPUT0" : "OUTPUT1");
    }
  };
  for (int round = 0; round < 2; ++round) {
    for (std::int32_t base = 0; base < 5; ++base) check(*model, 1, base, {});
    for (std::int32_t base = 5; base < 9; ++base) check(*model, 2, base, {1});
    for (std::int32_t base = 5; base < 9; ++base) check(*model, 2, base, {1, 0});
    for (std::int32_t base = 0; base < 4; ++base) check(*other, 2, base, {1, 0});
    for (std::int32_t base = 0; base < 4; ++base) check(*model, 1000, base, {});  // too large to be kept
    for (std::int32_t base = 0; base < 4; ++base) check(*model, 0, base, {});
  }
}

TEST(OnnxModel, AnswersWhereTheOutputsShapeDependsOnTheInputsValues) {
  const auto model = load(model_bytes({.graph = {{node("NonZero", {"x"}, {"y"})},
                                                 {value_info("x", tensor_type(kFloat, {-1}))},
                                                 {value_info("y", tensor_type(kI64, {1, -1}))},
                                                 {}}}));
  ASSERT_TRUE(model);
  RunOutputs out;
  const std::vector<std::int64_t> shape = {4};
  for (const std::vector<float>& x : std::vector<std::vector<float>>{
           {0, 1, 0, 1}, {1, 0, 1, 0}, {1, 1, 0, 0}, {0, 0, 0, 1}, {0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 1, 0}}) {
    std::vector<std::int64_t> expected;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] != 0) expected.push_back(static_cast<std::int64_t>(i));
    }
    const std::vector<TensorView> inputs = {{"x", DataType::kFp32, shape, bytes_of(x), {}}};
    const Status status = model->run(inputs, {}, out);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(numbers<std::int64_t>(out.tensors()[0]), expected);
  }
}

TEST(OnnxModel, ProvesTheBatchAxis) {
  const auto model = load(add_sub_model({-1, 4}));
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->signature().is_batchable);
  EXPECT_TRUE(model->signature().inputs[0].is_batched);
  EXPECT_TRUE(model->signature().outputs[1].is_batched);
  EXPECT_GT(model->probe_run_us(), 0);
  EXPECT_FALSE(model->probe_failure());

  const auto fixed = load(add_sub_model({1, 4}));
  ASSERT_TRUE(fixed);
  EXPECT_FALSE(fixed->signature().is_batchable);
}

TEST(OnnxModel, FindsRowsThatDependOnEachOther) {
  // y = x - mean(x over rows): declared with a variable first dimension, and still no batch axis.
  const std::string bytes = model_bytes({.graph = {{node("ReduceMean", {"x"}, {"mean"}, {ints_attribute("axes", {0})}),
                                                    node("Sub", {"x", "mean"}, {"y"})},
                                                   {value_info("x", tensor_type(kFloat, {-1, 2}))},
                                                   {value_info("y", tensor_type(kFloat, {-1, 2}))},
                                                   {}}});
  const auto model = load(bytes);
  ASSERT_TRUE(model);
  EXPECT_FALSE(model->signature().is_batchable);
}

template <typename T>
void round_trip(Element element, DataType type, const std::vector<T>& values) {
  SCOPED_TRACE(to_string(type));
  const auto model = load(identity_model(element, {-1, 2}));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->signature().inputs[0].spec, (TensorSpec{"x", type, {-1, 2}}));
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(values.size()) / 2, 2};
  RunOutputs out;
  const std::vector<TensorView> inputs = {{"x", type, shape, bytes_of(values), {}}};
  const Status status = model->run(inputs, {}, out);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(out.tensors()[0].type, type);
  EXPECT_EQ(numbers<T>(out.tensors()[0]), values);

  // The same from an address that no type is aligned for.
  const std::span<const std::byte> bytes = bytes_of(values);
  std::vector<std::byte> shifted(1);
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  const std::vector<TensorView> odd = {{"x", type, shape, std::span<const std::byte>(shifted).subspan(1), {}}};
  ASSERT_TRUE(model->run(odd, {}, out));
  EXPECT_EQ(numbers<T>(out.tensors()[0]), values);
}

TEST(OnnxModel, CarriesEveryType) {
  round_trip<std::uint8_t>(kBoolean, DataType::kBool, {0, 1, 1, 0});
  round_trip<std::uint8_t>(kU8, DataType::kUint8, {0, 255});
  round_trip<std::uint16_t>(kU16, DataType::kUint16, {0, 65535});
  round_trip<std::uint32_t>(kU32, DataType::kUint32, {0, 4294967295U});
  round_trip<std::uint64_t>(kU64, DataType::kUint64, {0, UINT64_MAX});
  round_trip<std::int8_t>(kI8, DataType::kInt8, {-128, 127});
  round_trip<std::int16_t>(kI16, DataType::kInt16, {INT16_MIN, INT16_MAX});
  round_trip<std::int32_t>(kI32, DataType::kInt32, {INT32_MIN, INT32_MAX, 0, 1});
  round_trip<std::int64_t>(kI64, DataType::kInt64, {INT64_MIN, INT64_MAX});
  round_trip<std::uint16_t>(kHalf, DataType::kFp16, {0x3C00, 0xFC00});
  round_trip<std::uint16_t>(kBfloat, DataType::kBf16, {0x3F80, 0xFF80});
  round_trip<float>(kFloat, DataType::kFp32, {1.5F, -0.0F});
  round_trip<double>(kDouble, DataType::kFp64, {1e300, -1e-300});
}

TEST(OnnxModel, CarriesText) {
  const auto model = load(identity_model(kString, {-1}));
  ASSERT_TRUE(model);
  const std::vector<std::string_view> texts = {"", std::string_view("a\0b", 3), "gr\xC3\xBC\xC3\x9F"};
  const std::vector<std::int64_t> shape = {3};
  const std::vector<TensorView> inputs = {{"x", DataType::kBytes, shape, {}, texts}};
  RunOutputs out;
  ASSERT_TRUE(model->run(inputs, {}, out));
  EXPECT_THAT(out.tensors()[0].strings, ::testing::ElementsAreArray(texts));
}

TEST(OnnxModel, CarriesScalarsAndEmptyTensors) {
  const auto scalar = load(identity_model(kFloat, {}));
  ASSERT_TRUE(scalar);
  EXPECT_TRUE(scalar->signature().inputs[0].has_rank);
  const std::vector<float> one = {2.5F};
  RunOutputs out;
  const std::vector<TensorView> inputs = {{"x", DataType::kFp32, {}, bytes_of(one), {}}};
  ASSERT_TRUE(scalar->run(inputs, {}, out));
  EXPECT_TRUE(out.tensors()[0].shape.empty());
  EXPECT_THAT(numbers<float>(out.tensors()[0]), ElementsAre(2.5F));

  const auto empty = load(identity_model(kFloat, {-1, 2}));
  ASSERT_TRUE(empty);
  const std::vector<std::int64_t> none = {0, 2};
  const std::vector<TensorView> no_rows = {{"x", DataType::kFp32, none, {}, {}}};
  const Status status = empty->run(no_rows, {}, out);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_THAT(shape_of(out.tensors()[0]), ElementsAre(0, 2));
  EXPECT_TRUE(out.tensors()[0].data.empty());

  const auto text = load(identity_model(kString, {-1}));
  const std::vector<std::int64_t> zero = {0};
  const std::vector<TensorView> no_text = {{"x", DataType::kBytes, zero, {}, {}}};
  ASSERT_TRUE(text->run(no_text, {}, out));
  EXPECT_TRUE(out.tensors()[0].strings.empty());
}

TEST(OnnxModel, PresentsMapsAsTensors) {
  const auto model = load(zipmap_model(false));
  ASSERT_TRUE(model);
  ASSERT_EQ(model->signature().outputs.size(), 2U);
  EXPECT_EQ(model->signature().outputs[0].spec, (TensorSpec{"probability", DataType::kFp32, {-1, -1}}));
  EXPECT_EQ(model->signature().outputs[1].spec, (TensorSpec{"probability.keys", DataType::kInt64, {-1}}));
  EXPECT_TRUE(model->signature().is_batchable);
  EXPECT_TRUE(model->signature().outputs[0].is_batched);
  EXPECT_FALSE(model->signature().outputs[1].is_batched);

  const std::vector<float> scores = {0.1F, 0.2F, 0.7F, 0.5F, 0.25F, 0.25F};
  const std::vector<std::int64_t> shape = {2, 3};
  const std::vector<TensorView> inputs = {{"scores", DataType::kFp32, shape, bytes_of(scores), {}}};
  RunOutputs out;
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Status status = model->run(inputs, {}, out);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_THAT(shape_of(out.tensors()[0]), ElementsAre(2, 3));
    EXPECT_EQ(numbers<float>(out.tensors()[0]), scores);
    EXPECT_THAT(numbers<std::int64_t>(out.tensors()[1]), ElementsAre(10, 20, 30));
  }
}

TEST(OnnxModel, PresentsTextKeys) {
  const auto model = load(zipmap_model(true));
  ASSERT_TRUE(model);
  const std::vector<float> scores = {0.1F, 0.2F, 0.7F};
  const std::vector<std::int64_t> shape = {1, 3};
  const std::vector<TensorView> inputs = {{"scores", DataType::kFp32, shape, bytes_of(scores), {}}};
  RunOutputs out;
  const std::vector<std::uint32_t> keys_only = {*model->signature().find_output("probability.keys"), 0};
  ASSERT_TRUE(model->run(inputs, keys_only, out));
  // ORT keeps maps sorted by key; values keep the same order.
  EXPECT_THAT(out.tensors()[0].strings, ElementsAre("", "setosa", "virginica"));
  EXPECT_THAT(numbers<float>(out.tensors()[1]), ElementsAre(0.2F, 0.1F, 0.7F));
}

TEST(OnnxModel, RefusesInputsThatDoNotFitByName) {
  const auto model = load(add_sub_model({-1, 4}));
  ASSERT_TRUE(model);
  const std::vector<std::int32_t> values(8);
  const std::vector<std::int64_t> shape = {1, 4};
  const std::vector<std::int64_t> rows = {2, 4};
  const std::vector<std::int64_t> wide = {1, 5};
  const std::vector<std::int64_t> huge = {INT64_MAX, 4};
  const std::span<const std::byte> four = bytes_of(values).first(16);
  const TensorView good{"INPUT0", DataType::kInt32, shape, four, {}};
  const auto refused = [&](const std::vector<TensorView>& inputs) {
    RunOutputs out;
    const Status status = model->run(inputs, {}, out);
    return status ? Error{} : status.error();
  };
  const auto second = [](DataType type, std::span<const std::int64_t> dims, std::span<const std::byte> data) {
    return TensorView{"INPUT1", type, dims, data, {}};
  };
  EXPECT_EQ(refused({good}).reason, "tensor.missing_input");
  EXPECT_EQ(refused({good, good}).reason, "tensor.duplicate_input");
  EXPECT_EQ(refused({good, {"INPUT2", DataType::kInt32, shape, four, {}}}).reason, "tensor.unknown_input");
  EXPECT_EQ(refused({good, second(DataType::kInt64, shape, four)}).reason, "tensor.type");
  EXPECT_EQ(refused({good, second(DataType::kInt32, shape, four.first(12))}).reason, "tensor.size");
  EXPECT_EQ(refused({good, second(DataType::kInt32, huge, four)}).reason, "tensor.too_large");
  EXPECT_EQ(refused({good, second(DataType::kInt32, rows, bytes_of(values))}).reason, "tensor.rows");
  const Error error = refused({good, second(DataType::kInt32, wide, four)});
  EXPECT_EQ(error.reason, "tensor.shape");
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("\"INPUT1\" has shape [1,5]; accepted is [-1,4]"));
}

TEST(OnnxModel, RefusesBooleansThatAreNeither) {
  const auto model = load(identity_model(kBoolean, {-1}));
  ASSERT_TRUE(model);
  const std::vector<std::uint8_t> two = {2};
  const std::vector<std::int64_t> shape = {1};
  const std::vector<TensorView> inputs = {{"x", DataType::kBool, shape, bytes_of(two), {}}};
  RunOutputs out;
  const Status status = model->run(inputs, {}, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "tensor.bool");
}

TEST(OnnxModel, StopsWhenTold) {
  const auto model = load(endless_model(), {.limits = {}, .prove_batch_axis = false});
  ASSERT_TRUE(model);
  auto control = model->make_control();
  ASSERT_TRUE(control);
  const std::vector<float> x = {1};
  const std::vector<std::int64_t> shape = {1};
  const std::vector<TensorView> inputs = {{"x", DataType::kFp32, shape, bytes_of(x), {}}};
  std::atomic<bool> has_ended = false;
  std::thread deadline([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // the deadline itself
    (*control)->terminate();
  });
  RunOutputs out;
  const Status status = model->run(inputs, {}, out, control->get());
  has_ended = true;
  deadline.join();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDeadlineExceeded);
  EXPECT_EQ(status.error().reason, "run.terminated");
}

TEST(OnnxModel, RunsAgainAfterRearm) {
  const auto model = load(identity_model(kFloat, {-1}));
  ASSERT_TRUE(model);
  auto control = model->make_control();
  const std::vector<float> x = {1};
  const std::vector<std::int64_t> shape = {1};
  const std::vector<TensorView> inputs = {{"x", DataType::kFp32, shape, bytes_of(x), {}}};
  RunOutputs out;
  (*control)->terminate();
  EXPECT_FALSE(model->run(inputs, {}, out, control->get()));
  (*control)->rearm();
  EXPECT_TRUE(model->run(inputs, {}, out, control->get()));
}

TEST(OnnxModel, SaysWhenMemoryIsShort) {
  if (kHasSanitizer) GTEST_SKIP() << "needs the system's allocator";
  const auto model = load(hungry_model(std::int64_t{1} << 44), {.limits = {}, .prove_batch_axis = false});
  ASSERT_TRUE(model);
  const std::vector<std::int64_t> zero = {0};
  const std::vector<std::int64_t> shape = {1};
  const std::vector<TensorView> inputs = {{"x", DataType::kInt64, shape, bytes_of(zero), {}}};
  RunOutputs out;
  const Status status = model->run(inputs, {}, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "run.out_of_memory");
}

TEST(OnnxModel, ReadsExternalDataFromMemory) {
  const std::string bytes = model_bytes({.graph = {{node("Add", {"x", "w"}, {"y"})},
                                                   {value_info("x", tensor_type(kFloat, {-1, 2}))},
                                                   {value_info("y", tensor_type(kFloat, {-1, 2}))},
                                                   {external_tensor("w", kFloat, {2}, "weights/w.bin", "4", "8")}}});
  const std::string weights = raw_bytes<float>({9, 100, 200});
  const auto model = OnnxModel::load(runtime(), {as_bytes(bytes), {{"weights/w.bin", as_bytes(weights)}}});
  ASSERT_TRUE(model) << model.error().message;
  const std::vector<float> x = {1, 2};
  const std::vector<std::int64_t> shape = {1, 2};
  const std::vector<TensorView> inputs = {{"x", DataType::kFp32, shape, bytes_of(x), {}}};
  RunOutputs out;
  ASSERT_TRUE((*model)->run(inputs, {}, out));
  EXPECT_THAT(numbers<float>(out.tensors()[0]), ElementsAre(101, 202));

  const auto missing = OnnxModel::load(runtime(), {as_bytes(bytes), {}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "model.external_missing");
  const auto shorter = OnnxModel::load(runtime(), {as_bytes(bytes), {{"weights/w.bin", as_bytes(weights).first(8)}}});
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().reason, "model.external_missing");
}

TEST(OnnxModel, TellsTheRankThatTheFileLeavesOpen) {
  const std::string bytes = model_bytes({.graph = {{node("Identity", {"x"}, {"y"})},
                                                   {value_info("x", tensor_type(kFloat, {-1, 2}))},
                                                   {value_info("y", unranked_type(kFloat))},
                                                   {}}});
  const auto model = load(bytes);
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->signature().outputs[0].has_rank);
  EXPECT_EQ(model->signature().outputs[0].spec.shape.size(), 2U);
  EXPECT_TRUE(model->signature().is_batchable);
}

TEST(OnnxModel, RefusesOutputsThatAreNoTensors) {
  const std::string bytes = model_bytes({.graph = {{node("SequenceConstruct", {"x"}, {"y"})},
                                                   {value_info("x", tensor_type(kFloat, {2}))},
                                                   {value_info("y", sequence_type(tensor_type(kFloat, {2})))},
                                                   {}}});
  const auto model = OnnxModel::load(runtime(), {as_bytes(bytes), {}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().reason, "model.output_kind");
  EXPECT_THAT(model.error().message, HasSubstr("seq(tensor(float))"));
}

TEST(OnnxModel, RunsConcurrently) {
  const auto model = load(add_sub_model({-1, 16}));
  ASSERT_TRUE(model);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      RunOutputs out;
      const std::vector<std::int64_t> shape = {1, 16};
      for (std::int32_t i = 0; i < 2000; ++i) {
        const std::vector<std::int32_t> a(16, i);
        const std::vector<std::int32_t> b(16, t);
        const std::vector<TensorView> inputs = {{"INPUT0", DataType::kInt32, shape, bytes_of(a), {}},
                                                {"INPUT1", DataType::kInt32, shape, bytes_of(b), {}}};
        if (!model->run(inputs, {}, out) || numbers<std::int32_t>(out.tensors()[0])[15] != i + t) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(OnnxRuntime, SaysWhereItLookedForTheLibrary) {
  const auto missing = OnnxRuntime::open({.library_path = "/nonexistent/libonnxruntime.so"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "runtime.library");
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/libonnxruntime.so"));
}

}  // namespace
}  // namespace slipway
