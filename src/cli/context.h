// What all subcommands share: the global options, where to print, and the connection to the server.
#pragma once

#include <boost/json/fwd.hpp>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/http_client.h"

namespace slipway::cli {

struct GlobalOptions {
  std::string server;
  std::string key;
  std::string key_file;
  std::string claimed_name;
  std::string ca_file;
  bool is_json = false;
};

// What `option` names. Refuses a file that others can read.
Result<std::string> first_line_of_private_file(const std::string& path, std::string_view option);

// The key of --key, or the first line of --key-file. Refuses both at once, a file others can read, and a mistyped key.
Result<Secret> read_key(const GlobalOptions& options);

// To the server of the options, with their key.
Result<HttpClient> connect(const GlobalOptions& options);

// Calls of the server's API: an answer that is no success becomes the Error that the server describes.
class Api {
 public:
  static Result<Api> connect(const GlobalOptions& options);
  Result<std::string> get(const std::string& target);  // the body
  Result<std::string> post(const std::string& target, std::string_view json);
  Result<std::string> remove(const std::string& target);
  Result<std::string> put_file(const std::string& target, const std::string& path, const Progress& progress);
  Status download(const std::string& target, const Sink& sink, const Progress& progress);

 private:
  explicit Api(HttpClient http) : http_(std::move(http)) {}
  HttpClient http_;
};

// What a failed answer says; makes the best of answers that are not ours.
Error error_of(const HttpReply& reply);

struct Context {
  GlobalOptions options;
  std::ostream& out;
  std::ostream& err;
  Status status;      // set by the subcommand that ran
  int exit_code = 0;  // of the process; an error has its own where this is 0
};

// Prints the answer as it came when --json is set; else what `describe` makes of it.
Status print_reply(Context& context, const std::string& body, std::string (*describe)(const boost::json::value&));

// A line that is rewritten while bytes move; nothing when standard error is no terminal.
Progress progress_line(std::string what);
void end_progress_line();

}  // namespace slipway::cli
