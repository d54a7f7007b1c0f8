#include "protocol/transport.h"

#include <array>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "protocol/io_thread.h"

namespace slipway {
namespace {

using boost::system::error_code;

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(TcpSocket socket) : socket_(std::move(socket)) {}

  void attach(Session& session) noexcept override { session_ = &session; }
  void begin() override { session_->on_ready(true); }

  void read(std::span<std::byte> into) override {
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [session = session_->shared_from_this()](error_code error, std::size_t bytes) {
                              session->on_read(error ? 0 : bytes);
                            });
  }

  // Behind the requests that have arrived already: a client that sleeps is woken once for all their responses, and the
  // kernel's code and ours do not push each other out of the processor's caches at every request.
  bool write(std::string_view head, std::string_view body) override {
    left_ = {asio::buffer(head), asio::buffer(body)};
    asio::post(socket_.get_executor(), [this, session = session_->shared_from_this()] { write_now(*session); });
    return false;
  }

  std::uint64_t bytes_written() const noexcept override { return written_; }

  void shutdown_send() override {
    error_code error;
    socket_.shutdown(asio::socket_base::shutdown_send, error);
  }
  void close() noexcept override {
    error_code error;
    socket_.close(error);
  }

 private:
  // One system call for head and body; the event loop is asked only for what the socket did not take.
  void write_now(Session& session) {
    error_code error;
    const std::size_t written = socket_.write_some(left_, error);
    if (error && error != asio::error::would_block && error != asio::error::try_again) return session.on_written(false);
    if (is_all_taken(written)) return session.on_written(true);
    write_left();
  }

  void write_left() {
    socket_.async_write_some(left_,
                             [this, session = session_->shared_from_this()](error_code error, std::size_t bytes) {
                               if (error) return session->on_written(false);
                               if (is_all_taken(bytes)) return session->on_written(true);
                               write_left();
                             });
  }

  bool is_all_taken(std::size_t bytes) noexcept {
    written_ += bytes;
    for (asio::const_buffer& buffer : left_) {
      const std::size_t taken = std::min(bytes, buffer.size());
      buffer += taken;
      bytes -= taken;
    }
    return left_[0].size() + left_[1].size() == 0;
  }

  TcpSocket socket_;
  Session* session_ = nullptr;
  std::array<asio::const_buffer, 2> left_;
  std::uint64_t written_ = 0;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(TcpSocket socket, asio::ssl::context& tls) : stream_(std::move(socket), tls) {}

  void attach(Session& session) noexcept override { session_ = &session; }

  void begin() override {
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [session = session_->shared_from_this()](error_code error) { session->on_ready(!error); });
  }

  void read(std::span<std::byte> into) override {
    stream_.async_read_some(asio::buffer(into.data(), into.size()),
                            [session = session_->shared_from_this()](error_code error, std::size_t bytes) {
                              session->on_read(error ? 0 : bytes);
                            });
  }

  // Joined into one buffer: each part would become a record of its own.
  bool write(std::string_view head, std::string_view body) override {
    joined_.assign(head);
    joined_ += body;
    asio::async_write(
        stream_, asio::buffer(joined_),
        [session = session_->shared_from_this()](error_code error, std::size_t) { session->on_written(!error); });
    return false;
  }

  std::uint64_t bytes_written() const noexcept override {
    return BIO_number_written(SSL_get_wbio(const_cast<asio::ssl::stream<TcpSocket>&>(stream_).native_handle()));
  }

  void shutdown_send() override {
    stream_.async_shutdown([session = session_->shared_from_this()](error_code) { session->abort(); });
  }
  void close() noexcept override {
    error_code error;
    stream_.next_layer().close(error);
  }

 private:
  asio::ssl::stream<TcpSocket> stream_;
  Session* session_ = nullptr;
  std::string joined_;
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(TcpSocket socket) {
  return std::make_unique<TcpTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_transport(TcpSocket socket, asio::ssl::context& tls) {
  return std::make_unique<TlsTransport>(std::move(socket), tls);
}

}  // namespace slipway
