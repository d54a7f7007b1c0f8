// The bytes of one connection: TCP, or TLS over TCP. Used on its I/O thread only; each call back comes on that thread
// too.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace slipway {

class Session;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void attach(Session& session) noexcept = 0;
  virtual void begin() = 0;                          // then Session::on_ready()
  virtual void read(std::span<std::byte> into) = 0;  // then Session::on_read(); one at a time
  // True when everything is written at once; else Session::on_written() follows. The text must live until then.
  virtual bool write(std::string_view head, std::string_view body) = 0;
  virtual std::uint64_t bytes_written() const noexcept = 0;
  virtual void shutdown_send() = 0;  // says that no more will be written
  virtual void close() noexcept = 0;
};

}  // namespace slipway
