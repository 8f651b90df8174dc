// SPDX-License-Identifier: Apache-2.0
// A node as it is asked for (provider-1.md, "template"), checked.
#pragma once

#include <ksail/sdk/provider.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace ksail::docker {

struct PublishedPort {
  int container = 0;
  int host = 0;        ///< 0 until one was chosen
  bool chosen = false; ///< not asked for by the user: another one is as good
  std::string host_address = "127.0.0.1";
  std::string protocol = "tcp";
};

struct PlacedFile {
  std::string path;
  unsigned mode = 0644;
  std::string content;
  std::string symlink; ///< instead of content
};

struct NodeTemplate {
  std::string name;
  std::string role;
  std::string image;
  std::string address; ///< fixed IPv4, or empty
  std::vector<PublishedPort> ports;
  std::vector<PlacedFile> files;
  std::vector<std::string> tmpfs; ///< mount points
  std::vector<std::string> volumes;
  bool read_only_root = false;
  nlohmann::json labels = nlohmann::json::object();
  nlohmann::json settings; ///< the template itself, for members that are passed on as they are
};

/// Reads one template; file contents may stand in the request's blobs. invalid_argument names the node and the member
/// for anything wrong, for members that are unknown, and for what this provider cannot give.
Result<NodeTemplate> parse_node_template(const nlohmann::json &value, const sdk::Request &request);

/// Files as a tar archive, to be unpacked in `folder`.
struct FileArchive {
  std::string folder;
  std::string bytes;
};
/// The node's files: one archive for the root, or one for each volume where the root can only be read (the engine then
/// unpacks nowhere else). Empty when there are none.
std::vector<FileArchive> file_archives(const NodeTemplate &node, std::int64_t modified_unix);

/// Whether `path` is `folder` or below it.
bool is_below(std::string_view path, std::string_view folder);

} // namespace ksail::docker
