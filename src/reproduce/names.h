// Which texts of a bundle may reach pip and the environment. Pure.
#pragma once

#include <string>
#include <string_view>

namespace slipway::reproduce {

// As PEP 503 normalises it: lower-case letters and digits, joined by single "-".
bool is_package_name(std::string_view name) noexcept;
// The characters of PEP 440: letters, digits, ".", "+", "!", "-", "_"; begins with a letter or a digit.
bool is_package_version(std::string_view version) noexcept;
// [A-Za-z_][A-Za-z0-9_]*
bool is_variable_name(std::string_view name) noexcept;
// A variable name that may be set for a recorded command; not PATH, LD_… and BASH_ENV, which would run other code.
bool is_settable_variable(std::string_view name) noexcept;

// Whether the archive "numpy-2.1.0-cp311-cp311-manylinux2014_x86_64.whl" is one of the installed build: its
// compatibility tags (PEP 425), expanded, are among `installed_tags`, separated by spaces. False for a source archive.
bool is_same_build(std::string_view archive, std::string_view installed_tags);

}  // namespace slipway::reproduce
