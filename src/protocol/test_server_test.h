// A listening server for tests, with one route of each kind.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <semaphore>
#include <thread>

#include "protocol/http_server.h"
#include "protocol/raw_client_test.h"
#include "storage/testing/objects.h"

namespace slipway {

class TestServer {
  TemporaryDirectory objects_directory_;

 public:
  explicit TestServer(HttpServerOptions options = {}) {
    directory_ = std::filesystem::temp_directory_path() / ("slipway-http-" + Id::make().to_string());
    std::filesystem::create_directories(directory_);
    options.spool_directory = directory_;
    auto listening = HttpServer::listen(std::move(options), [this](unsigned) { return make_router(); });
    EXPECT_TRUE(listening.has_value()) << listening.error().message;
    server = std::move(*listening);
    server->start();
  }
  ~TestServer() {
    resume_all();
    finish_heavy(64);  // a test that failed must still end
    server.reset();
    std::filesystem::remove_all(directory_);
  }

  const std::filesystem::path& directory() const { return directory_; }

  // Sends bytes on a new connection and returns the first response.
  RawResponse ask(std::string_view bytes) const {
    RawClient client(server->port());
    client.send(bytes);
    return client.receive(!bytes.starts_with("HEAD"));
  }

  // Lets every handler of /suspended go on, each from this thread.
  std::size_t resume_all() {
    std::vector<std::function<void(int)>> resumes;
    {
      std::lock_guard lock(mutex_);
      resumes.swap(suspended_);
    }
    for (auto& resume : resumes) resume(1);
    return resumes.size();
  }
  std::size_t suspended() const {
    std::lock_guard lock(mutex_);
    return suspended_.size();
  }
  // Handlers of /heavy block until each is let go.
  int heavy_running() const { return heavy_running_; }
  void finish_heavy(int count) { is_heavy_allowed_.release(count); }
  // Waits until `condition` holds; false after ten seconds.
  static bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  std::unique_ptr<HttpServer> server;
  std::unique_ptr<ObjectStore> objects = *open_object_store(objects_directory_.path());  // of /object/{name}
  std::optional<Digest> announced;                                                       // with each of them

 private:
  static HttpResponse text(std::string body) {
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = std::move(body);
    return response;
  }

  Router make_router() {
    Router router;
    router.add({Method::kGet, "/hello", Permission::kPublic, BodyKind::kNone, 0,
                IoHandler([](HttpRequest&) -> Task<HttpResponse> { co_return text("hello"); })});
    router.add(
        {Method::kGet, "/secret", Permission::kReadAudit, BodyKind::kNone, 0,
         IoHandler([](HttpRequest& request) -> Task<HttpResponse> { co_return text(request.principal->name); })});
    router.add({Method::kPost, "/secret", Permission::kReadAudit, BodyKind::kBuffered, 1 << 20,
                IoHandler([](HttpRequest&) -> Task<HttpResponse> { co_return text("written"); })});
    router.add({Method::kPost, "/echo", Permission::kPublic, BodyKind::kBuffered, 1 << 20,
                IoHandler([](HttpRequest& request) -> Task<HttpResponse> {
                  co_return text(std::string(reinterpret_cast<const char*>(request.body.data()), request.body.size()));
                })});
    router.add({Method::kGet, "/models/{model}", Permission::kPublic, BodyKind::kNone, 0,
                IoHandler([](HttpRequest& request) -> Task<HttpResponse> {
                  co_return text(std::string(request.parameter("model")));
                })});
    router.add({Method::kGet, "/blocking", Permission::kPublic, BodyKind::kNone, 0,
                WorkerHandler([](const HttpRequest& request) { return text(request.request_id.to_string()); })});
    router.add({.method = Method::kGet,
                .pattern = "/heavy",
                .permission = Permission::kPublic,
                .handler = WorkerHandler([this](const HttpRequest&) {
                  ++heavy_running_;
                  is_heavy_allowed_.acquire();
                  return text("done");
                }),
                .work = WorkKind::kHeavy});
    router.add({Method::kGet, "/throws", Permission::kPublic, BodyKind::kNone, 0,
                WorkerHandler([](const HttpRequest&) -> HttpResponse { throw std::runtime_error("deep inside"); })});
    router.add({Method::kGet, "/large", Permission::kPublic, BodyKind::kNone, 0,
                IoHandler([](HttpRequest&) -> Task<HttpResponse> { co_return text(std::string(8 << 20, 'x')); })});
    router.add({Method::kGet, "/object/{name}", Permission::kPublic, BodyKind::kNone, 0,
                WorkerHandler([this](const HttpRequest& request) {
                  HttpResponse response = text({});
                  response.headers.emplace_back("ETag", "\"1\"");
                  response.stream = StreamedBody{*objects->open(request.parameter("name")), announced};
                  return response;
                })});
    router.add({Method::kPut, "/upload", Permission::kPublic, BodyKind::kSpooled, std::uint64_t{1} << 30,
                WorkerHandler([](const HttpRequest& request) {
                  std::ifstream file(request.body_file, std::ios::binary);
                  std::uint64_t sum = 0;
                  std::vector<char> piece(1 << 16);
                  std::uint64_t size = 0;
                  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
                    size += static_cast<std::uint64_t>(file.gcount());
                    for (std::streamsize i = 0; i < file.gcount(); ++i) {
                      sum = sum * 31 + static_cast<unsigned char>(piece[static_cast<std::size_t>(i)]);
                    }
                  }
                  return text(std::to_string(size) + " " + std::to_string(sum));
                })});
    router.add({Method::kPut, "/digest", Permission::kPublic, BodyKind::kSpooled, std::uint64_t{1} << 30,
                WorkerHandler([](const HttpRequest& request) { return text(request.body_digest->hex()); })});
    router.add({Method::kPut, "/spooled-size", Permission::kPublic, BodyKind::kSpooled, 1024,
                WorkerHandler([](const HttpRequest& request) {
                  std::error_code error;
                  const auto size = std::filesystem::file_size(request.body_file, error);
                  return text(error ? error.message() : std::to_string(size));
                })});
    router.add({Method::kGet, "/suspended", Permission::kPublic, BodyKind::kNone, 0,
                IoHandler([this](HttpRequest& request) -> Task<HttpResponse> {
                  const int value = co_await callback_on<int>(*request.executor, [this](auto resume) {
                    std::lock_guard lock(mutex_);
                    suspended_.emplace_back(std::move(resume));
                  });
                  co_return text("resumed " + std::to_string(value));
                })});
    router.set_gate([](const HttpRequest& request, Permission permission,
                       std::string_view) -> Result<std::shared_ptr<const Principal>> {
      if (permission == Permission::kPublic) return nullptr;
      const std::string_view key = request.header("authorization");
      if (key.empty()) return fail(Code::kUnauthenticated, "access.no_key", "send a key");
      if (key != "Bearer good") return fail(Code::kPermissionDenied, "access.denied", "this key may not");
      return std::make_shared<const Principal>(Principal{"1", "ada", {}});
    });
    return router;
  }

  std::filesystem::path directory_;
  mutable std::mutex mutex_;
  std::vector<std::function<void(int)>> suspended_;
  std::atomic<int> heavy_running_{0};
  std::counting_semaphore<> is_heavy_allowed_{0};
};

}  // namespace slipway
