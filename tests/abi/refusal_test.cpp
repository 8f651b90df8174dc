// SPDX-License-Identifier: Apache-2.0
// Plugins that must not be loaded: each is refused with a reason that says what is wrong with which file.
#include "plugin_directory.hpp"

#include <sys/stat.h>

#include <array>
#include <fstream>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;
namespace fs = std::filesystem;

TEST_CASE("a sound plugin loads, by id and by provider name in any case") {
  const PluginDirectory plugin("sound");
  RecordingServices services;
  asio::io_context context;
  for (const auto *name : {"fake-sound", "Fake", "FAKE", "fake"}) {
    const auto loaded = load_provider(name, plugin.search(), context.get_executor(), services);
    if (!loaded) FAIL(loaded.error().message);
    CHECK((*loaded)->id() == "fake-sound");
  }
  shutdown_all(std::chrono::seconds(1));
  CHECK_THAT(refusal_of(plugin).message, Contains("was shut down already"));
}

TEST_CASE("what the library exports and hands out decides whether it is loaded") {
  struct Broken {
    const char *what;
    const char *says;
  };
  const std::array cases{
      Broken{"no-entry", "does not export ksail_plugin_entry_v1: it has no entry for plugin ABI 1.0"},
      Broken{"null-entry", "has no root table"},
      Broken{"odd-entry", "at an address where no table can be"},
      Broken{"garbage-entry", "root table of"},
      Broken{"short-entry", "root table of 56 bytes, plugin ABI 1.0 needs at least 72"},
      Broken{"tiny-entry", "root table of 4 bytes"},
      Broken{"huge-entry", "root table of 1073741824 bytes"},
      Broken{"older-major", "was built for plugin ABI 0.0, this ksail has 1.0"},
      Broken{"newer-major", "was built for plugin ABI 2.0, this ksail has 1.0"},
      Broken{"newer-host", "(plugin ABI 1.7) needs a host with plugin ABI 1.5 or newer, this ksail has 1.0"},
      Broken{"other-minor", "is of plugin ABI 1.3, its manifest says 1.0"},
      Broken{"other-id", "calls itself \"someone-else\", its manifest says \"fake-other-id\""},
      Broken{"other-version", "is version \"9.9\", its manifest says \"1.2.3\""},
      Broken{"endless-id", "a text of 18446744073709551615 bytes"},
      Broken{"no-init", "without init, query_interface or shutdown"},
      Broken{"no-shutdown", "without init, query_interface or shutdown"},
      Broken{"failing-init", "could not be initialised (code 14)"},
      Broken{"no-interface", "does not have the interface ksail.provider/1"},
      Broken{"short-provider", "ksail.provider/1 table of 8 bytes"},
      Broken{"no-start", "table without start"},
      Broken{"runpath", "brings its own library search path: /somewhere/else"},
  };
  for (const auto &broken : cases) {
    INFO(broken.what);
    const PluginDirectory plugin(broken.what);
    const Error error = refusal_of(plugin);
    CHECK_THAT(error.message, Contains(broken.says));
    CHECK_THAT(error.message, Contains(plugin.library().string()));
    // The same again: a refused library is not initialised twice.
    CHECK(refusal_of(plugin).message == error.message);
  }
}

TEST_CASE("versions that do not fit are told together with the package that helps") {
  CHECK_THAT(refusal_of(PluginDirectory("newer-major")).hint, Contains("update the package ksail"));
  CHECK_THAT(refusal_of(PluginDirectory("older-major")).hint,
             Contains("update the package ksail-plugin-fake-older-major"));
  CHECK_THAT(refusal_of(PluginDirectory("newer-host")).hint, Contains("update the package ksail"));
}

TEST_CASE("a library that needs another which is not there names it") {
  const PluginDirectory plugin("needy");
  const Error error = refusal_of(plugin);
  CHECK_THAT(error.message, Contains("cannot be loaded") && Contains("libksail_fake_absent.so"));
  CHECK_THAT(error.hint, Contains("ldd"));
}

TEST_CASE("a library that is missing is named") {
  const PluginDirectory plugin("sound");
  fs::remove(plugin.library());
  const Error error = refusal_of(plugin);
  CHECK_THAT(error.message, Contains("fake-sound.so cannot be opened: No such file"));
  CHECK_THAT(error.hint, Contains("install"));
}

TEST_CASE("a file that is no library of this machine is not handed to the dynamic linker") {
  const PluginDirectory plugin("sound");
  SECTION("empty") {
    plugin.write(plugin.library(), "");
    CHECK_THAT(refusal_of(plugin).message, Contains("not an ELF file"));
  }
  SECTION("a script") {
    plugin.write(plugin.library(), "#!/bin/sh\nexit 0\n");
    CHECK_THAT(refusal_of(plugin).message, Contains("not an ELF file"));
  }
  SECTION("cut off") {
    fs::resize_file(plugin.library(), fs::file_size(plugin.library()) / 2);
    CHECK_THAT(refusal_of(plugin).message, Contains("ELF structure is broken"));
  }
  SECTION("of another machine") {
    std::fstream file(plugin.library(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(18); // e_machine
    file.put('\x08').put('\0');
    file.close();
    CHECK_THAT(refusal_of(plugin).message, Contains("built for another architecture"));
  }
  SECTION("a directory") {
    fs::remove(plugin.library());
    fs::create_directory(plugin.library());
    CHECK_THAT(refusal_of(plugin).message, Contains("is not a regular file"));
  }
  SECTION("a named pipe") {
    fs::remove(plugin.library());
    REQUIRE(::mkfifo(plugin.library().c_str(), 0644) == 0);
    CHECK_THAT(refusal_of(plugin).message, Contains("is not a regular file"));
  }
}

TEST_CASE("a plugin that others could have written is refused") {
  const PluginDirectory plugin("sound");
  SECTION("the library, by everybody") {
    fs::permissions(plugin.library(), fs::perms(0666));
    const Error error = refusal_of(plugin);
    CHECK_THAT(error.message, Contains("can be written by others (mode 0666)"));
    CHECK_THAT(error.hint, Contains("chmod go-w"));
  }
  SECTION("the library, by its group") {
    fs::permissions(plugin.library(), fs::perms(0664));
    CHECK_THAT(refusal_of(plugin).message, Contains("(mode 0664)"));
  }
  SECTION("the manifest") {
    fs::permissions(plugin.manifest(), fs::perms(0666));
    CHECK_THAT(refusal_of(plugin).message, Contains("plugin manifest") && Contains("can be written by others"));
  }
  SECTION("the directory, even with the sticky bit") {
    fs::permissions(plugin.path(), fs::perms(01777));
    CHECK_THAT(refusal_of(plugin).message, Contains("directory " + plugin.path().string()) && Contains("(mode 1777)"));
  }
  SECTION("somebody else's") {
    if (::geteuid() != 0) return; // only root can give files away
    REQUIRE(::chown(plugin.library().c_str(), 4711, 4711) == 0);
    CHECK_THAT(refusal_of(plugin).message, Contains("is owned by user 4711"));
  }
}

TEST_CASE("a symbolic link in the place of a file is not followed, one above it is") {
  const PluginDirectory plugin("sound");
  SECTION("library") {
    fs::rename(plugin.library(), plugin.path() / "elsewhere");
    fs::create_symlink(plugin.path() / "elsewhere", plugin.library());
    CHECK_THAT(refusal_of(plugin).message, Contains("is a symbolic link"));
  }
  SECTION("manifest") {
    fs::rename(plugin.manifest(), plugin.path() / "elsewhere");
    fs::create_symlink(plugin.path() / "elsewhere", plugin.manifest());
    CHECK_THAT(refusal_of(plugin).message, Contains("is a symbolic link"));
  }
  SECTION("directory") {
    const fs::path link = plugin.path().string() + "-link";
    fs::create_directory_symlink(plugin.path(), link);
    SearchPath search;
    search.dirs.emplace_back(link);
    RecordingServices services;
    asio::io_context context;
    const auto loaded = load_provider("fake", search, context.get_executor(), services);
    fs::remove(link);
    if (!loaded) FAIL(loaded.error().message);
    shutdown_all(std::chrono::seconds(1));
  }
}

TEST_CASE("a plugin that is not there is answered with those that are") {
  const PluginDirectory plugin("sound");
  RecordingServices services;
  asio::io_context context;
  const auto loaded = load_provider("Hetzner", plugin.search(), context.get_executor(), services);
  REQUIRE(!loaded);
  CHECK(loaded.error().code == Code::plugin);
  CHECK_THAT(loaded.error().message, Contains("\"Hetzner\""));
  CHECK_THAT(loaded.error().hint,
             Contains("there are: Fake") && Contains("ksail-plugin-hetzner") && Contains("KSAIL_PLUGIN_PATH"));
  const auto none = load_provider("Hetzner", SearchPath(), context.get_executor(), services);
  REQUIRE(!none);
  CHECK_THAT(none.error().hint, Contains("there are no plugins at all"));
}

TEST_CASE("a sound plugin passes every check of verify, found by its library or its manifest") {
  const PluginDirectory plugin("sound");
  const auto report = verify(plugin.library());
  REQUIRE(report);
  for (const auto &check : report->checks) {
    INFO(check.name << ": " << check.message);
    CHECK(check.ok);
  }
  CHECK(report->ok());
  CHECK(report->manifest.id == "fake-sound");
  CHECK(verify(plugin.manifest())->library_path == plugin.library());
}

TEST_CASE("verify reports every failure and runs nothing") {
  const PluginDirectory plugin("runpath");
  fs::permissions(plugin.manifest(), fs::perms(0644));
  plugin.edit("requires", {{"ksail", ">=99.0"}});
  const auto report = verify(plugin.library());
  REQUIRE(report);
  CHECK(!report->ok());
  std::string failed;
  for (const auto &check : report->checks)
    if (!check.ok) {
      failed += check.name + ";";
      CHECK(!check.hint.empty());
    }
  CHECK(failed == "requires;search path;note;");
  CHECK(!verify(plugin.path() / "nothing.so"));
}
