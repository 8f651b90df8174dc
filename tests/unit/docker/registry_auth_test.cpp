// SPDX-License-Identifier: Apache-2.0
#include "base64.hpp"
#include "child_process.hpp"
#include "registry_auth.hpp"
#include "run_coroutine.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::docker;
using nlohmann::json;

namespace {

json header_fields(const std::string &header) { return json::parse(*base64_decode(header)); }

Result<ProgramEnd> run(std::vector<std::string> argv, std::string input, std::chrono::milliseconds limit) {
  asio::io_context io;
  return test::run<ProgramEnd>(io, [=] { return run_program(argv, input, Deadline::after(limit)); });
}

} // namespace

TEST_CASE("base64 is read in both alphabets and written URL-safe") {
  CHECK(base64url_encode("") == "");
  CHECK(base64url_encode("f") == "Zg==");
  CHECK(base64url_encode("fo") == "Zm8=");
  CHECK(base64url_encode("foo") == "Zm9v");
  CHECK(base64url_encode("\xfb\xff") == "-_8=");
  CHECK(*base64_decode("+/8=") == "\xfb\xff");
  CHECK(*base64_decode("-_8") == "\xfb\xff");
  CHECK_FALSE(base64_decode("Zg!="));
  CHECK_FALSE(base64_decode("Z"));
}

TEST_CASE("stored credentials are found by key or by host name") {
  const json config = json::parse(R"({"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYTpzcw=="},
    "https://ghcr.io/v1/":{"identitytoken":"tok"},"quay.io":{"username":"u","password":"p"},"empty.io":{}}})");
  const auto hub = find_credentials(config, "https://index.docker.io/v1/");
  REQUIRE(hub.stored);
  CHECK(hub.stored->user == "user");
  CHECK(hub.stored->password == "pa:ss");
  const auto fields = header_fields(hub.stored->header("https://index.docker.io/v1/"));
  CHECK(fields ==
        json({{"username", "user"}, {"password", "pa:ss"}, {"serveraddress", "https://index.docker.io/v1/"}}));
  const auto ghcr = find_credentials(config, "ghcr.io");
  REQUIRE(ghcr.stored);
  CHECK(header_fields(ghcr.stored->header("ghcr.io"))["identitytoken"] == "tok");
  CHECK(find_credentials(config, "quay.io").stored->password == "p");
  CHECK_FALSE(find_credentials(config, "empty.io").stored);
  CHECK_FALSE(find_credentials(config, "unknown.io").stored);
  CHECK_FALSE(find_credentials(json::object(), "quay.io").stored);
}

TEST_CASE("helpers go before what is stored, the general store after it") {
  const json config = json::parse(R"({"credsStore":"desktop","credHelpers":{"gcr.io":"gcloud","bad.io":"../../bin/sh"},
    "auths":{"gcr.io":{"auth":"dXNlcjpw"},"quay.io":{"auth":"dXNlcjpw"},"empty.io":{}}})");
  CHECK(find_credentials(config, "gcr.io").helper == "gcloud");
  CHECK_FALSE(find_credentials(config, "gcr.io").stored);
  CHECK(find_credentials(config, "quay.io").helper.empty());
  CHECK(find_credentials(config, "quay.io").stored);
  CHECK(find_credentials(config, "empty.io").helper == "desktop");
  CHECK(find_credentials(config, "unknown.io").helper == "desktop");
  CHECK(find_credentials(config, "bad.io").helper.empty());
}

TEST_CASE("a helper's answer is a password or a token") {
  CHECK(parse_helper_answer(R"({"ServerURL":"x","Username":"u","Secret":"s"})")->password == "s");
  CHECK(parse_helper_answer(R"({"Username":"<token>","Secret":"s"})")->identity_token == "s");
  CHECK_FALSE(parse_helper_answer("credentials not found in native keychain"));
}

TEST_CASE("a helper gets the registry on its input, and its output and exit code are taken") {
  test::TemporaryFolder folder;
  folder.write("helper", "#!/bin/sh\nread registry\necho \"$1 $registry\"\nexit 3\n");
  std::filesystem::permissions(folder.path() / "helper", std::filesystem::perms(0755));
  const auto end = run({folder.path() / "helper", "get"}, "ghcr.io", std::chrono::seconds(20));
  REQUIRE(end);
  CHECK(end->output == "get ghcr.io\n");
  CHECK(end->exit_code == 3);
}

TEST_CASE("a helper that is missing or never ends is reported") {
  const auto missing = run({"docker-credential-that-does-not-exist", "get"}, "x", std::chrono::seconds(20));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
  const auto stuck = run({"sleep", "1000"}, "x", std::chrono::milliseconds(50));
  REQUIRE_FALSE(stuck);
  CHECK(stuck.error().code == Code::deadline_exceeded);
}
