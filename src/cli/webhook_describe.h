// What the server says of webhooks and their deliveries, for people. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace slipway::cli {

std::string describe_webhook(const boost::json::value& webhook);
std::string describe_made_webhook(const boost::json::value& webhook);  // with its secret, where it has a new one
std::string describe_webhooks(const boost::json::value& page);         // {"webhooks": […]}
std::string describe_removed_webhook(const boost::json::value& webhook);
std::string describe_trial(const boost::json::value& outcome);
std::string describe_deliveries(const boost::json::value& page);      // {"deliveries": […]}
std::string describe_delivery(const boost::json::value& delivery);    // with its attempts
std::string describe_sent_again(const boost::json::value& delivery);  // after it was told to

}  // namespace slipway::cli
