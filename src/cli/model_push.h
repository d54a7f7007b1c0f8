// slipway model push: sends the files that the server lacks, then creates the version in one request.
//
// Until that last request nothing of a push can be seen; one that breaks leaves no version.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/bundle_source.h"
#include "cli/context.h"

namespace slipway::cli {

struct PushOptions {
  BundleOptions bundle;
  std::string name;
  std::string version;
  std::string description;
  std::string run;  // that made the model
};

Status push_model(Context& context, const PushOptions& options);

}  // namespace slipway::cli
