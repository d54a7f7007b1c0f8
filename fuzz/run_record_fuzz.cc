// The readers of a recorded run: run.json is accepted in its one form or refused with a reason; outputs that are
// compared, whatever they hold, give a verdict.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reproduce/compare.h"
#include "reproduce/metrics.h"
#include "reproduce/pip.h"
#include "reproduce/run_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace reproduce = slipway::reproduce;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = reproduce::parse_run_record(text);
  if (record && reproduce::canonical_json(*record) != text) std::abort();
  if (!record && (record.error().message.empty() || record.error().reason.empty())) std::abort();
  (void)reproduce::read_metrics(text);
  (void)reproduce::read_pip_report(text);
  const std::string_view first = text.substr(0, size / 2);
  const std::string_view second = text.substr(size / 2);
  for (const char* path : {"a.json", "a.csv", "a.npy", "a.bin"}) {
    const auto comparison = reproduce::compare_outputs(path, first, second, {});
    if ((comparison.match == reproduce::Match::kIdentical) != (first == second)) std::abort();
  }
  return 0;
}
