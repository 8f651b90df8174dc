// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/kubeconfig.hpp"
#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <sys/stat.h>

using namespace ksail;
using namespace ksail::kubernetes;
using ksail::test::TemporaryDirectory;

namespace {

std::string config(const std::string &name, const std::string &cluster, const std::string &user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: " + name + "\nclusters:\n- name: " + name + "\n  cluster:\n" +
         cluster + "contexts:\n- name: " + name + "\n  context: {cluster: " + name + ", user: " + name +
         ", namespace: shop}\nusers:\n- name: " + name + "\n  user:\n" + user;
}

std::string with_plugin(const std::string &exec) {
  return config("dev", "    server: https://10.0.0.1:6443\n", "    exec:\n" + exec);
}

std::string script(const TemporaryDirectory &directory, const std::string &name, const std::string &body) {
  const std::string path = directory.write(name, "#!/bin/sh\n" + body);
  ::chmod(path.c_str(), 0755);
  return path;
}

} // namespace

TEST_CASE("server, CA, client certificate and namespace come from the context's entries") {
  TemporaryDirectory directory;
  directory.write("ca.pem", "CA");
  directory.write("keys/client.pem", "CERT");
  const auto file = directory.write(
      "config", config("dev",
                       "    server: https://[fd00::1]:7443/k8s/clusters/c-1/\n    certificate-authority: ca.pem\n"
                       "    tls-server-name: api.internal\n",
                       "    client-certificate: keys/client.pem\n    client-key-data: S0VZ\n    as: jane\n"
                       "    as-uid: '7'\n    as-groups: [ops, dev]\n    as-user-extra: {scopes: [a, b]}\n"));
  auto access = load_access({file}, "");
  REQUIRE(access);
  CHECK(access->endpoint.describe() == "https://[fd00::1]:7443");
  CHECK(access->base_path == "/k8s/clusters/c-1");
  CHECK(access->endpoint.tls.ca_pem == "CA");
  CHECK(access->endpoint.tls.certificate_pem == "CERT");
  CHECK(access->endpoint.tls.key_pem == "KEY");
  CHECK(access->endpoint.tls.server_name == "api.internal");
  CHECK(access->endpoint.tls.verify);
  CHECK(access->default_namespace == "shop");
  CHECK(access->impersonate_user == "jane");
  CHECK(access->impersonate_uid == "7");
  CHECK(access->impersonate_groups == std::vector<std::string>{"ops", "dev"});
  CHECK(access->impersonate_extra.at("scopes") == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(access->refresh);
}

TEST_CASE("the first file that has an entry gives all of it, and the first current-context counts") {
  TemporaryDirectory directory;
  const auto first =
      directory.write("first", "current-context: shared\ncontexts:\n- name: shared\n  context: {cluster: c, user: u}\n"
                               "users:\n- name: u\n  user: {token: first}\n");
  const auto second =
      directory.write("second", config("shared", "    server: https://second\n", "    token: second\n") +
                                    "- name: u\n  user: {token: second, username: kept-out}\n");
  const auto third = directory.write("third", "clusters:\n- name: c\n  cluster: {server: 'https://third:1'}\n");
  auto access = load_access({directory.file("missing"), first, second, third}, "");
  REQUIRE(access);
  CHECK(access->bearer_token == "first");
  CHECK(access->basic_user.empty());
  CHECK(access->endpoint.describe() == "https://third:1");
}

TEST_CASE("a token file wins over the token, and is read again on refresh") {
  TemporaryDirectory directory;
  directory.write("token", "from-file\n");
  const auto file =
      directory.write("config", config("dev", "    server: https://a\n", "    token: inline\n    tokenFile: token\n"));
  auto access = load_access({file}, "dev");
  REQUIRE(access);
  CHECK(access->bearer_token == "from-file");
  directory.write("token", "renewed");
  REQUIRE(access->refresh);
  auto fresh = access->refresh();
  REQUIRE(fresh);
  CHECK(fresh->bearer_token == "renewed");
}

TEST_CASE("what a kubeconfig lacks is said with its name and the choices there are") {
  TemporaryDirectory directory;
  const auto file = directory.write("config", config("dev", "    server: https://a\n", "    token: t\n"));
  auto other = load_access({file}, "prod");
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Code::config);
  CHECK_THAT(other.error().message, Catch::Contains("\"prod\"") && Catch::Contains(file));
  CHECK_THAT(other.error().hint, Catch::Contains("dev"));

  auto missing = load_access({directory.file("nothing")}, "dev");
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains(directory.file("nothing") + " does not exist"));

  auto broken = load_access({directory.write("broken", "contexts: [\n")}, "");
  REQUIRE_FALSE(broken);
  CHECK_THAT(broken.error().message, Catch::Contains("broken:2:1"));
}

TEST_CASE("settings that cannot work are refused one by one") {
  const auto refused = [](const std::string &cluster, const std::string &user) {
    auto access = parse_access(config("dev", cluster, user), "dev");
    REQUIRE_FALSE(access);
    CHECK(access.error().code == Code::config);
    return access.error().message;
  };
  const std::string good = "    server: https://a\n";
  CHECK_THAT(refused("    server: https://a\n    proxy-url: http://p\n", "    token: t\n"),
             Catch::Contains("proxy-url"));
  CHECK_THAT(refused("    server: ftp://a\n", "    token: t\n"), Catch::Contains("ftp://a"));
  CHECK_THAT(refused("    server: https://a:99999\n", "    token: t\n"), Catch::Contains("99999"));
  CHECK_THAT(refused("    server: ''\n", "    token: t\n"), Catch::Contains("no server"));
  CHECK_THAT(refused(good, "    client-key-data: S0VZ\n"), Catch::Contains("without its certificate"));
  CHECK_THAT(refused(good, "    client-certificate-data: '%%%'\n"), Catch::Contains("not base64"));
  CHECK_THAT(refused(good, "    auth-provider: {name: gcp}\n"), Catch::Contains("gcp"));
  CHECK_THAT(
      refused("    server: https://a\n    certificate-authority-data: Q0E=\n    insecure-skip-tls-verify: true\n",
              "    token: t\n"),
      Catch::Contains("insecure-skip-tls-verify"));
  CHECK_THAT(refused(good, "    exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}\n"),
             Catch::Contains("v1alpha1"));
  CHECK_THAT(refused(good, "    exec: {apiVersion: client.authentication.k8s.io/v1, command: x}\n"),
             Catch::Contains("interactiveMode"));
}

TEST_CASE("a credential plugin gets its arguments, environment and the cluster, and its token is used") {
  TemporaryDirectory directory;
  script(directory, "bin/login",
         "printf '%s' \"$KUBERNETES_EXEC_INFO\" > \"$OUT\"\n"
         "printf "
         "'{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/"
         "v1\",\"status\":{\"token\":\"%s-%s\"}}' "
         "\"$1\" \"$WORD\"\n");
  const auto file = directory.write(
      "config", config("dev",
                       "    server: https://10.0.0.1:6443\n    certificate-authority-data: Q0E=\n    extensions:\n"
                       "    - name: client.authentication.k8s.io/exec\n      extension: {audience: '1', size: 2}\n",
                       "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: bin/login\n"
                       "      interactiveMode: Never\n      provideClusterInfo: true\n      args: [argument]\n"
                       "      env: [{name: WORD, value: word}, {name: OUT, value: " +
                           directory.file("info") + "}]\n"));
  auto access = load_access({file}, "dev");
  REQUIRE(access);
  CHECK(access->bearer_token == "argument-word");
  CHECK(access->refresh);
  const auto info = nlohmann::json::parse(directory.read("info"));
  CHECK(info["kind"] == "ExecCredential");
  CHECK(info["apiVersion"] == "client.authentication.k8s.io/v1");
  CHECK(info["spec"]["interactive"] == false);
  CHECK(info["spec"]["cluster"]["server"] == "https://10.0.0.1:6443");
  CHECK(info["spec"]["cluster"]["certificate-authority-data"] == "Q0E=");
  CHECK(info["spec"]["cluster"]["config"] == nlohmann::json{{"audience", "1"}, {"size", 2}});
}

TEST_CASE("a credential plugin may give a client certificate") {
  TemporaryDirectory directory;
  const auto plugin =
      script(directory, "login",
             "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":"
             "{\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\"}}'\n");
  auto access = parse_access(
      with_plugin("      apiVersion: client.authentication.k8s.io/v1beta1\n      command: " + plugin + "\n"), "dev");
  REQUIRE(access);
  CHECK(access->endpoint.tls.certificate_pem == "C");
  CHECK(access->endpoint.tls.key_pem == "K");
}

TEST_CASE("a credential plugin that fails is named with what it said, and its output never shows") {
  TemporaryDirectory directory;
  const std::string head = "      apiVersion: client.authentication.k8s.io/v1\n      interactiveMode: Never\n      "
                           "installHint: apt-get install login\n      command: ";
  const auto error_of = [&](const std::string &command) {
    auto access = parse_access(with_plugin(head + command + "\n"), "dev");
    REQUIRE_FALSE(access);
    CHECK(access.error().code == Code::unauthenticated);
    return access.error();
  };
  const Error missing = error_of("no-such-credential-plugin");
  CHECK_THAT(missing.message, Catch::Contains("no-such-credential-plugin") && Catch::Contains("not found"));
  CHECK(missing.hint == "apt-get install login");
  CHECK_THAT(error_of(script(directory, "fails", "echo secret; echo session expired >&2; exit 3\n")).message,
             Catch::Contains("status 3: session expired") && !Catch::Contains("secret"));
  CHECK_THAT(error_of(script(directory, "garbage", "echo secret\n")).message,
             Catch::Contains("did not print") && !Catch::Contains("secret"));
  CHECK_THAT(error_of(script(directory, "other",
                             "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication."
                             "k8s.io/v1beta1\",\"status\":{\"token\":\"secret\"}}'\n"))
                 .message,
             Catch::Contains("v1beta1") && !Catch::Contains("secret"));
  CHECK_THAT(error_of(script(directory, "killed", "kill -9 $$\n")).message, Catch::Contains("status 137"));
}

TEST_CASE("KUBECONFIG lists files, the flag replaces them, and the file of a context is found") {
  TemporaryDirectory directory;
  const auto first = directory.file("none"),
             second = directory.write("second", config("dev", "    server: x\n", "    {}\n"));
  ::setenv("KUBECONFIG", (first + ":" + second + "::" + second).c_str(), 1);
  CHECK(kubeconfig_files("") == std::vector<std::string>{first, second});
  CHECK(kubeconfig_files("/flag") == std::vector<std::string>{"/flag"});
  CHECK(kubeconfig_target("") == second);
  CHECK(kubeconfig_target("/flag") == "/flag");
  CHECK(kubeconfig_file_of({first, second}, "dev") == second);
  CHECK(kubeconfig_file_of({first}, "dev") == first);
  ::unsetenv("KUBECONFIG");
  CHECK(kubeconfig_files("").size() == 1);
}
