// Content codings gzip and deflate (the zlib stream of RFC 9110 section 8.4.1.2) over zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

enum class ContentCoding : std::uint8_t { kIdentity, kGzip, kDeflate };

std::string_view to_string(ContentCoding coding) noexcept;
// Of a Content-Encoding header; nullopt: not supported.
std::optional<ContentCoding> parse_content_coding(std::string_view value) noexcept;
// The coding an Accept-Encoding header asks for; identity when it wants none of ours. gzip is preferred at equal
// weight.
ContentCoding choose_coding(std::string_view accept_encoding) noexcept;

// Inflates piece by piece into a fixed window, so that its caller can stop at a limit.
class Inflater {
 public:
  explicit Inflater(ContentCoding coding);  // not identity
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  // Fails on a broken stream and on bytes behind its end.
  Result<Step> inflate(std::string_view input, std::span<std::byte> output);
  bool is_complete() const noexcept { return is_complete_; }

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  bool is_complete_ = false;
};

// nullopt when compressing does not make it smaller.
std::optional<std::string> deflate(std::string_view body, ContentCoding coding);

}  // namespace slipway
