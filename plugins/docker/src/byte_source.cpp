// SPDX-License-Identifier: Apache-2.0
#include "byte_source.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ksail::docker {

namespace {

constexpr std::size_t piece_size = 256 * 1024;

Error read_error(const std::string &path, int number) {
  return Error(number == ENOENT   ? Code::not_found
               : number == EACCES ? Code::permission_denied
                                  : Code::unknown,
               "cannot read " + path + ": " + std::strerror(number));
}

/// The kernel has or fetches the bytes of a file: reading it never waits for anybody else.
class RegularFile final : public ByteSource {
public:
  RegularFile(int fd, std::string path, std::uint64_t size) : fd_(fd), path_(std::move(path)), size_(size) {}
  ~RegularFile() override { ::close(fd_); }
  std::uint64_t total() const override { return size_; }
  asio::awaitable<Result<std::string>> next(Deadline) override {
    std::string bytes(piece_size, '\0');
    ssize_t got;
    do
      got = ::read(fd_, bytes.data(), bytes.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) co_return read_error(path_, errno);
    bytes.resize(static_cast<std::size_t>(got));
    co_return bytes;
  }

private:
  int fd_;
  std::string path_;
  std::uint64_t size_;
};

class Pipe final : public ByteSource {
public:
  Pipe(asio::any_io_executor executor, int fd, std::string path)
      : descriptor_(std::move(executor), fd), path_(std::move(path)) {}
  asio::awaitable<Result<std::string>> next(Deadline deadline) override {
    return with_deadline(read(), deadline, "reading " + path_);
  }

private:
  asio::awaitable<Result<std::string>> read() {
    std::string bytes(piece_size, '\0');
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const auto got = co_await descriptor_.async_read_some(asio::buffer(bytes), token);
    if (error == asio::error::operation_aborted) co_return Error(Code::cancelled, "cancelled");
    if (error && error != asio::error::eof)
      co_return Error(Code::unknown, "cannot read " + path_ + ": " + error.message());
    bytes.resize(got);
    co_return bytes;
  }
  asio::posix::stream_descriptor descriptor_;
  std::string path_;
};

class Export final : public ByteSource {
public:
  explicit Export(std::unique_ptr<http::Stream> stream) : stream_(std::move(stream)) {}
  asio::awaitable<Result<std::string>> next(Deadline deadline) override { return stream_->read_some(deadline); }

private:
  std::unique_ptr<http::Stream> stream_;
};

} // namespace

Result<std::unique_ptr<ByteSource>> open_file(asio::any_io_executor executor, const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return read_error(path, errno);
  struct stat facts{};
  if (::fstat(fd, &facts) != 0 || S_ISDIR(facts.st_mode)) {
    const int number = S_ISDIR(facts.st_mode) ? EISDIR : errno;
    ::close(fd);
    return read_error(path, number);
  }
  if (S_ISREG(facts.st_mode))
    return std::unique_ptr<ByteSource>(
        std::make_unique<RegularFile>(fd, path, static_cast<std::uint64_t>(facts.st_size)));
  return std::unique_ptr<ByteSource>(std::make_unique<Pipe>(std::move(executor), fd, path));
}

asio::awaitable<Result<std::unique_ptr<ByteSource>>> export_images(Engine &engine, std::vector<std::string> names,
                                                                   Deadline deadline) {
  std::string query, shown;
  for (const auto &name : names) {
    query += (query.empty() ? "?names=" : "&names=") + http::encode_component(name);
    shown += (shown.empty() ? "" : ", ") + name;
  }
  EngineCall call("GET", "/images/get" + query, "export image " + shown);
  auto stream = co_await engine.open(std::move(call), deadline);
  if (!stream) co_return stream.error();
  co_return std::unique_ptr<ByteSource>(std::make_unique<Export>(std::move(*stream)));
}

} // namespace ksail::docker
