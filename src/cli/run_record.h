// slipway run record: a run on the server, the command, the bundle, and the bundle on the server.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/context.h"
#include "reproduce/record.h"

namespace slipway::cli {

struct RunRecordOptions {
  reproduce::RecordOptions recording;
  std::string tolerance_file;
  double relative_tolerance = 0;
  std::string run_id;  // of a run that exists on the server
  std::string experiment = "Default";
  bool is_local = false;  // no server
};

// Sets context.exit_code to the command's own.
Status record_run(Context& context, RunRecordOptions options);

}  // namespace slipway::cli
