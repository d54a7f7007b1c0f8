#include "reproduce/names.h"

#include <gtest/gtest.h>

namespace slipway::reproduce {
namespace {

TEST(Names, OfPackagesCannotBeOptionsOrPaths) {
  for (const char* name : {"numpy", "scikit-learn", "a", "zope-interface", "0x10c-asm"})
    EXPECT_TRUE(is_package_name(name)) << name;
  for (const char* name : {"", "-r", "--index-url=x", "a b", "a/b", "A", "a--b", "a-", "a\n-r x", "a;python_version"})
    EXPECT_FALSE(is_package_name(name)) << name;
}

TEST(Names, OfVersionsAreThoseOfPep440) {
  for (const char* version : {"1.0", "2!1.0.post1", "1.0+cu118", "2024.1", "1.0rc1"})
    EXPECT_TRUE(is_package_version(version)) << version;
  for (const char* version : {"", "1.0 --hash", "-1", "1.0;x", "1.0\n", "*"})
    EXPECT_FALSE(is_package_version(version)) << version;
}

TEST(Names, OfVariablesThatLoadCodeAreRefused) {
  EXPECT_TRUE(is_settable_variable("OMP_NUM_THREADS"));
  for (const char* name : {"LD_PRELOAD", "PATH", "BASH_ENV", "A=B", "", "1A", "A B"})
    EXPECT_FALSE(is_settable_variable(name)) << name;
}

// The tags that the wheel of NumPy 2.1.0 for CPython 3.11 has in its WHEEL file.
TEST(SameBuild, ComparesExpandedTags) {
  const char* installed = "cp311-cp311-manylinux_2_17_x86_64 cp311-cp311-manylinux2014_x86_64";
  EXPECT_TRUE(is_same_build("numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", installed));
  EXPECT_FALSE(is_same_build("numpy-2.1.0-cp311-cp311-musllinux_1_1_x86_64.whl", installed));
  EXPECT_FALSE(is_same_build("numpy-2.1.0.tar.gz", installed));
  EXPECT_TRUE(is_same_build("six-1.16.0-py2.py3-none-any.whl", "py2-none-any py3-none-any"));
  EXPECT_FALSE(is_same_build("x.whl", ""));
}

}  // namespace
}  // namespace slipway::reproduce
