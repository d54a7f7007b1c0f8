#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <cstring>
#include <fcntl.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include "score/row_writer.h"

namespace slipway::score {
namespace {

constexpr std::int64_t kGroupRows = 1 << 16;

arrow::Status convert(const std::string& stream_path, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto input, arrow::io::ReadableFile::Open(stream_path));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchStreamReader::Open(input, options));
  ARROW_ASSIGN_OR_RAISE(const auto output, arrow::io::FileOutputStream::Open(path));
  const auto properties = parquet::WriterProperties::Builder()
                              .compression(parquet::Compression::SNAPPY)
                              ->max_row_group_length(kGroupRows)
                              ->build();
  ARROW_ASSIGN_OR_RAISE(const auto writer, parquet::arrow::FileWriter::Open(
                                               *reader->schema(), arrow::default_memory_pool(), output, properties));
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  }
  ARROW_RETURN_NOT_OK(writer->Close());
  return output->Close();
}

}  // namespace

Status write_parquet(const std::string& stream_path, const std::string& path) {
  const auto failed = [&](const std::string& why) {
    return fail(Code::kDataLoss, "score.write_failed", "cannot write " + path + ": " + why);
  };
  const arrow::Status status = convert(stream_path, path);
  if (!status.ok()) return failed(status.message());
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(std::strerror(errno));
  const int synced = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  return synced == 0 ? Status() : failed(std::strerror(error));
}

}  // namespace slipway::score
