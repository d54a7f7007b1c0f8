// The yardstick of script/bench: Boost.Beast answering every POST with a fixed body, as fast as Beast can. One thread,
// typed executor, callbacks, reused buffers, no routing, no model. Bodies have the sizes of two INT32[1,16] tensors in
// binary.
//
//   beast_fixed PORT      prints the port it listens on (0: a free one)
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

std::string reply_body() {
  std::string body =
      R"({"model_name":"simple","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"INT32","shape":[1,16],)"
      R"("parameters":{"binary_data_size":64}},{"name":"OUTPUT1","datatype":"INT32","shape":[1,16],)"
      R"("parameters":{"binary_data_size":64}}]})";
  return body + std::string(128, '\x01');
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(Socket socket) : socket_(std::move(socket)) {}

  void read() {
    parser_.emplace();
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->write();
    });
  }

 private:
  void write() {
    static const std::string body = reply_body();
    response_.emplace(http::status::ok, 11);
    response_->set(http::field::content_type, "application/octet-stream");
    response_->set("Inference-Header-Content-Length", std::to_string(body.size() - 128));
    response_->body() = {const_cast<char*>(body.data()), body.size(), false};
    response_->content_length(body.size());
    response_->keep_alive(parser_->get().keep_alive());
    serializer_.emplace(*response_);
    http::async_write(socket_, *serializer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error && self->response_->keep_alive()) self->read();
    });
  }

  Socket socket_;
  beast::flat_static_buffer<16384> buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::buffer_body>> response_;
  std::optional<http::response_serializer<http::buffer_body>> serializer_;
};

void accept(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, Socket socket) {
    if (!error) {
      error_code ignored;
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      std::make_shared<Session>(std::move(socket))->read();
    }
    accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  asio::io_context context(1);
  Acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
  std::printf("%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  accept(acceptor);
  context.run();
}
