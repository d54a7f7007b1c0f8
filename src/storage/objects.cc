#include "storage/objects.h"

#include <cerrno>
#include <unistd.h>

#include "storage/posix_file.h"

namespace slipway {

Status ObjectStore::adopt(std::string_view key, const std::string& path) {
  constexpr std::size_t kPieceBytes = 1 << 20;
  SLIPWAY_TRY(const FileDescriptor file, open_regular_file(path));
  SLIPWAY_TRY(const std::unique_ptr<ObjectWriter> writer, create(key));
  std::vector<std::byte> piece(kPieceBytes);
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return posix_error(errno, "read", path);
    if (got == 0) return writer->finish();
    SLIPWAY_CHECK(writer->append(std::span(piece).first(static_cast<std::size_t>(got))));
  }
}

}  // namespace slipway
