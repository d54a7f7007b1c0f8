// How a file of a client is announced to whoever downloads it: guessed by its name, never trusted by a browser.
#pragma once

#include <string>
#include <string_view>

namespace slipway::mlflow {

// "text/plain" for what people read, "application/octet-stream" where nothing is known.
std::string content_type_of(std::string_view name);

// RFC 6266: attachment, with the name in ASCII and, where it has other characters, in UTF-8 (RFC 8187).
std::string content_disposition_of(std::string_view name);

}  // namespace slipway::mlflow
