#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <string>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json_writer.h"

namespace slipway::log {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

void write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{descriptor, POLLOUT, 0};
      poll(&ready, 1, 1000);
    } else if (errno != EINTR) {
      return;  // nobody reads; there is nowhere to say so
    }
  }
}

class DescriptorSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_all(descriptor_, {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  const int descriptor_;
};

struct Running {
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // destroyed first: its thread writes what is queued and ends
};

std::atomic<Level> current_level{Level::kInfo};
std::mutex running_mutex;  // held for start, stop and the copy of one pointer
std::shared_ptr<Running> running;

std::shared_ptr<Running> current() {
  std::lock_guard lock(running_mutex);
  return running;
}

struct AppendValue {
  JsonWriter& json;
  void operator()(const Id& id) const {
    std::array<char, 36> text;
    id.write(text.data());
    json.value(std::string_view(text.data(), text.size()));
  }
  void operator()(const Field::TraceId& trace) const { json.value(to_hex(trace)); }
  template <typename T>
  void operator()(const T& value) const {
    json.value(value);
  }
};

void append_line(std::string& line, Level level, std::string_view event, Fields fields) {
  JsonWriter json(line);
  json.begin_object();
  json.key("ts").value(format_time(system_clock().now()));
  json.key("level").value(to_string(level));
  json.key("event").value(event);
  for (const Field& field : fields) {
    json.key(field.key());
    std::visit(AppendValue{json}, field.value());
  }
  json.end_object();
  line += '\n';
}

}  // namespace

std::string_view to_string(Level level) noexcept { return kLevelNames[static_cast<std::size_t>(level)]; }

std::optional<Level> parse_level(std::string_view text) noexcept {
  const auto found = std::find(kLevelNames.begin(), kLevelNames.end(), text);
  if (found == kLevelNames.end()) return std::nullopt;
  return static_cast<Level>(found - kLevelNames.begin());
}

void start(const Settings& settings) {
  auto next = std::make_shared<Running>();
  next->pool = std::make_shared<spdlog::details::thread_pool>(settings.queue_lines_max, 1);
  next->logger =
      std::make_shared<spdlog::async_logger>("slipway", std::make_shared<DescriptorSink>(settings.descriptor),
                                             next->pool, spdlog::async_overflow_policy::overrun_oldest);
  next->logger->set_level(spdlog::level::trace);  // filtered before the line is built
  set_level(settings.level);
  std::lock_guard lock(running_mutex);
  running = std::move(next);
}

void stop() {
  std::shared_ptr<Running> last;
  {
    std::lock_guard lock(running_mutex);
    last = std::move(running);
    running = nullptr;
  }
  // The pool's destructor, here or in the last concurrent write(), drains the queue and joins the thread.
}

void set_level(Level level) noexcept { current_level.store(level, std::memory_order_relaxed); }
bool is_enabled(Level level) noexcept { return level >= current_level.load(std::memory_order_relaxed); }

std::uint64_t lines_lost() noexcept {
  const auto now = current();
  return now ? now->pool->overrun_counter() : 0;
}

void write(Level level, std::string_view event, Fields fields) {
  if (!is_enabled(level)) return;
  thread_local std::string line;
  line.clear();
  append_line(line, level, event, fields);
  if (const auto now = current()) {
    now->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } else {
    write_all(2, line);
  }
}

}  // namespace slipway::log
