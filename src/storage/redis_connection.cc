#include "storage/redis_connection.h"

#include <algorithm>
#include <sys/epoll.h>
#include <utility>

#include "base/log.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBackoffFirst{50};
constexpr milliseconds kBackoffMax{5'000};
constexpr milliseconds kConnectMax{2'000};

Monotonic now() { return std::chrono::steady_clock::now(); }

RedisClient::Value unavailable(std::string_view why) {
  return fail(Code::kUnavailable, "redis.unavailable", std::string(why));
}

RedisClient::Value value_of(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_STRING:
      return std::optional(std::string(reply.str, static_cast<std::size_t>(reply.len)));
    case REDIS_REPLY_NIL:
    case REDIS_REPLY_STATUS:
      return std::optional<std::string>();
    case REDIS_REPLY_ERROR:
      return fail(Code::kInternal, "redis.error", std::string(reply.str, static_cast<std::size_t>(reply.len)));
    default:
      return fail(Code::kInternal, "redis.error", "a reply of type " + std::to_string(reply.type));
  }
}

RedisConnection& owner(void* data) noexcept { return *static_cast<RedisConnection*>(data); }

}  // namespace

RedisConnection::RedisConnection(const RedisOptions& options, int epoll, std::function<void(bool)> on_change)
    : options_(options), epoll_(epoll), on_change_(std::move(on_change)) {}

RedisConnection::~RedisConnection() {
  is_loss_told_ = true;
  hang_up("the server is stopping");
}

void RedisConnection::connect(Monotonic now) {
  connected_by_ = now + kConnectMax;
  context_ = redisAsyncConnect(options_.address.host.c_str(), options_.address.port);
  if (context_ == nullptr || context_->err != 0) {
    why_ = context_ == nullptr ? "no memory" : context_->errstr;
    if (context_ != nullptr) redisAsyncFree(std::exchange(context_, nullptr));
    return on_gone();
  }
  descriptor_ = context_->c.fd;
  context_->data = this;
  context_->ev.data = this;
  context_->ev.addRead = [](void* data) { owner(data).want(EPOLLIN, true); };
  context_->ev.delRead = [](void* data) { owner(data).want(EPOLLIN, false); };
  context_->ev.addWrite = [](void* data) { owner(data).want(EPOLLOUT, true); };
  context_->ev.delWrite = [](void* data) { owner(data).want(EPOLLOUT, false); };
  context_->ev.cleanup = [](void* data) { owner(data).on_gone(); };
  redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* context, int status) {
    RedisConnection& self = owner(context->data);
    if (status == REDIS_OK) return self.greet();
    self.why_ = context->errstr;
  });
  redisAsyncSetDisconnectCallback(context_, [](const redisAsyncContext*, int) {});
  update_watch();
}

void RedisConnection::greet() {
  const auto ask = [&](std::vector<std::string> words) {
    ++greetings_;
    submit({std::move(words), [this](const RedisClient::Value& reply) { on_greeted(reply); }, connected_by_});
  };
  if (!options_.password.is_empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!options_.address.user.empty()) words.push_back(options_.address.user);
    words.emplace_back(options_.password.reveal());
    ask(std::move(words));
  }
  ask({"SELECT", std::to_string(options_.address.database)});
}

void RedisConnection::on_greeted(const RedisClient::Value& reply) {
  if (!reply) {
    if (why_.empty()) why_ = reply.error().message;
    if (context_ != nullptr && reply.error().reason == "redis.error") redisAsyncFree(context_);  // hiredis defers it
    return;
  }
  if (--greetings_ > 0) return;
  is_ready_ = true;
  is_loss_told_ = false;
  backoff_ = milliseconds(0);
  log::info("redis.connected", {{"host", options_.address.host}, {"port", options_.address.port}});
  on_change_(true);
}

void RedisConnection::send(RedisCommand command) {
  if (!is_ready_) return command.done(unavailable("Redis is not connected"));
  if (waiting_.size() >= kWaitingMax) return command.done(unavailable("too much waits for Redis"));
  submit(std::move(command));
}

void RedisConnection::submit(RedisCommand command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const std::string& word : command.words) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  const auto callback = [](redisAsyncContext* context, void* reply, void*) {
    owner(context->data).on_reply(static_cast<const redisReply*>(reply));
  };
  if (redisAsyncCommandArgv(context_, callback, nullptr, static_cast<int>(words.size()), words.data(), sizes.data()) !=
      REDIS_OK) {
    return command.done(unavailable("the connection to Redis is ending"));
  }
  waiting_.push_back({std::move(command.done), command.deadline});
}

void RedisConnection::on_reply(const redisReply* reply) {
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  if (late_ > 0) --late_;
  if (!first.done) return;
  first.done(reply == nullptr ? unavailable("the connection to Redis was lost") : value_of(*reply));
}

// hiredis has answered everything that waited by then.
void RedisConnection::on_gone() {
  if (why_.empty() && context_ != nullptr && context_->err != 0) why_ = context_->errstr;
  if (watched_ != 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor_, nullptr);
  context_ = nullptr;
  wanted_ = watched_ = 0;
  greetings_ = 0;
  if (!std::exchange(is_loss_told_, true)) {
    log::warning("redis.lost", {{"host", options_.address.host}, {"port", options_.address.port}, {"message", why_}});
  }
  why_.clear();
  backoff_ = std::clamp(backoff_ * 2, kBackoffFirst, kBackoffMax);
  connect_at_ = now() + backoff_;
  if (std::exchange(is_ready_, false)) on_change_(false);
}

void RedisConnection::hang_up(std::string why) {
  if (context_ == nullptr) return;
  why_ = std::move(why);
  redisAsyncFree(context_);
}

void RedisConnection::flush() {
  if (context_ == nullptr || !is_ready_ || (wanted_ & EPOLLOUT) == 0) return;
  redisAsyncHandleWrite(context_);
  update_watch();
}

void RedisConnection::on_events(unsigned events) {
  if (context_ != nullptr && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 && (wanted_ & EPOLLIN) != 0) {
    redisAsyncHandleRead(context_);
  }
  if (context_ != nullptr && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0 && (wanted_ & EPOLLOUT) != 0) {
    redisAsyncHandleWrite(context_);
  }
  update_watch();
}

void RedisConnection::want(unsigned events, bool is_wanted) noexcept {
  wanted_ = is_wanted ? wanted_ | events : wanted_ & ~events;
}

void RedisConnection::update_watch() {
  if (context_ == nullptr || wanted_ == watched_) return;
  epoll_event event{};
  event.events = wanted_;
  event.data.ptr = this;
  epoll_ctl(epoll_, watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor_, &event);
  watched_ = wanted_;
}

Monotonic RedisConnection::tick(Monotonic now) {
  if (context_ == nullptr && now >= connect_at_) connect(now);
  if (context_ == nullptr) return connect_at_;
  if (!is_ready_ && now >= connected_by_) {
    hang_up("no connection within " + std::to_string(kConnectMax.count()) + " ms");
    return connect_at_;
  }
  for (; late_ < waiting_.size() && waiting_[late_].deadline <= now; ++late_) {
    const auto done = std::exchange(waiting_[late_].done, nullptr);
    done(fail(Code::kDeadlineExceeded, "redis.timeout", "Redis did not answer within the time limit"));
  }
  if (late_ > 0 && waiting_.front().deadline + kSilenceMax <= now) {
    hang_up("Redis is silent");
    return connect_at_;
  }
  Monotonic next = is_ready_ ? Monotonic::max() : connected_by_;
  if (late_ < waiting_.size()) next = std::min(next, waiting_[late_].deadline);
  if (late_ > 0) next = std::min(next, waiting_.front().deadline + kSilenceMax);
  return next;
}

}  // namespace slipway
