#include <benchmark/benchmark.h>

#include "access/authorize.h"
#include "access/key.h"

namespace slipway {
namespace {

void Admit(benchmark::State& state) {
  std::vector<LiveKey> rows;
  std::string header;
  for (int i = 0; i < 1000; ++i) {
    const ApiKey key = make_key(system_random());
    LiveKey row;
    row.id = *parse_key_id(key.id);
    row.digest = key.digest;
    row.principal = std::make_shared<const Principal>(Principal{"1", "ann", {{Role::kPredictor, "iris"}}});
    row.last_used = std::make_shared<LastUsed>(0);
    rows.push_back(row);
    header = "Bearer " + std::string(key.text.reveal());
  }
  const AccessSnapshot keys(std::move(rows));
  const WallTime now = system_clock().now();
  for (auto _ : state) {
    benchmark::DoNotOptimize(admit({}, keys, {header, "", ""}, now, Permission::kPredict, "iris"));
  }
}
BENCHMARK(Admit);

}  // namespace
}  // namespace slipway
