// SPDX-License-Identifier: Apache-2.0
// ksail-plugin-check LIBRARY: what abi.h asks of every provider plugin, tried on one. Every check runs it in a child
// process of its own: init() is called once in a process, and a crash is a result.
#include "bare_host.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <thread>

#if defined(__SANITIZE_THREAD__)
#define KSAIL_CHECK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KSAIL_CHECK_TSAN 1
#endif
#endif

namespace ksail::check {

namespace {

constexpr std::chrono::seconds long_enough{60};
constexpr unsigned seconds_for_one = 120;
constexpr std::uint64_t grace_ns = 5'000'000'000;

/// One check in its child process; everything it requires has to be true.
class Trial {
public:
  explicit Trial(const std::string &library) : library_(library) {}
  const std::string &library() const { return library_; }
  bool require(bool condition, const std::string &what) {
    if (!condition) {
      failed_ = true;
      ::dprintf(STDOUT_FILENO, "not so: %s\n", what.c_str());
    }
    return condition;
  }
  void shut_down(const Plugin &plugin) { require(plugin.entry().shutdown(grace_ns) == KSAIL_OK, "it shuts down"); }
  bool failed() const { return failed_; }

private:
  const std::string &library_;
  bool failed_ = false;
};

std::ptrdiff_t entries(const char *directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

ksail_str str(const char *s) { return {s, std::strlen(s)}; }

void entry_table(Trial &t) {
  const Plugin plugin(t.library(), nullptr);
  const auto &entry = plugin.entry();
  t.require(entry.size >= sizeof(ksail_entry_1), "the table has every member of minor 0");
  t.require(entry.abi_major == KSAIL_ABI_MAJOR, "the major is this one");
  t.require(entry.min_host_minor <= entry.abi_minor, "it needs no newer host than it was built with");
  t.require(entry.id.len > 0 && entry.version.len > 0, "it has an id and a version");
  t.require(entry.init && entry.query_interface && entry.shutdown, "it has every function");
}

void interface_ids(Trial &t) {
  const Plugin plugin(t.library(), whole_host());
  t.require(plugin.init_code() == KSAIL_OK, "init succeeds");
  for (const char *id :
       {"", "ksail.provider/", "ksail.provider/10", "ksail.provider/1 ", "KSAIL.PROVIDER/1", "provider"})
    t.require(plugin.entry().query_interface(str(id)) == nullptr, "the id \"" + std::string(id) + "\" is unknown");
  t.require(plugin.entry().query_interface(ksail_str{nullptr, 0}) == nullptr, "the empty id is unknown");
  const char longer[] = KSAIL_PROVIDER_1 "junk";
  t.require(plugin.entry().query_interface(ksail_str{longer, std::strlen(KSAIL_PROVIDER_1)}) == &plugin.provider(),
            "an id ends where its length says");
}

void describe_answers(Trial &t) {
  const Plugin plugin(t.library(), whole_host());
  const Started describe(plugin, "describe", "{}");
  t.require(describe.wait(long_enough), "describe ends");
  t.require(describe.code() == KSAIL_OK, "describe succeeds: " + describe.message());
  const auto body = describe.payload();
  t.require(body.is_object() && body.contains("provider") && body.contains("capabilities"),
            "the answer has \"provider\" and \"capabilities\"");
  t.shut_down(plugin);
}

void refused_requests(Trial &t) {
  const Plugin plugin(t.library(), whole_host());
  for (const char *verb : {"no-such-verb", "describe ", "DESCRIBE"}) {
    const Started unknown(plugin, verb, "{}");
    t.require(unknown.wait(long_enough), "the unknown verb ends");
    t.require(unknown.code() == KSAIL_UNIMPLEMENTED, "the verb \"" + std::string(verb) + "\" is unimplemented");
    t.require(!unknown.message().empty(), "it says so");
  }
  for (const char *body : {"{nonsense", "{\"a\":", "\xff"}) {
    const Started broken(plugin, "observe", body);
    t.require(broken.wait(long_enough), "the broken request ends");
    t.require(broken.code() == KSAIL_INVALID_ARGUMENT, "it is an invalid argument: " + broken.message());
  }
  t.shut_down(plugin);
}

void done_once(Trial &t) {
  const Plugin plugin(t.library(), whole_host());
  std::vector<std::unique_ptr<Started>> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(std::make_unique<Started>(plugin, i % 2 ? "describe" : "no-such-verb", "{}"));
    if (i % 3 == 0) all.back()->cancel(KSAIL_CANCEL_SIBLING_FAILED);
  }
  for (const auto &one : all)
    t.require(one->wait(long_enough), "every operation ends");
  for (const auto &one : all) {
    one->cancel(KSAIL_CANCEL_USER); // legal after completion, and twice
    one->cancel(KSAIL_CANCEL_USER);
  }
  t.shut_down(plugin);
  for (const auto &one : all) {
    t.require(one->times_done() == 1, "done came once");
    t.require(one->events_after_done() == 0, "no event came after it");
  }
}

void nothing_left(Trial &t) {
  const auto files = entries("/proc/self/fd");
  const Plugin plugin(t.library(), whole_host());
  {
    const Started describe(plugin, "describe", "{}");
    t.require(describe.wait(long_enough), "describe ends");
    const Started unknown(plugin, "no-such-verb", "{}");
    t.require(unknown.wait(long_enough), "the unknown verb ends");
  }
  t.shut_down(plugin);
  t.require(entries("/proc/self/fd") == files, "every descriptor is closed");
#ifndef KSAIL_CHECK_TSAN // its runtime has a thread of its own
  // A thread that was told to end may still be on its way out of the kernel.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (entries("/proc/self/task") > 1 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  t.require(entries("/proc/self/task") == 1, "every thread is gone");
#endif
}

void unused(Trial &t) {
  const Plugin plugin(t.library(), whole_host());
  t.shut_down(plugin);
  const Started after(plugin, "observe", "{}");
  t.require(after.wait(long_enough), "a request after shutdown is answered");
  t.require(after.code() != KSAIL_OK || after.times_done() == 1, "it is answered once");
}

void short_host(Trial &t, std::uint32_t size) {
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
  const Plugin plugin(t.library(), reinterpret_cast<const ksail_host *>(at));
  if (plugin.init_code() != KSAIL_OK) return; // it may refuse such a host
  const Started describe(plugin, "describe", "{}");
  t.require(describe.wait(long_enough), "describe ends");
  t.require(describe.code() == KSAIL_OK, "it works without services");
  t.shut_down(plugin);
}

void newer_host(Trial &t) {
  struct Newer {
    ksail_host known;
    std::uint64_t unknown[8];
  } newer{};
  newer.known = *whole_host();
  newer.known.size = sizeof newer;
  newer.known.abi_minor = 99;
  std::memset(newer.unknown, 0xa5, sizeof newer.unknown);
  const Plugin plugin(t.library(), &newer.known);
  t.require(plugin.init_code() == KSAIL_OK, "init succeeds");
  const Started describe(plugin, "describe", "{}");
  t.require(describe.wait(long_enough) && describe.code() == KSAIL_OK, "it works");
  t.shut_down(plugin);
}

void secrets_stay(Trial &t) {
  const Plugin plugin(t.library(), whole_host());
  for (const char *verb : {"describe", "validate", "diagnose"}) {
    Started one(plugin, verb, "{}", grace_ns);
    if (!one.wait(std::chrono::seconds(5))) one.cancel(KSAIL_CANCEL_DEADLINE);
    t.require(one.wait(long_enough), std::string(verb) + " ends");
    t.require(one.text().find(canary) == std::string::npos, "no secret comes back from " + std::string(verb));
  }
  plugin.entry().shutdown(grace_ns);
  t.require(logged().find(canary) == std::string::npos, "no secret is in a log line");
}

struct Check {
  std::string name;
  std::function<void(Trial &)> body;
};

std::vector<Check> all_checks() {
  std::vector<Check> all = {
      {"the entry table is whole and of this ABI", entry_table},
      {"interface ids are compared exactly", interface_ids},
      {"describe answers with the provider's name and capabilities", describe_answers},
      {"an unknown verb is unimplemented, a body that is no JSON an invalid argument", refused_requests},
      {"done comes exactly once, whenever cancel comes", done_once},
      {"nothing is left after shutdown, neither a thread nor a descriptor", nothing_left},
      {"shutdown without use, and before a request, is harmless", unused},
      {"a host that is newer and has more in its tables is no problem", newer_host},
      {"a secret never comes back in a text", secrets_stay},
  };
  for (const std::uint32_t size : {0u, 4u, 8u, 12u, 16u, 20u, 23u, 24u})
    all.push_back({"a host table of " + std::to_string(size) + " bytes is read no further",
                   [size](Trial &t) { short_host(t, size); }});
  return all;
}

/// Prints how it went; false when it failed.
bool run(const Check &check, const std::string &library) {
  const Ended ended = in_child(
      [&] {
        Trial trial(library);
        check.body(trial);
        return trial.failed() ? 1 : 0;
      },
      seconds_for_one);
  // Standard output and error belong to the host: what is printed without a failed requirement is one, too.
  const bool ok = ended.code == 0 && ended.output.empty();
  std::printf("%-7s %s\n", ok ? "ok" : "FAILED", check.name.c_str());
  if (ended.signal == SIGALRM)
    std::printf("        it did not end within %u s\n", seconds_for_one);
  else if (ended.signal != 0)
    std::printf("        it was ended by signal %d (%s)\n", ended.signal, ::strsignal(ended.signal));
  else if (ended.code == 0 && !ok)
    std::printf("        it printed; standard output and error belong to the host:\n");
  for (std::size_t at = 0; at < ended.output.size();) {
    const auto end = std::min(ended.output.find('\n', at), ended.output.size());
    std::printf("        %s\n", ended.output.substr(at, end - at).c_str());
    at = end + 1;
  }
  std::fflush(stdout); // the next child must not have it to print again
  return ok;
}

int check_plugin(const std::string &library) {
  const auto all = all_checks();
  const auto failed = std::count_if(all.begin(), all.end(), [&](const Check &check) { return !run(check, library); });
  if (failed == 0) return 0;
  std::fprintf(stderr, "%zd of %zu checks failed\n", failed, all.size());
  return 1;
}

} // namespace

} // namespace ksail::check

int main(int count, char **arguments) {
  if (count == 2 && arguments[1][0] != '-') {
    std::error_code unreadable;
    const auto library = std::filesystem::canonical(arguments[1], unreadable); // a plain name would be searched for
    if (!unreadable) return ksail::check::check_plugin(library.string());
    std::fprintf(stderr, "ksail-plugin-check: %s: %s\n", arguments[1], unreadable.message().c_str());
    return 2;
  }
  const bool asked = count == 2 && std::string_view(arguments[1]) == "--help";
  std::fprintf(asked ? stdout : stderr, "usage: ksail-plugin-check PLUGIN.so\n\n"
                                        "Runs a provider plugin the way a ksail host does, and in ways it should "
                                        "survive.\nExits with 0 when all checks passed.\n");
  return asked ? 0 : 2;
}
