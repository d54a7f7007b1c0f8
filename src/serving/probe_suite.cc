#include "serving/probe_suite.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "registry/model_test_runner.h"

namespace slipway {
namespace {

tl::unexpected<Error> unreadable(const std::string& name, const char* why) {
  return fail(Code::kNotFound, "model_tests.no_file", "file " + quoted(name) + " cannot be read: " + why);
}

// `name` is what the message may say: a path in the bundle, not where it lies on the server.
Result<std::string> read_file(const std::string& path, const std::string& name) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return unreadable(name, std::strerror(errno));
  const std::shared_ptr<void> closing(nullptr, [fd](void*) { ::close(fd); });
  struct stat status {};
  if (::fstat(fd, &status) != 0) return unreadable(name, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(name, "it is not a regular file");
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t at = 0;
  while (at < content.size()) {
    const ssize_t size = ::read(fd, content.data() + at, content.size() - at);
    if (size < 0) return unreadable(name, std::strerror(errno));
    if (size == 0) break;
    at += static_cast<std::size_t>(size);
  }
  content.resize(at);
  return content;
}

struct Suite {
  ModelTests tests;
  Result<std::string> data;  // of the metric; an error is the metric's failure, not the suite's
};

std::vector<OwnedTensor> copy_of(std::span<const TensorView> tensors) {
  std::vector<OwnedTensor> copies;
  for (const TensorView& tensor : tensors) copies.push_back(OwnedTensor::copy(tensor));
  return copies;
}

SuiteOutcome run_suite(const Suite& suite, const LoadedModel& loaded) {
  ModelUnderTest model;
  for (const ModelTensor& input : loaded.signature().inputs) model.inputs.push_back(input.spec);
  RunOutputs outputs;
  model.run = [&](std::span<const TensorView> inputs) -> Result<std::vector<OwnedTensor>> {
    SLIPWAY_CHECK(loaded.run(inputs, {}, outputs));
    return copy_of(outputs.tensors());
  };
  model.read_file = [&](std::string_view) { return suite.data; };  // a suite has one metric, and that one file
  const ModelTestReport report = run_model_tests(suite.tests, model);
  return {report.is_passed, to_json(report)};
}

}  // namespace

Result<RunSuite> read_suite(const std::string& suite,
                            const std::function<Result<std::string>(const std::string&)>& read) {
  SLIPWAY_TRY(const std::string text, read(suite));
  auto found = std::make_shared<Suite>();
  SLIPWAY_TRY(found->tests, parse_model_tests(text));
  if (found->tests.metric) found->data = read(found->tests.metric->data);
  return [found = std::shared_ptr<const Suite>(std::move(found))](const LoadedModel& model) {
    return run_suite(*found, model);
  };
}

Result<RunSuite> read_probe_suite(const std::string& suite, const std::string& directory) {
  return read_suite(suite, [&](const std::string& path) {
    return path == suite ? read_file(suite, suite.substr(suite.rfind('/') + 1))
                         : read_file(directory + "/" + path, path);
  });
}

}  // namespace slipway
