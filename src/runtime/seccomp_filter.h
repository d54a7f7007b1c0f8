// The lists of system calls behind sandbox.h.
#pragma once

#include "base/result.h"

namespace slipway {

// Allow-list for computing and reading files. Precondition: no_new_privs is set.
Status load_seccomp_filter();

// Opening files fails with EPERM from here on; stacks on the filter above.
Status load_no_files_filter();

}  // namespace slipway
