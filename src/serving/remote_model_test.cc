#include "serving/remote_model.h"

#include <cstring>
#include <gmock/gmock.h>

#include "serving/execution_test_case.h"

namespace slipway {
namespace {

using slipway::testing::row;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A remote that doubles its rows, of the model x -> y over FP32[N,2].
class Doubling final : public Remotes {
 public:
  struct Storage final : RunOutputs::Storage {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
    void clear() noexcept override { tensors.clear(); }
  };
  struct Endpoint final : RemoteEndpoint {
    explicit Endpoint(const Doubling& remotes) : remotes_(remotes) {}
    Task<Status> infer(RemoteCall call, RunOutputs& out) const override {
      if (remotes_.failure) co_return fail(*remotes_.failure);
      const TensorView& input = call.inputs.front();
      auto storage = std::make_unique<Storage>();
      storage->shape.assign(input.shape.begin(), input.shape.end());
      storage->values.resize(input.data.size() / sizeof(float));
      std::memcpy(storage->values.data(), input.data.data(), input.data.size());
      for (float& value : storage->values) value *= 2;
      storage->tensors = {{"y", DataType::kFp32, storage->shape, std::as_bytes(std::span(storage->values)), {}}};
      out.storage() = std::move(storage);
      co_return Status();
    }
    const Doubling& remotes_;
  };

  Status check(const RemoteTarget&) const override { return {}; }
  std::shared_ptr<const RemoteEndpoint> open(const RemoteTarget&) const override {
    return std::make_shared<const Endpoint>(*this);
  }
  Result<RemoteMetadata> describe(const RemoteTarget&, Monotonic) const override { return metadata; }
  std::shared_ptr<const RemoteWatch> watch(const RemoteTarget&, const Digest&, Monotonic) const override {
    return nullptr;
  }

  RemoteMetadata metadata{
      .server = {"triton", "2.60.0", {"binary_tensor_data"}},
      .model = {"m", "onnx", {"1"}, {{"x", DataType::kFp32, {-1, 2}}}, {{"y", DataType::kFp32, {-1, 2}}}}};
  std::optional<Error> failure;
};

struct Watch final : RemoteWatch {
  Status readiness() const override { return status; }
  Status usability() const override { return status; }
  Status status;
};

Monotonic soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }
RemoteDescription description() {
  RemoteDescription made;
  made.target.url = "http://triton:8000";
  made.target.model = "m";
  return made;
}

TEST(TryRemote, KeepsWhatTheRemoteSaidAndProvesItsBatchAxis) {
  const Doubling remotes;
  const auto trial = try_remote(remotes, description(), soon());
  ASSERT_TRUE(trial) << trial.error().message;
  const ProbeReport& report = trial->report;
  EXPECT_TRUE(report.signature.is_batchable);
  EXPECT_EQ(report.run_failure, "");
  EXPECT_EQ(report.remote->server, "triton 2.60.0");
  EXPECT_EQ(report.remote->metadata_digest, metadata_digest(remotes.metadata.model).hex());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("can change under it"), HasSubstr("names no version")));

  const auto read = parse_probe_report(to_json(report));  // as loading reads it
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->remote->metadata_digest, report.remote->metadata_digest);
  EXPECT_EQ(read->signature.inputs.front().spec, report.signature.inputs.front().spec);
  EXPECT_TRUE(read->signature.is_batchable);
  EXPECT_EQ(read->memory_peak_bytes, 0U);

  RunOutputs outputs;
  auto tensors = row(3);
  ASSERT_TRUE(trial->model->run(tensors.views(), {}, outputs, nullptr));
  float value = 0;
  std::memcpy(&value, outputs.tensors()[0].data.data(), sizeof value);
  EXPECT_EQ(value, 6);
}

TEST(TryRemote, FailsWhereTheRemoteIsGoneButNotWhereItRefusesTheGeneratedRows) {
  Doubling remotes;
  remotes.failure = Error{Code::kUnavailable, "remote.unreachable", "gone", {}};
  EXPECT_EQ(try_remote(remotes, description(), soon()).error().reason, "remote.unreachable");
  remotes.failure = Error{Code::kInvalidArgument, "remote.status", "it answered 400", {}};
  const auto trial = try_remote(remotes, description(), soon());
  ASSERT_TRUE(trial);
  EXPECT_EQ(trial->report.run_failure, "it answered 400");
  EXPECT_FALSE(trial->report.signature.is_batchable);
}

TEST(RemoteSignature, IsOfBothOrOfTheOneThatKnows) {
  const RemoteModelMetadata said = Doubling().metadata.model;
  RemoteModelMetadata silent = said;
  silent.inputs.clear();
  silent.outputs.clear();
  RemoteDescription declared = description();
  declared.inputs = said.inputs;
  declared.outputs = said.outputs;
  const auto reason_of = [](const RemoteDescription& described, const RemoteModelMetadata& metadata) {
    const auto signature = remote_signature(described, metadata);
    return signature ? "" : signature.error().reason;
  };
  EXPECT_EQ(reason_of(description(), said), "");
  EXPECT_EQ(reason_of(declared, silent), "");
  EXPECT_EQ(reason_of(declared, said), "");
  EXPECT_EQ(reason_of(description(), silent), "remote.no_signature");
  declared.outputs.front().shape = {-1, 3};
  EXPECT_EQ(reason_of(declared, said), "remote.signature");
  declared.outputs = said.outputs;
  declared.inputs.push_back({"more", DataType::kFp32, {-1}});
  EXPECT_EQ(reason_of(declared, said), "remote.signature");
}

TEST(MetadataDigest, ChangesWithWhatTheModelTakesAndGives) {
  const RemoteModelMetadata first = Doubling().metadata.model;
  RemoteModelMetadata other = first;
  other.versions.push_back("2");
  other.name = "alias";
  EXPECT_EQ(metadata_digest(first), metadata_digest(other));
  other.outputs.front().type = DataType::kFp64;
  EXPECT_NE(metadata_digest(first), metadata_digest(other));
}

TEST(RemoteModel, AsksOnlyWhereItsWatchAllowsIt) {
  const Doubling remotes;
  const auto watch = std::make_shared<Watch>();
  const ModelSignature signature = *remote_signature(description(), remotes.metadata.model);
  const RemoteModel model(signature, remotes.open(description().target), watch, soon());
  RunOutputs outputs;
  auto tensors = row(1);
  EXPECT_TRUE(model.run(tensors.views(), {}, outputs, nullptr));
  watch->status = fail(Code::kUnavailable, "remote.changed", "other tensors");
  EXPECT_EQ(model.run(tensors.views(), {}, outputs, nullptr).error().reason, "remote.changed");
  EXPECT_EQ(model.readiness().error().reason, "remote.changed");
  auto wrong = slipway::testing::Tensors().add<float>("z", DataType::kFp32, {1, 2}, {1, 2});
  EXPECT_EQ(model.run(wrong.views(), {}, outputs, nullptr).error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace slipway
