// SPDX-License-Identifier: Apache-2.0
// What is known of objects and of what belongs to them, as a tree of states. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

/// The states of kstatus, and the reason as words.
struct StatusNode {
  std::string object; ///< "Deployment shop/web"
  std::string state;  ///< Current | InProgress | Failed | Terminating | NotFound | Unknown
  std::string reason; ///< empty when Current
  std::vector<StatusNode> children;
};

/// The worst of a tree's states, in the order Failed, NotFound, Unknown, Terminating, InProgress, Current; "" of
/// nothing.
std::string worst_state(const std::vector<StatusNode> &nodes);

class StatusBoard {
public:
  StatusBoard();
  ~StatusBoard();
  StatusBoard(StatusBoard &&) noexcept;

  /// An event of a watch on `collection` ("ADDED", "MODIFIED", "DELETED"; any object with its kind).
  void changed(const std::string &collection, std::string_view type, const nlohmann::json &object);
  /// The collection cannot be read: its objects are Unknown.
  void unreadable(const std::string &collection, std::string why);

  struct Wanted {
    std::string collection; ///< empty: the server does not have the kind
    std::string ns, name;
    std::string title; ///< "Deployment shop/web"
    std::string why{}; ///< with an empty collection: what the server said
  };
  /// One node per wanted object, same order, with what they own below.
  std::vector<StatusNode> tree(const std::vector<Wanted> &wanted) const;
  /// Every object that no other one here owns, by kind and name.
  std::vector<StatusNode> whole() const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace ksail
