// Names beside ids in sentences for people: the registry knows a principal by its id alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace slipway {

// "" where nobody has this id.
using NameOf = std::function<std::string(std::string_view id)>;

// Every id of a principal that `name_of`, if set, knows becomes "ann (01a2…)". Ids are UUIDs, so nothing else is taken
// for one.
std::string with_principal_names(std::string_view message, const NameOf& name_of);

}  // namespace slipway
