// SPDX-License-Identifier: Apache-2.0
#include "image_reference.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::docker;

TEST_CASE("a reference is taken apart into registry, path, tag and digest") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  struct Case {
    std::string text, domain, path, tag, digest;
  };
  const Case cases[] = {
      {"busybox:1.36", "docker.io", "library/busybox", "1.36", ""},
      {"docker.io/some/node:v1", "docker.io", "some/node", "v1", ""},
      {"some/node:v1@" + digest, "docker.io", "some/node", "v1", digest},
      {"ghcr.io/a/b/c@" + digest, "ghcr.io", "a/b/c", "", digest},
      {"localhost:5000/x:1", "localhost:5000", "x", "1", ""},
      {"localhost/x:1", "localhost", "x", "1", ""},
      {"index.docker.io/x:1", "docker.io", "library/x", "1", ""},
      {"[::1]:5000/x:1", "[::1]:5000", "x", "1", ""},
      {"a--b__c.d:1", "docker.io", "library/a--b__c.d", "1", ""},
  };
  for (const auto &c : cases) {
    const auto ref = parse_image_reference(c.text);
    INFO(c.text);
    REQUIRE(ref);
    CHECK(ref->domain == c.domain);
    CHECK(ref->path == c.path);
    CHECK(ref->tag == c.tag);
    CHECK(ref->digest == c.digest);
  }
}

TEST_CASE("what is no reference is refused") {
  for (const char *text :
       {"", ":1", "UPPER/x y:1", "a//b:1", "x:", "x@sha256:12", "x:-1", "-x:1", "a/b/:1", "http://x/y:1"}) {
    INFO(text);
    const auto ref = parse_image_reference(text);
    REQUIRE_FALSE(ref);
    CHECK(ref.error().code == Code::invalid_argument);
    CHECK_FALSE(ref.error().hint.empty());
  }
}

TEST_CASE("only references that stay the same are pinned") {
  CHECK(parse_pinned_reference("x:1"));
  CHECK(parse_pinned_reference("x@sha256:" + std::string(64, '0')));
  CHECK(parse_pinned_reference("sha256:" + std::string(64, '0')));
  for (const char *text : {"x", "x:latest", "localhost:5000/x", "ghcr.io/a/b:latest"}) {
    const auto ref = parse_pinned_reference(text);
    INFO(text);
    REQUIRE_FALSE(ref);
    CHECK(ref.error().code == Code::invalid_argument);
    CHECK(ref.error().hint.find("pin it") != std::string::npos);
  }
}

TEST_CASE("credentials of Docker Hub are kept under its historic name") {
  CHECK(parse_image_reference("busybox:1")->registry_key() == "https://index.docker.io/v1/");
  CHECK(parse_image_reference("ghcr.io/a:1")->registry_key() == "ghcr.io");
}
