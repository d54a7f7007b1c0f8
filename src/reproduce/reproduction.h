// slipway reproduce: builds the environment of a recorded run anew, runs its command, and compares what comes out.
//
// The bundle is not trusted with paths: nothing outside of the fresh directory is written by Slipway. The command
// itself runs with the rights of whoever calls.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "reproduce/bundle.h"
#include "reproduce/process.h"
#include "reproduce/record.h"
#include "reproduce/report.h"

namespace slipway::reproduce {

struct ReproduceOptions {
  std::string keep;                        // the fresh directory, to be made and kept; "": a temporary one
  std::string repository;                  // where the commit is to be had; "": where it was recorded, then its remote
  std::string python;                      // an interpreter; "": one is looked for
  std::vector<std::string> input_folders;  // where inputs are looked for
  std::vector<std::string> secrets;        // names of variables that are handed to the command
  bool may_use_network = true;             // to fetch the commit and packages; the command itself is not kept from it
  std::chrono::milliseconds timeout{0};    // of the command; 0: none
  ByteSink out;
  ByteSink err;
  Say say;
};

// A verdict, also when the run cannot be had again: kCannotRun with the reason. Errors are for what says nothing of the
// run: already_exists "reproduce.exists" (keep), cancelled "cli.interrupted".
Result<Report> reproduce_run(const Bundle& bundle, const ReproduceOptions& options);

}  // namespace slipway::reproduce
