// An open-loop load: requests leave at fixed times whatever the answers do, and latency counts from the time a request
// was due, so that a stalled server is not forgiven (no coordinated omission). One thread, blocking-free, HTTP/1.1
// keep-alive.
//
//   open_loop PORT PATH BODY_FILE HEADER RATE_PER_S SECONDS CONNECTIONS
//
// Prints one line of JSON: {"sent":…,"ok":…,"failed":…,"p50_us":…,"p99_us":…,"max_us":…}.
#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int descriptor = -1;
  bool is_busy = false;
  Clock::time_point due;
  std::string received;
};

int connect_to(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  return descriptor;
}

// The whole answer has arrived: head, and as many bytes as its Content-Length says.
bool is_complete(const std::string& received) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::string head = received.substr(0, end);
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto length = head.find("content-length: ");
  if (length == std::string::npos) return false;
  return received.size() >= end + 4 + std::strtoull(head.c_str() + length + 16, nullptr, 10);
}

double quantile_us(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: open_loop PORT PATH BODY_FILE HEADER RATE_PER_S SECONDS CONNECTIONS\n");
    return 2;
  }
  std::ifstream file(argv[3], std::ios::binary);
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  const std::string request = std::string("POST ") + argv[2] + " HTTP/1.1\r\nHost: localhost\r\n" + argv[4] +
                              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const double rate = std::atof(argv[5]);
  const auto total = static_cast<std::size_t>(rate * std::atof(argv[6]));
  std::vector<Connection> connections(static_cast<std::size_t>(std::atoi(argv[7])));
  std::vector<pollfd> polls;
  for (Connection& connection : connections) {
    connection.descriptor = connect_to(static_cast<std::uint16_t>(std::atoi(argv[1])));
    polls.push_back({connection.descriptor, POLLIN, 0});
  }

  std::vector<double> latencies_us;
  latencies_us.reserve(total);
  std::size_t scheduled = 0;
  std::size_t failed = 0;
  std::deque<Clock::time_point> waiting;  // due, but every connection is busy
  const auto start = Clock::now();
  const auto due_at = [&](std::size_t i) {
    return start + std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(i) / rate));
  };
  const auto give_up = due_at(total) + std::chrono::seconds(10);

  while (latencies_us.size() + failed < total && Clock::now() < give_up) {
    for (; scheduled < total && Clock::now() >= due_at(scheduled); ++scheduled) waiting.push_back(due_at(scheduled));
    for (Connection& connection : connections) {
      if (waiting.empty()) break;
      if (connection.is_busy) continue;
      connection.due = waiting.front();
      waiting.pop_front();
      connection.is_busy = true;
      if (send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request.size()))
        ++failed;
    }
    if (poll(polls.data(), polls.size(), 0) <= 0) continue;
    for (std::size_t i = 0; i < polls.size(); ++i) {
      if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      char chunk[16384];
      const ssize_t got = recv(polls[i].fd, chunk, sizeof chunk, MSG_DONTWAIT);
      if (got <= 0) {
        std::fprintf(stderr, "the server closed a connection\n");
        return 1;
      }
      Connection& connection = connections[i];
      connection.received.append(chunk, static_cast<std::size_t>(got));
      if (!is_complete(connection.received)) continue;
      if (connection.received.compare(0, 12, "HTTP/1.1 200") == 0) {
        latencies_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - connection.due).count());
      } else {
        ++failed;
      }
      connection.received.clear();
      connection.is_busy = false;
    }
  }
  for (const Connection& connection : connections) close(connection.descriptor);
  const double p50 = quantile_us(latencies_us, 0.5);
  const double p99 = quantile_us(latencies_us, 0.99);
  const double max = latencies_us.empty() ? 0 : *std::max_element(latencies_us.begin(), latencies_us.end());
  std::printf("{\"sent\":%zu,\"ok\":%zu,\"failed\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n", scheduled,
              latencies_us.size(), failed, p50, p99, max);
  return latencies_us.size() == total ? 0 : 1;
}
