#include "app/version_releaser.h"

#include <future>
#include <gtest/gtest.h>

namespace slipway {
namespace {

// Tells on which thread it is taken apart.
class Mortal final : public LoadedModel {
 public:
  explicit Mortal(std::promise<std::thread::id>& died) : died_(died) {}
  ~Mortal() override { died_.set_value(std::this_thread::get_id()); }
  const ModelSignature& signature() const noexcept override { return signature_; }
  Status run(std::span<const TensorView>, std::span<const std::uint32_t>, RunOutputs&, RunControl*) const override {
    return {};
  }
  Result<std::unique_ptr<RunControl>> make_control() const override {
    return fail(Code::kUnimplemented, "run.failed", "never run");
  }

 private:
  ModelSignature signature_;
  std::promise<std::thread::id>& died_;
};

std::shared_ptr<const ServedVersion> version_with(std::promise<std::thread::id>& died) {
  auto version = std::make_shared<ServedVersion>();
  version->runtime = std::make_shared<Mortal>(died);
  return version;
}

TEST(VersionReleaser, FreesOnItsOwnThread) {
  VersionReleaser releaser;
  std::promise<std::thread::id> died;
  auto thread = died.get_future();
  auto version = releaser.watch(version_with(died));
  auto request = version;
  version.reset();
  EXPECT_EQ(thread.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout) << "a request still has it";
  request.reset();
  ASSERT_EQ(thread.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_NE(thread.get(), std::this_thread::get_id());
}

TEST(VersionReleaser, FreesWhatIsLeftAtItsEnd) {
  std::promise<std::thread::id> before;
  std::promise<std::thread::id> after;
  std::shared_ptr<const ServedVersion> survivor;
  {
    VersionReleaser releaser;
    releaser.watch(version_with(before));
    survivor = releaser.watch(version_with(after));
  }
  EXPECT_EQ(before.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
  auto freed = after.get_future();
  EXPECT_EQ(freed.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  survivor.reset();
  EXPECT_EQ(freed.get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace slipway
