// SPDX-License-Identifier: Apache-2.0
// A unix socket that answers HTTP requests as a test says: for what a real engine cannot be made to do on demand.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ksail::test {

class FakeEngine {
public:
  struct Seen {
    std::string method, target, body;
  };
  /// The bytes to answer with; empty closes the connection without an answer. Called on threads of the server.
  using Handler = std::function<std::string(const Seen &)>;

  FakeEngine(std::string path, Handler handler) : path_(std::move(path)), handler_(std::move(handler)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.c_str(), path_.size() + 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, reinterpret_cast<sockaddr *>(&name), sizeof name) != 0 || ::listen(listener_, 16) != 0)
      throw std::runtime_error("cannot listen at " + path_);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~FakeEngine() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : connections_)
        ::shutdown(fd, SHUT_RDWR);
    }
    for (auto &thread : threads_)
      thread.join();
    for (const int fd : connections_)
      ::close(fd);
    ::close(listener_);
    ::unlink(path_.c_str());
  }
  std::string address() const { return "unix://" + path_; }
  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  static std::string answer(int status, const std::string &body, const std::string &headers = {}) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nApi-Version: 1.44\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
           body;
  }

private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      connections_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string input;
    char buffer[65536];
    for (;;) {
      const auto end = input.find("\r\n\r\n");
      std::size_t length = 0;
      if (end != std::string::npos) {
        if (const auto at = input.find("Content-Length: "); at < end) length = std::stoul(input.substr(at + 16));
        if (input.size() >= end + 4 + length) {
          Seen request;
          request.method = input.substr(0, input.find(' '));
          const auto target = request.method.size() + 1;
          request.target = input.substr(target, input.find(' ', target) - target);
          request.body = input.substr(end + 4, length);
          input.erase(0, end + 4 + length);
          {
            const std::lock_guard lock(mutex_);
            seen_.push_back(request);
          }
          const std::string output = handler_(request);
          if (output.empty()) {
            ::shutdown(fd, SHUT_RDWR);
            return;
          }
          if (::send(fd, output.data(), output.size(), MSG_NOSIGNAL) < 0) return;
          continue;
        }
      }
      const auto count = ::recv(fd, buffer, sizeof buffer, 0);
      if (count <= 0) return;
      input.append(buffer, static_cast<std::size_t>(count));
    }
  }

  std::string path_;
  Handler handler_;
  int listener_ = -1;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<int> connections_;
  std::list<std::thread> threads_;
  std::vector<Seen> seen_;
};

} // namespace ksail::test
