#include "loadtest/pace.h"

#include <algorithm>
#include <thread>

namespace slipway::loadtest {
namespace {

constexpr std::size_t kErrorKindsMax = 64;

std::uint64_t nanoseconds_between(Pace::Clock::time_point from, Pace::Clock::time_point to) noexcept {
  return to <= from ? 0 : static_cast<std::uint64_t>((to - from).count());
}

void merge(LoadResult& into, const LoadResult& from) {
  into.latency.merge(from.latency);
  into.service.merge(from.service);
  into.succeeded += from.succeeded;
  into.rows += from.rows;
  into.bytes_sent += from.bytes_sent;
  into.bytes_received += from.bytes_received;
  for (const auto& [kind, count] : from.errors) into.errors[kind] += count;
  into.seconds = std::max(into.seconds, from.seconds);
}

}  // namespace

Pace::Pace(const std::vector<Request>& requests, const LoadSettings& settings, std::size_t thread,
           Clock::time_point start)
    : requests_(requests),
      settings_(settings),
      thread_(thread),
      next_request_(thread),
      start_(start),
      measured_from_(start + settings.warmup),
      end_(measured_from_ + settings.duration),
      give_up_(end_ + settings.grace) {
  if (settings.rate_per_s > 0) {
    schedule_.emplace(settings.arrivals, settings.rate_per_s / static_cast<double>(settings.threads),
                      settings.seed + thread);
  }
}

std::size_t Pace::connections() const noexcept {
  return settings_.connections / settings_.threads + (thread_ < settings_.connections % settings_.threads ? 1 : 0);
}

Pace::Clock::time_point Pace::due() const {
  return start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(schedule_->due_ns()));
}

bool Pace::is_due(Clock::time_point now) const { return schedule_ && due() <= now && due() < end_; }

std::optional<Pace::Clock::time_point> Pace::next_due() const {
  if (!schedule_ || due() >= end_) return std::nullopt;
  return due();
}

std::optional<Pace::Sent> Pace::next(Clock::time_point now) {
  if (schedule_ ? !is_due(now) : now >= end_) return std::nullopt;
  Sent sent{&requests_[next_request_++ % requests_.size()], now, now};
  if (schedule_) {
    sent.due = due();
    schedule_->advance();
  }
  return sent;
}

void Pace::count_error(const std::string& kind) {
  const bool has_room = result_.errors.size() < kErrorKindsMax || result_.errors.contains(kind);
  ++result_.errors[has_room ? kind : "other"];
}

void Pace::count_answer(const Sent& sent, Clock::time_point now, std::size_t bytes_received) {
  result_.latency.add(nanoseconds_between(sent.due, now));
  result_.service.add(nanoseconds_between(sent.sent, now));
  result_.bytes_sent += sent.request->bytes.size();
  result_.bytes_received += bytes_received;
}

void Pace::succeed(const Sent& sent, Clock::time_point now, std::size_t bytes_received) {
  if (!is_measured(sent.due)) return;
  count_answer(sent, now, bytes_received);
  ++result_.succeeded;
  result_.rows += sent.request->rows;
}

void Pace::fail(const Sent& sent, Clock::time_point now, std::size_t bytes_received, const std::string& kind) {
  if (!is_measured(sent.due)) return;
  count_answer(sent, now, bytes_received);
  count_error(kind);
}

void Pace::lose(const std::optional<Sent>& sent, Clock::time_point now) {
  if (!is_measured(sent ? sent->due : now)) return;
  count_error("connection");
  if (sent) result_.latency.add(nanoseconds_between(sent->due, now));
}

bool Pace::is_over(Clock::time_point now, bool is_busy) {
  if (settings_.is_stopped && settings_.is_stopped()) {  // who interrupts does not want to wait
    end_ = std::min(end_, now);
    give_up_ = now;
  }
  return now >= end_ && (now >= give_up_ || (!is_busy && !is_behind()));
}

LoadResult Pace::finish(std::span<const Sent> unanswered, Clock::time_point now) {
  const auto count_unanswered = [&](Clock::time_point due) {
    if (!is_measured(due)) return;
    count_error("no_answer");
    result_.latency.add(nanoseconds_between(due, now));
  };
  for (const Sent& sent : unanswered) count_unanswered(sent.due);
  for (; is_behind(); schedule_->advance()) count_unanswered(due());
  result_.seconds = static_cast<double>(nanoseconds_between(measured_from_, end_)) * 1e-9;
  return std::move(result_);
}

Status check(const std::vector<Request>& requests, const LoadSettings& settings) {
  if (!requests.empty() && settings.threads > 0 && settings.connections >= settings.threads) return {};
  return slipway::fail(Code::kInvalidArgument, "bench.settings", "needs a request, and a connection for each thread");
}

LoadResult run_threads(std::size_t threads, const std::function<LoadResult(std::size_t)>& run) {
  std::vector<LoadResult> results(threads);
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&, i] { results[i] = run(i); });
    results[0] = run(0);
  }
  LoadResult total;
  for (const LoadResult& result : results) merge(total, result);
  return total;
}

std::uint64_t LoadResult::failed() const noexcept {
  std::uint64_t total = 0;
  for (const auto& [kind, count] : errors) total += count;
  return total;
}

}  // namespace slipway::loadtest
