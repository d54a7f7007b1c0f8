// A bundle's test suite as a probe runs it: in the child process that tried the model, under the same limits.
#pragma once

#include <functional>
#include <string>

#include "runtime/probe.h"

namespace slipway {

// The ReadSuite of runtime/probe.h for the suites of registry/model_tests.h. `suite`: path of the JSON file;
// `directory`: where the paths of its data begin. not_found "model_tests.no_file"; those of parse_model_tests().
Result<RunSuite> read_probe_suite(const std::string& suite, const std::string& directory);

// The same over any place where files are: `read` gives a file of the bundle by its path.
Result<RunSuite> read_suite(const std::string& suite,
                            const std::function<Result<std::string>(const std::string&)>& read);

}  // namespace slipway
