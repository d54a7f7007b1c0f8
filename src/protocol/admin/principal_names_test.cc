#include "protocol/admin/principal_names.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(PrincipalNames, StandBesideTheIdsThatAreKnown) {
  const NameOf name_of = [](std::string_view id) {
    return id == "01a21005-946a-71af-a72b-b5eda96f97d6" ? std::string("ann") : std::string();
  };
  EXPECT_EQ(with_principal_names("iris@1.0.0 was pushed by 01a21005-946a-71af-a72b-b5eda96f97d6, who cannot approve it",
                                 name_of),
            "iris@1.0.0 was pushed by ann (01a21005-946a-71af-a72b-b5eda96f97d6), who cannot approve it");
  for (const std::string_view same :
       {"", "iris@1.0.0 was pushed by alice.", "by 01a21005-946a-71af-a72b-000000000000", "\u00e9 \"x\""}) {
    EXPECT_EQ(with_principal_names(same, name_of), same);
  }
}

}  // namespace
}  // namespace slipway
