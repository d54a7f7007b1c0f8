#include "reproduce/machine.h"

#include <gtest/gtest.h>

namespace slipway::reproduce {
namespace {

TEST(Machine, IsReadFromTheFirstProcessor) {
  Machine machine;
  read_cpu_information(
      "processor\t: 0\nmodel name\t: Some CPU @ 2.10GHz\nflags\t\t: fpu fma avx2 sse4_2 ht\n\n"
      "processor\t: 1\nmodel name\t: Other CPU\nflags\t\t: avx512f\n",
      machine);
  EXPECT_EQ(machine.cpu, "Some CPU @ 2.10GHz");
  EXPECT_EQ(machine.cpu_flags, (std::vector<std::string>{"avx2", "fma", "sse4_2"}));
}

TEST(Machine, OfThisTestIsKnown) {
  const Machine machine = this_machine();
  EXPECT_GT(machine.cores, 0U);
  EXPECT_GT(machine.memory_bytes, 1U << 20);
  EXPECT_TRUE(machine.kernel.starts_with("Linux "));
  EXPECT_TRUE(machine.libc.starts_with("glibc 2."));
  EXPECT_FALSE(machine.architecture.empty());
}

TEST(MachineDifferences, NameWhatMayChangeNumbers) {
  Machine recorded;
  recorded.cpu = "A";
  recorded.cpu_flags = {"avx2", "avx512f"};
  recorded.memory_bytes = 1;
  Machine now = recorded;
  now.memory_bytes = 2;
  now.kernel = "Linux 6";
  EXPECT_TRUE(machine_differences(recorded, now).empty());  // neither changes a number
  now.cpu = "B";
  now.cpu_flags = {"avx2", "fma"};
  now.gpus = {"NVIDIA H100, driver 550"};
  EXPECT_EQ(machine_differences(recorded, now), (std::vector<std::string>{"CPU: A -> B", "CPU flags: -avx512f +fma",
                                                                          "GPUs: unknown -> NVIDIA H100, driver 550"}));
}

}  // namespace
}  // namespace slipway::reproduce
