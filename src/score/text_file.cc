#include "score/text_file.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace slipway::score {
namespace {

constexpr std::size_t kBlockBytes = 1u << 20;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to say: the gzip format

tl::unexpected<Error> unreadable(const std::string& path, const std::string& why) {
  return fail(Code::kDataLoss, "score.unreadable_input", path + ": " + why);
}

}  // namespace

struct TextFile::State {
  std::string path;
  int descriptor = -1;
  std::uint64_t file_bytes = 0;
  std::uint64_t read_bytes = 0;  // of the file, compressed or not
  std::vector<char> buffer;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t offset = 0;  // of buffer[begin]
  bool is_compressed = false;
  bool is_between_members = true;  // a gzip file is one or more members
  z_stream inflater{};
  std::vector<char> compressed;

  ~State() {
    if (is_compressed) inflateEnd(&inflater);
    if (descriptor >= 0) ::close(descriptor);
  }

  Result<std::size_t> read_block(char* out, std::size_t size) {
    for (;;) {
      const ssize_t count = ::read(descriptor, out, size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return unreadable(path, std::strerror(errno));
      read_bytes += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
  }

  Result<std::size_t> inflate_block(char* out, std::size_t size) {
    inflater.next_out = reinterpret_cast<Bytef*>(out);
    inflater.avail_out = static_cast<uInt>(size);
    while (inflater.avail_out == size) {
      if (inflater.avail_in == 0) {
        SLIPWAY_TRY(const std::size_t count, read_block(compressed.data(), compressed.size()));
        if (count == 0 && is_between_members) return 0;
        if (count == 0) return unreadable(path, "the gzip file ends in the middle");
        inflater.next_in = reinterpret_cast<Bytef*>(compressed.data());
        inflater.avail_in = static_cast<uInt>(count);
      }
      is_between_members = false;
      const int state = ::inflate(&inflater, Z_NO_FLUSH);
      if (state == Z_STREAM_END) {
        is_between_members = true;
        inflateReset(&inflater);
      } else if (state != Z_OK) {
        return unreadable(path, "the gzip file is damaged");
      }
    }
    return size - inflater.avail_out;
  }

  Status rewind() {
    if (::lseek(descriptor, 0, SEEK_SET) < 0) return unreadable(path, std::strerror(errno));
    begin = end = 0;
    offset = read_bytes = 0;
    if (is_compressed) {
      inflateReset(&inflater);
      inflater.avail_in = 0;
      is_between_members = true;
    }
    return {};
  }
};

TextFile::TextFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextFile::TextFile(TextFile&&) noexcept = default;
TextFile& TextFile::operator=(TextFile&&) noexcept = default;
TextFile::~TextFile() = default;

Result<TextFile> TextFile::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (state->descriptor < 0 || ::fstat(state->descriptor, &status) != 0) {
    return fail(Code::kNotFound, "score.unreadable_input", path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return fail(Code::kInvalidArgument, "score.unreadable_input", path + " is no file");
  state->file_bytes = static_cast<std::uint64_t>(status.st_size);
  unsigned char magic[2] = {};
  if (::pread(state->descriptor, magic, sizeof magic, 0) == 2 && magic[0] == 0x1F && magic[1] == 0x8B) {
    if (inflateInit2(&state->inflater, kGzipWindow) != Z_OK) return unreadable(path, "zlib cannot be started");
    state->is_compressed = true;
    state->compressed.resize(kBlockBytes);
  }
  return TextFile(std::move(state));
}

std::string_view TextFile::window() const noexcept {
  return {state_->buffer.data() + state_->begin, state_->end - state_->begin};
}

Result<bool> TextFile::fill() {
  State& state = *state_;
  if (state.begin > 0) {
    std::memmove(state.buffer.data(), state.buffer.data() + state.begin, state.end - state.begin);
    state.end -= state.begin;
    state.begin = 0;
  }
  if (state.buffer.size() - state.end < kBlockBytes) state.buffer.resize(state.end + kBlockBytes);
  char* const out = state.buffer.data() + state.end;
  SLIPWAY_TRY(const std::size_t count,
              state.is_compressed ? state.inflate_block(out, kBlockBytes) : state.read_block(out, kBlockBytes));
  state.end += count;
  return count > 0;
}

void TextFile::consume(std::size_t bytes) noexcept {
  state_->begin += bytes;
  state_->offset += bytes;
}

std::uint64_t TextFile::offset() const noexcept { return state_->offset; }

Status TextFile::seek(std::uint64_t offset) {
  State& state = *state_;
  SLIPWAY_CHECK(state.rewind());
  const auto shorter = [&] {
    return fail(Code::kDataLoss, "score.input_shorter", state.path + " ends before what was already scored of it");
  };
  if (!state.is_compressed) {
    if (offset > state.file_bytes) return shorter();
    if (::lseek(state.descriptor, static_cast<off_t>(offset), SEEK_SET) < 0) {
      return unreadable(state.path, std::strerror(errno));
    }
    state.offset = state.read_bytes = offset;
    return {};
  }
  while (state.offset < offset) {
    SLIPWAY_TRY(const bool has_more, fill());
    if (!has_more) return shorter();
    consume(static_cast<std::size_t>(std::min<std::uint64_t>(window().size(), offset - state.offset)));
  }
  return {};
}

double TextFile::progress() const noexcept {
  if (state_->file_bytes == 0) return 1;
  return std::min(1.0, static_cast<double>(state_->read_bytes) / static_cast<double>(state_->file_bytes));
}

}  // namespace slipway::score
