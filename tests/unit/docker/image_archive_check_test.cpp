// SPDX-License-Identifier: Apache-2.0
#include "image_archive_check.hpp"
#include "tar_archive.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <openssl/sha.h>

using namespace ksail;
using namespace ksail::docker;
using nlohmann::json;

namespace {

std::string sha256(const std::string &text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ::SHA256(reinterpret_cast<const unsigned char *>(text.data()), text.size(), digest);
  std::string hex;
  char two[3];
  for (const unsigned char byte : digest) {
    std::snprintf(two, sizeof two, "%02x", byte);
    hex += two;
  }
  return hex;
}

/// As `docker save` writes it: configuration, layer, index.
std::string saved_image(const std::string &layer, const std::string &stated_diff_id, bool with_layer = true) {
  TarArchive archive(1700000000);
  const json config = {{"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + stated_diff_id}}}}};
  archive.add_file("abc.json", 0644, config.dump());
  if (with_layer) archive.add_file("one/layer.tar", 0644, layer);
  const json index = json::array({{{"Config", "abc.json"}, {"RepoTags", {"app:1"}}, {"Layers", {"one/layer.tar"}}}});
  archive.add_file("manifest.json", 0644, index.dump());
  return std::move(archive).finish();
}

Result<void> check(const std::string &archive, std::size_t piece) {
  ImageArchiveCheck checker("app.tar");
  for (std::size_t at = 0; at < archive.size(); at += piece)
    if (auto fed = checker.feed(std::string_view(archive).substr(at, piece)); !fed) return fed;
  return checker.finish();
}

const std::string layer_bytes(3000, 'x');

} // namespace

TEST_CASE("a whole archive passes, in pieces of any size") {
  const std::string archive = saved_image(layer_bytes, sha256(layer_bytes));
  for (const std::size_t piece : {1u, 7u, 512u, 513u, 4096u, 1u << 20})
    REQUIRE(check(archive, piece).has_value());
}

TEST_CASE("one changed byte in a layer is damage, named by its layer") {
  std::string archive = saved_image(layer_bytes, sha256(layer_bytes));
  archive[archive.find("xxxx") + 100] = 'y';
  const auto result = check(archive, 1000);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Code::data_loss);
  CHECK(result.error().message.find("app.tar is damaged: the layer one/layer.tar") != std::string::npos);
}

TEST_CASE("an archive that ends early is damage wherever it ends") {
  const std::string archive = saved_image(layer_bytes, sha256(layer_bytes));
  // The end marks (two blocks) may be missing: everything else is there then.
  for (std::size_t size = 1; size + 1024 < archive.size(); size += 97) {
    const auto result = check(archive.substr(0, size), 4096);
    INFO("cut at " << size);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message.find("app.tar") != std::string::npos);
  }
  CHECK(check(archive.substr(0, archive.size() - 1024), 4096).has_value());
}

TEST_CASE("a damaged header is found by its checksum") {
  std::string archive = saved_image(layer_bytes, sha256(layer_bytes));
  archive[archive.find("one/layer.tar")] = 'Q';
  const auto result = check(archive, 4096);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("checksum") != std::string::npos);
}

TEST_CASE("a layer that the index names and the archive lacks") {
  const auto result = check(saved_image(layer_bytes, sha256(layer_bytes), false), 4096);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("the layer one/layer.tar is missing") != std::string::npos);
}

TEST_CASE("blobs of an OCI layout carry their digest as their name") {
  const std::string blob = "{\"config\":1}";
  const auto layout = [&](const std::string &content) {
    TarArchive archive(1700000000);
    archive.add_file("oci-layout", 0644, "{\"imageLayoutVersion\":\"1.0.0\"}");
    archive.add_file("blobs/sha256/" + sha256(blob), 0644, content);
    archive.add_file("index.json", 0644, "{\"manifests\":[]}");
    return std::move(archive).finish();
  };
  CHECK(check(layout(blob), 100).has_value());
  const auto result = check(layout("{\"config\":2}"), 100);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("another content than its name says") != std::string::npos);
}

TEST_CASE("what is no image archive is called so") {
  const auto message = [](const std::string &bytes) {
    const auto result = check(bytes, 4096);
    return result ? std::string("accepted") : result.error().message + "; " + result.error().hint;
  };
  TarArchive other(1700000000);
  other.add_file("etc/passwd", 0644, "root");
  CHECK(message(std::move(other).finish()).find("neither manifest.json nor index.json") != std::string::npos);
  CHECK(message(std::string(2000, 'a')).find("no tar file") != std::string::npos);
  CHECK(message("").find("empty") != std::string::npos);
  CHECK(message("\x1f\x8b" + std::string(1000, 'z')).find("gunzip -c") != std::string::npos);
}
