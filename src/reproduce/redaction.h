// What must not be kept of a run: passwords and keys, wherever they would stand. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::reproduce {

// An environment variable or an option named so holds a secret: a word of it (between "_", "-", ".") ends in key,
// token, secret, password, passwd, passphrase or credential(s), in any case. TOKENIZERS_PARALLELISM does not.
bool is_secret_name(std::string_view name);

// A file that people keep keys in: .env, .netrc, id_rsa, *.pem, *.key, …
bool is_secret_file(std::string_view path);

// "https://token@host/x" -> "https://host/x"; of ssh addresses only the password goes, since "git@" is no secret.
std::string without_credentials(std::string_view url);
bool has_credentials(std::string_view text);  // a URL with a password, anywhere in the text

// The first argument of a command line that gives a secret away: "--password=x", "--hf-token x", a URL with a password.
// An option that takes a number ("--max-token 5") or is followed by another option gives none away.
std::optional<std::size_t> find_secret_argument(std::span<const std::string> arguments);

// Each occurrence of a secret becomes "***". Secrets shorter than 6 bytes are left: they stand everywhere by chance.
std::string redacted(std::string text, std::span<const std::string> secrets);

}  // namespace slipway::reproduce
