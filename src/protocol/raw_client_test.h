// A client for tests that sends exactly the bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace slipway {

struct RawResponse {
  int status = 0;  // 0: the connection ended without a whole response
  std::string head;
  std::string body;

  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class RawClient {
 public:
  // `from`: the address to come from, any of 127.0.0.0/8.
  explicit RawClient(std::uint16_t port, const char* from = "127.0.0.1")
      : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, from, &address.sin_addr);
    is_connected_ = ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        is_connected_ && ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { ::close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }
  int descriptor() const { return descriptor_; }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() const { ::shutdown(descriptor_, SHUT_WR); }

  // Reads one response by its Content-Length. `has_body` is false for the answer to a HEAD.
  RawResponse receive(bool has_body = true) {
    RawResponse response;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return response;
    }
    response.head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    const std::size_t at = response.head.find("Content-Length: ");
    const std::size_t length = !has_body || at == std::string::npos ? 0 : std::stoul(response.head.substr(at + 16));
    while (buffer_.size() < length) {
      if (!more()) return response;
    }
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    response.status = std::stoi(response.head.substr(9, 3));
    return response;
  }

  // True when the server ends the connection without sending anything more.
  bool is_closed() {
    if (!buffer_.empty()) return false;
    return !more() && !has_timed_out_;
  }

 private:
  bool more() {
    pollfd ready{descriptor_, POLLIN, 0};
    has_timed_out_ = ::poll(&ready, 1, 20'000) <= 0;
    if (has_timed_out_) return false;
    char bytes[65536];
    const ssize_t got = ::recv(descriptor_, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int descriptor_;
  bool is_connected_ = false;
  bool has_timed_out_ = false;
  std::string buffer_;
};

inline std::string get(std::string_view path, std::string_view more_headers = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more_headers) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view more_headers = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace slipway
