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

  // Waits first: async_read_some() would try to receive at once, in vain, as the next request never is there yet.
  void read(std::span<std::byte> into) override {
    socket_.async_wait(asio::socket_base::wait_read,
                       [this, into, session = session_->shared_from_this()](error_code error) {
                         if (error) return session->on_read(0);
                         const std::size_t bytes = socket_.read_some(asio::buffer(into.data(), into.size()), error);
                         if (error == asio::error::would_block) return read(into);
                         session->on_read(error ? 0 : bytes);
                       });
  }

  // One system call for head and body; the event loop is asked only for what the socket did not take.
  bool write(std::string_view head, std::string_view body) override {
    error_code error;
    const std::array<asio::const_buffer, 2> all = {asio::buffer(head), asio::buffer(body)};
    std::size_t written = socket_.write_some(all, error);
    if (error && error != asio::error::would_block && error != asio::error::try_again) {
      asio::post(socket_.get_executor(), [session = session_->shared_from_this()] { session->on_written(false); });
      return false;
    }
    written_ += written;
    if (written == head.size() + body.size()) return true;
    const std::size_t of_head = std::min(written, head.size());
    left_ = {asio::buffer(head) + of_head, asio::buffer(body) + (written - of_head)};
    write_left();
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
  void write_left() {
    socket_.async_write_some(left_,
                             [this, session = session_->shared_from_this()](error_code error, std::size_t bytes) {
                               if (error) return session->on_written(false);
                               written_ += bytes;
                               for (asio::const_buffer& buffer : left_) {
                                 const std::size_t taken = std::min(bytes, buffer.size());
                                 buffer += taken;
                                 bytes -= taken;
                               }
                               if (left_[0].size() + left_[1].size() > 0) return write_left();
                               session->on_written(true);
                             });
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
