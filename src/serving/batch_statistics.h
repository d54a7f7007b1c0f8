// Runs of one version by their number of rows: how many there were and what they took. Thread-safe; counting is five
// relaxed additions.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace slipway {

struct RunTimes {
  std::chrono::nanoseconds input{};   // bringing the inputs together
  std::chrono::nanoseconds run{};     // the model's own
  std::chrono::nanoseconds output{};  // splitting the outputs
};

class BatchStatistics {
 public:
  struct Size {
    std::uint32_t rows = 0;
    std::uint64_t count = 0;
    std::uint64_t input_ns = 0;
    std::uint64_t run_ns = 0;
    std::uint64_t output_ns = 0;
  };

  // Runs of more rows than `rows_max` are counted as of that many.
  explicit BatchStatistics(std::uint32_t rows_max) : cells_(rows_max + 1) {}

  void add(std::uint32_t rows, const RunTimes& times) noexcept {
    Cell& cell = cells_[rows < cells_.size() ? rows : cells_.size() - 1];
    cell.count.fetch_add(1, std::memory_order_relaxed);
    cell.input_ns.fetch_add(static_cast<std::uint64_t>(times.input.count()), std::memory_order_relaxed);
    cell.run_ns.fetch_add(static_cast<std::uint64_t>(times.run.count()), std::memory_order_relaxed);
    cell.output_ns.fetch_add(static_cast<std::uint64_t>(times.output.count()), std::memory_order_relaxed);
  }

  // The sizes that were seen, ascending.
  std::vector<Size> sizes() const {
    std::vector<Size> seen;
    for (std::uint32_t rows = 0; rows < cells_.size(); ++rows) {
      const Cell& cell = cells_[rows];
      const std::uint64_t count = cell.count.load(std::memory_order_relaxed);
      if (count == 0) continue;
      seen.push_back({rows, count, cell.input_ns.load(std::memory_order_relaxed),
                      cell.run_ns.load(std::memory_order_relaxed), cell.output_ns.load(std::memory_order_relaxed)});
    }
    return seen;
  }

 private:
  struct Cell {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> input_ns{0};
    std::atomic<std::uint64_t> run_ns{0};
    std::atomic<std::uint64_t> output_ns{0};
  };
  std::vector<Cell> cells_;
};

}  // namespace slipway
