// SPDX-License-Identifier: Apache-2.0
// Every test runs the plugin in a child process of its own: init() is called once in a process, and a crash is a
// result.
#include "bare_host.hpp"

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>

using namespace conformance;

namespace {

constexpr std::chrono::seconds long_enough{60};
constexpr std::uint64_t grace_ns = 5'000'000'000;

/// Runs `body` in a child; every requirement it states has to be true. Not a byte may be printed.
class Requirements {
public:
  bool require(bool condition, const char *what) {
    if (!condition) {
      failed_ = true;
      ::dprintf(STDOUT_FILENO, "not so: %s\n", what);
    }
    return condition;
  }
  int code() const { return failed_ ? 1 : 0; }

private:
  bool failed_ = false;
};

template <class Body> void holds(Body body) {
  std::string output;
  const int code = in_child(
      [&body] {
        Requirements requirements;
        body(requirements);
        return requirements.code();
      },
      &output);
  INFO("exit code " << code << ", output: " << output);
  CHECK(code == 0);
  CHECK(output.empty()); // standard output and error belong to the host
}

std::ptrdiff_t entries(const char *directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

ksail_str str(const char *s) { return {s, std::strlen(s)}; }

} // namespace

TEST_CASE("the entry table is whole and of this ABI") {
  holds([](Requirements &r) {
    const Plugin plugin(nullptr);
    const auto &entry = plugin.entry();
    r.require(entry.size >= sizeof(ksail_entry_1), "the table has every member of minor 0");
    r.require(entry.abi_major == KSAIL_ABI_MAJOR, "the major is this one");
    r.require(entry.min_host_minor <= entry.abi_minor, "it needs no newer host than it was built with");
    r.require(entry.id.len > 0 && entry.version.len > 0, "it has an id and a version");
    r.require(entry.init && entry.query_interface && entry.shutdown, "it has every function");
  });
}

TEST_CASE("interface ids are compared exactly") {
  holds([](Requirements &r) {
    const Plugin plugin(whole_host());
    r.require(plugin.init_code() == KSAIL_OK, "init succeeds");
    for (const char *id :
         {"", "ksail.provider/", "ksail.provider/10", "ksail.provider/1 ", "KSAIL.PROVIDER/1", "provider"})
      r.require(plugin.entry().query_interface(str(id)) == nullptr, id);
    r.require(plugin.entry().query_interface(ksail_str{nullptr, 0}) == nullptr, "the empty id is unknown");
    const char longer[] = KSAIL_PROVIDER_1 "junk";
    r.require(plugin.entry().query_interface(ksail_str{longer, std::strlen(KSAIL_PROVIDER_1)}) == &plugin.provider(),
              "an id ends where its length says");
  });
}

TEST_CASE("describe answers at once with the provider's name and capabilities") {
  holds([](Requirements &r) {
    const Plugin plugin(whole_host());
    Started describe(plugin, "describe", "{}");
    r.require(describe.wait(long_enough), "it ends");
    r.require(describe.code() == KSAIL_OK, describe.message().c_str());
    const auto body = describe.payload();
    r.require(body.is_object() && body.contains("provider") && body.contains("capabilities"), "it has both members");
    r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
  });
}

TEST_CASE("a verb that does not exist is unimplemented, a body that is no JSON is an invalid argument") {
  holds([](Requirements &r) {
    const Plugin plugin(whole_host());
    for (const char *verb : {"no-such-verb", "describe ", "DESCRIBE"}) {
      Started unknown(plugin, verb, "{}");
      r.require(unknown.wait(long_enough), "it ends");
      r.require(unknown.code() == KSAIL_UNIMPLEMENTED, verb);
      r.require(!unknown.message().empty(), "it says so");
    }
    for (const char *body : {"{nonsense", "{\"a\":", "\xff"}) {
      Started broken(plugin, "observe", body);
      r.require(broken.wait(long_enough), "it ends");
      r.require(broken.code() == KSAIL_INVALID_ARGUMENT, broken.message().c_str());
    }
    r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
  });
}

TEST_CASE("done comes exactly once, whenever cancel comes") {
  holds([](Requirements &r) {
    const Plugin plugin(whole_host());
    std::vector<std::unique_ptr<Started>> all;
    for (int i = 0; i < 300; ++i) {
      all.push_back(std::make_unique<Started>(plugin, i % 2 ? "describe" : "no-such-verb", "{}"));
      if (i % 3 == 0) all.back()->cancel(KSAIL_CANCEL_SIBLING_FAILED);
    }
    for (const auto &one : all)
      r.require(one->wait(long_enough), "it ends");
    for (const auto &one : all) {
      one->cancel(KSAIL_CANCEL_USER); // legal after completion, and twice
      one->cancel(KSAIL_CANCEL_USER);
    }
    r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
    for (const auto &one : all) {
      r.require(one->times_done() == 1, "done came once");
      r.require(one->events_after_done() == 0, "and no event after it");
    }
  });
}

TEST_CASE("nothing is left after shutdown, neither a thread nor a descriptor") {
  holds([](Requirements &r) {
    const auto files = entries("/proc/self/fd");
    const Plugin plugin(whole_host());
    {
      Started describe(plugin, "describe", "{}");
      r.require(describe.wait(long_enough), "it ends");
      Started cancelled(plugin, "no-such-verb", "{}");
      r.require(cancelled.wait(long_enough), "it ends");
    }
    r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
    r.require(entries("/proc/self/fd") == files, "every descriptor is closed");
    // A thread that was told to end may still be on its way out of the kernel.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (entries("/proc/self/task") > 1 && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
#if !defined(__SANITIZE_THREAD__) && !__has_feature(thread_sanitizer) // its runtime has a thread of its own
    r.require(entries("/proc/self/task") == 1, "every thread is gone");
#endif
  });
}

TEST_CASE("shutdown without use, and after a refused request, is quick and harmless") {
  holds([](Requirements &r) {
    const Plugin plugin(whole_host());
    r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
    Started after(plugin, "observe", "{}");
    r.require(after.wait(long_enough), "a request after shutdown is answered");
    r.require(after.code() != KSAIL_OK || after.times_done() == 1, "once");
  });
}

TEST_CASE("a host table that ends anywhere is read no further") {
  for (std::uint32_t size : {0u, 4u, 8u, 12u, 16u, 20u, 23u, 24u}) {
    INFO("host table of " << size << " bytes");
    holds([size](Requirements &r) {
      // The table ends where a page ends that nobody may touch beyond.
      const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
      auto *two =
          static_cast<char *>(::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
      ::mprotect(two + page, page, PROT_NONE);
      ksail_host host = *whole_host();
      host.size = size;
      const auto kept = std::max<std::size_t>(size, sizeof host.size);
      // Only members with a place of their own may be cut: the address has to be aligned for those that are there.
      char *at = two + page - (kept + 7) / 8 * 8;
      std::memcpy(at, &host, kept);
      const Plugin plugin(reinterpret_cast<const ksail_host *>(at));
      if (plugin.init_code() != KSAIL_OK) return; // it may refuse such a host
      Started describe(plugin, "describe", "{}");
      r.require(describe.wait(long_enough), "it ends");
      r.require(describe.code() == KSAIL_OK, "and works without services");
      r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
    });
  }
}

TEST_CASE("a host that is newer and has more in its tables is no problem") {
  holds([](Requirements &r) {
    struct Newer {
      ksail_host known;
      std::uint64_t unknown[8];
    } newer{};
    newer.known = *whole_host();
    newer.known.size = sizeof newer;
    newer.known.abi_minor = 99;
    std::memset(newer.unknown, 0xa5, sizeof newer.unknown);
    const Plugin plugin(&newer.known);
    r.require(plugin.init_code() == KSAIL_OK, "init succeeds");
    Started describe(plugin, "describe", "{}");
    r.require(describe.wait(long_enough) && describe.code() == KSAIL_OK, "it works");
    r.require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down");
  });
}

TEST_CASE("a secret never comes back in a text") {
  holds([](Requirements &r) {
    const Plugin plugin(whole_host());
    for (const char *verb : {"describe", "validate", "diagnose"}) {
      Started one(plugin, verb, "{}", grace_ns);
      if (!one.wait(std::chrono::seconds(5))) one.cancel(KSAIL_CANCEL_DEADLINE);
      r.require(one.wait(long_enough), "it ends");
      r.require(one.text().find(canary) == std::string::npos, verb);
    }
    plugin.entry().shutdown(grace_ns);
    r.require(logged().find(canary) == std::string::npos, "nor in a log line");
  });
}
