// Recognises Python pickles of every protocol (0 to 5) by walking their opcodes; nothing is built or run.
#pragma once

#include <string_view>

namespace slipway {

// True if `head` opens with a pickle: from the first byte on, known opcodes with well-formed arguments up to STOP or up
// to the end of what was given. Protocols 0 and 1 have no signature, hence the walk. O(size of head).
bool is_pickle(std::string_view head) noexcept;

}  // namespace slipway
