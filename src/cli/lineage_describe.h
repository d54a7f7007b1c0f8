// The lineage graph as text for people.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace slipway::cli {

// A tree upstream and one downstream of each thing asked for. What stands above already is not shown twice.
std::string describe_lineage(const boost::json::value& graph);

}  // namespace slipway::cli
