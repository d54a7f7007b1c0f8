// What the server says of models and versions, for people. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace slipway::cli {

std::string describe_models(const boost::json::value& page);  // {"models": […]}
std::string describe_model(const boost::json::value& model);  // {"name", "versions": […]}
std::string describe_version(const boost::json::value& version);
std::string describe_pushed(const boost::json::value& version);
std::string describe_decision(const boost::json::value& version);  // after approve, reject, retire
std::string describe_check(const boost::json::value& report);      // of verify

}  // namespace slipway::cli
