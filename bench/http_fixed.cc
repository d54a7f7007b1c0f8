// Slipway's own HTTP server answering with the same fixed body as beast_fixed: what the server costs without a
// pipeline.
//
//   http_fixed PORT      prints the port it listens on (0: a free one)
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "protocol/http_server.h"

namespace {

slipway::Router make_router(unsigned) {
  slipway::Router router;
  static const std::string head =
      R"({"model_name":"simple","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"INT32","shape":[1,16],)"
      R"("parameters":{"binary_data_size":64}},{"name":"OUTPUT1","datatype":"INT32","shape":[1,16],)"
      R"("parameters":{"binary_data_size":64}}]})";
  router.add({slipway::Method::kPost, "/v2/models/{model}/infer", slipway::Permission::kPublic,
              slipway::BodyKind::kBuffered, 1 << 20,
              slipway::IoHandler([](slipway::HttpRequest&) -> slipway::Task<slipway::HttpResponse> {
                slipway::HttpResponse response;
                response.content_type = "application/octet-stream";
                response.headers.emplace_back("Inference-Header-Content-Length", std::to_string(head.size()));
                response.body = head + std::string(128, '\x01');
                co_return response;
              })});
  return router;
}

}  // namespace

int main(int argc, char** argv) {
  slipway::HttpServerOptions options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.worker_threads = 1;
  auto server = slipway::HttpServer::listen(std::move(options), make_router);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  (*server)->start();
  std::printf("%u\n", static_cast<unsigned>((*server)->port()));
  std::fflush(stdout);
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}
