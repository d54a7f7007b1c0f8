// Guards a server without authentication against web pages: a browser on this machine can be made to send requests
// here, by a page of another site (cross-site request forgery) or by one whose name was pointed here (DNS rebinding).
//
// Pure. Both give themselves away: the browser names the host it believes to talk to, and the site that the page is of.
#pragma once

#include <string_view>

#include "base/result.h"

namespace slipway {

// `host` and `origin` are the headers of a request, "" when absent. Each must be of this machine: localhost, an address
// in 127.0.0.0/8 or [::1], with any port; `origin` with http:// or https:// in front, or absent.
// permission_denied "access.foreign_host" or "access.foreign_origin".
Status check_from_this_machine(std::string_view host, std::string_view origin);

}  // namespace slipway
