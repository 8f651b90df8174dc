// SPDX-License-Identifier: Apache-2.0
// Bases in git repositories, resources from the web, charts through a program.
#include "kustomize_tree.hpp"
#include "manifests/kustomize/build.hpp"
#include "manifests/kustomize/git_url.hpp"
#include "manifests/kustomize/program.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace ksail;
using namespace ksail::manifests;
using test::Tree;

namespace {

const std::string kConfigMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: far}\ndata: {a: b}\n";

/// What git says, or fails the test.
void git(const std::string &directory, std::vector<std::string> words) {
  words.insert(words.begin(),
               {"git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"});
  const auto done = kustomize::run_program({std::move(words), {"GIT_CONFIG_NOSYSTEM=1"}, directory});
  INFO((done ? "" : done.error().message));
  REQUIRE(done);
}

bool has_git() { return bool(kustomize::run_program({{"git", "--version"}, {}, ""})); }

void commit(const Tree &tree, const std::string &directory) {
  git(tree.at(directory), {"init", "--quiet"});
  git(tree.at(directory), {"add", "."});
  git(tree.at(directory), {"commit", "--quiet", "-m", "one"});
}

std::string error_of(const std::string &directory, const kustomize::BuildOptions &options = {}) {
  const auto built = kustomize::build(directory, options);
  return built ? "" : built.error().message + " / " + built.error().hint;
}

/// Answers every request on loopback with the same bytes, until it is gone.
class WebServer {
public:
  explicit WebServer(std::string answer)
      : answer_(std::move(answer)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr *>(&address), size) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr *>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] {
      for (;;) {
        const int connection = ::accept(fd_, nullptr, nullptr);
        if (connection < 0) {
          return;
        }
        char request[4096];
        if (::read(connection, request, sizeof request) > 0) {
          (void)!::write(connection, answer_.data(), answer_.size());
        }
        ::close(connection);
      }
    });
  }
  ~WebServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_ = {};
    ::close(fd_);
  }
  WebServer(const WebServer &) = delete;
  WebServer &operator=(const WebServer &) = delete;
  std::string url(const std::string &path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

private:
  std::string answer_;
  int fd_;
  int port_ = 0;
  std::jthread thread_;
};

std::string answer(const std::string &status, const std::string &body, const std::string &headers = "") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
         headers + "\r\n" + body;
}

} // namespace

TEST_CASE("git URLs are taken apart as kustomize takes them", "[kustomize][remote]") {
  const auto shown = [](const char *text) {
    const auto url = kustomize::parse_git_url(text);
    return url ? url->repository + " " + url->path + " " + url->ref : std::string("none");
  };
  CHECK(shown("github.com/org/repo") == "https://github.com/org/repo  ");
  CHECK(shown("github.com/org/repo/a/b?ref=v1") == "https://github.com/org/repo a/b v1");
  CHECK(shown("https://github.com/org/repo//a?version=v2") == "https://github.com/org/repo a v2");
  CHECK(shown("https://host.example/deep/org/repo.git/a/b?ref=x") == "https://host.example/deep/org/repo.git a/b x");
  CHECK(shown("git@host.example:org/repo//a") == "git@host.example:org/repo a ");
  CHECK(shown("git@github.com:org/repo.git") == "git@github.com:org/repo.git  ");
  CHECK(shown("ssh://git@host.example:22/org/repo/p") == "ssh://git@host.example:22/org/repo p ");
  CHECK(shown("https://me@dev.azure.com/o/p/_git/repo/k?ref=main") == "https://me@dev.azure.com/o/p/_git/repo k main");
  CHECK(shown("file:///srv/repo//base?ref=main") == "file:///srv/repo base main");
  CHECK(shown("HTTPS://github.com/org/repo") == "https://github.com/org/repo  ");
  for (const char *path : {"../base", "base", "/srv/repo", "host.example/org/repo", "a.yaml",
                           "https://host.example/one", "github.com/org/repo//../../etc"}) {
    INFO(path);
    CHECK(shown(path) == "none");
  }
  CHECK(kustomize::parse_git_url("github.com/o/r")->timeout == std::chrono::seconds(27));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=61")->timeout == std::chrono::seconds(61));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=2m")->timeout == std::chrono::minutes(2));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=no")->timeout == std::chrono::seconds(27));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=1m30s")->timeout == std::chrono::seconds(90));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=1.5h500ms")->timeout == std::chrono::milliseconds(5400500));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=1m30")->timeout == std::chrono::seconds(27));
  CHECK(kustomize::parse_git_url("github.com/o/r?timeout=-5s")->timeout == std::chrono::seconds(27));
  CHECK(kustomize::parse_git_url("github.com/o/r?submodules=falsey")->submodules);
  CHECK(shown("github.com/o/r?ref=a;b") == "https://github.com/o/r  "); // as Go reads queries
  CHECK(shown("github.com/o/r?ref=50%") == "https://github.com/o/r  ");
  CHECK(kustomize::parse_git_url("github.com/o/r")->submodules);
  CHECK_FALSE(kustomize::parse_git_url("github.com/o/r?submodules=false")->submodules);
}

TEST_CASE("a base in a git repository is built from the commit it names", "[kustomize][remote]") {
  if (!has_git()) {
    WARN("git is not installed");
    return;
  }
  const Tree tree({{"repo/base/kustomization.yaml", "resources: [cm.yaml, ../shared]\n"},
                   {"repo/base/cm.yaml", kConfigMap},
                   {"repo/shared/kustomization.yaml", "configMapGenerator: [{name: shared, literals: [x=y]}]\n"},
                   {"repo/escape/kustomization.yaml", "resources: [../../over]\n"},
                   {"repo/reads/kustomization.yaml", "configMapGenerator: [{name: c, files: [../base/cm.yaml]}]\n"},
                   {"over/x", ""}});
  commit(tree, "repo");
  const auto url = "file://" + tree.at("repo");
  const auto write = [&](const std::string &directory, const std::string &text) {
    return std::make_unique<Tree>(std::map<std::string, std::string>{{directory + "/kustomization.yaml", text}});
  };
  const auto over = write("over", "resources: ['" + url + "//base?ref=main']\nnamePrefix: p-\n");
  const auto text = test::as_reference(*over, "over");
  CHECK_THAT(text, Catch::Contains("name: p-far") && Catch::Contains("name: p-shared-"));
  CHECK(test::built(url + "//base") == test::built(tree.at("repo/base")));

  const auto gone = write("over", "resources: ['" + url + "//base?ref=gone']\n");
  CHECK_THAT(error_of(gone->at("over")), Catch::Contains("cloning") && Catch::Contains("gone"));
  const auto nowhere = write("over", "resources: ['" + url + "//nowhere']\n");
  CHECK_THAT(error_of(nowhere->at("over")), Catch::Contains("nowhere"));
  const auto escape = write("over", "resources: ['" + url + "//escape']\n");
  CHECK_THAT(error_of(escape->at("over")), Catch::Contains("repository") || Catch::Contains("neither"));
  // What is cloned reads nothing outside its directory, whatever the command line allows.
  const auto reads = write("over", "resources: ['" + url + "//reads']\n");
  kustomize::BuildOptions open;
  open.load_restrictor = kustomize::LoadRestrictor::none;
  CHECK_THAT(error_of(reads->at("over"), open), Catch::Contains("not in or below"));

  kustomize::BuildOptions no_git;
  no_git.git_command = "git-that-is-not-there";
  CHECK_THAT(error_of(over->at("over"), no_git), Catch::Contains("install git-that-is-not-there"));
}

TEST_CASE("a resource from the web", "[kustomize][remote]") {
  const auto over = [](const std::string &url) {
    return Tree({{"over/kustomization.yaml", "resources: ['" + url + "']\nnamePrefix: w-\n"}});
  };
  const WebServer server(answer("200 OK", kConfigMap));
  CHECK_THAT(test::as_reference(over(server.url("/cm.yaml")), "over"), Catch::Contains("name: w-far"));
  const WebServer moved(answer("302 Found", "", "Location: " + server.url("/there.yaml") + "\r\n"));
  CHECK_THAT(test::as_reference(over(moved.url("/cm.yaml")), "over"), Catch::Contains("name: w-far"));
  const WebServer missing(answer("404 Not Found", "no"));
  const auto tree = over(missing.url("/cm.yaml"));
  CHECK_THAT(error_of(tree.at("over")), Catch::Contains("404"));
}

TEST_CASE("charts go through the program that is named, when that is allowed", "[kustomize][helm]") {
  // Prints its arguments and values as a ConfigMap, as helm prints manifests.
  const std::string program = R"sh(#!/bin/sh
echo "talk that is no manifest: {"
echo ---
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chart}\ndata:\n  arguments: "%s"\n  values: |\n' "$(echo "$*" | sed 's|[^ ]*/||g')"
while [ $# -gt 0 ]; do if [ "$1" = -f ]; then sed 's/^/    /' "$2"; echo; fi; shift; done
)sh";
  const Tree tree({{"over/kustomization.yaml", R"(namespace: ns
namePrefix: p-
helmCharts:
- name: shop
  releaseName: rel
  includeCRDs: true
  apiVersions: [a/v1]
  valuesInline: {color: blue}
)"},
                   {"over/charts/shop/values.yaml", "color: red\nsize: 1\n"},
                   {"helm", program}});
  ::chmod(tree.at("helm").c_str(), 0755);
  CHECK_THAT(error_of(tree.at("over")), Catch::Contains("--enable-helm"));
  kustomize::BuildOptions options;
  options.enable_helm = true;
  options.helm_command = tree.at("helm");
  const auto built = kustomize::build(tree.at("over"), options);
  INFO((built ? "" : built.error().message));
  REQUIRE(built);
  const auto text = kustomize::to_yaml(*built).value();
  CHECK_THAT(text, Catch::Contains("template rel shop --namespace ns") && Catch::Contains("--api-versions v1") &&
                       Catch::Contains("--include-crds") && Catch::Contains("name: p-chart"));
  // Inline values count more, so helm gets them last; and the namespace is helm's affair.
  CHECK(text.find("color: red") < text.find("\"color\":\"blue\""));
  CHECK_THAT(text, !Catch::Contains("namespace: ns\n"));

  options.helm_command = "helm-that-is-not-there";
  CHECK_THAT(error_of(tree.at("over"), options), Catch::Contains("install helm-that-is-not-there"));
  const Tree none({{"over/kustomization.yaml", "helmCharts: [{name: shop}]\n"}});
  CHECK_THAT(error_of(none.at("over"), options), Catch::Contains("charts/shop") && Catch::Contains("repo"));
}

TEST_CASE("a program that takes too long is ended with all it started", "[kustomize][remote]") {
  const auto begin = std::chrono::steady_clock::now();
  const auto done =
      kustomize::run_program({{"sh", "-c", "sleep 60; echo late"}, {}, "", std::chrono::milliseconds(200)});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::deadline_exceeded);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  const auto failed = kustomize::run_program({{"sh", "-c", "echo out; echo why >&2; exit 3"}, {}, ""});
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, Catch::Contains("exits with 3") && Catch::Contains("why"));
}
