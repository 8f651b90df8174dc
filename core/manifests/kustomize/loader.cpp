// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/loader.hpp"

#include "manifests/kustomize/remote.hpp"

#include <algorithm>
#include <fstream>

namespace ksail::manifests::kustomize {
namespace {

namespace fs = std::filesystem;

/// Far beyond what makes sense; a build holds each of its files several times over.
constexpr std::size_t kLargestFile = std::size_t{256} << 20U;

bool within(const fs::path &path, const fs::path &directory) {
  const auto [end, ignored] = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return end == directory.end();
}

/// As Go's filepath.Join: `..` takes the name before it away whatever that is, and a slash at the end does not count.
fs::path joined(const fs::path &directory, const std::string &path) {
  auto text = (directory / path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) {
    text.pop_back();
  }
  return text;
}

/// Says by itself that it is no web file.
bool is_clearly_git(const std::string &path) {
  if (!is_web_url(path)) {
    return parse_git_url(path).has_value();
  }
  const auto query = path.find('?');
  const auto address = path.substr(0, query);
  return parse_git_url(path) &&
         (address.find(".git") != path.npos || address.find("_git/") != path.npos ||
          address.find("//", 8) != path.npos ||
          (query != path.npos && (path.find("ref=", query) != path.npos || path.find("version=", query) != path.npos)));
}

} // namespace

Result<Loader> Loader::root(const std::string &directory, const BuildOptions &options) {
  auto session = std::make_shared<Session>(Session{options, {}});
  std::error_code error;
  Loader loader;
  loader.path_ = fs::canonical(directory, error);
  if (error || !fs::is_directory(loader.path_, error)) {
    if (const auto url = parse_git_url(directory)) {
      return repository(std::move(session), *url, directory);
    }
    if (!error) {
      return Error(Code::not_found, directory + " is a file, and an overlay is a directory",
                   "name the directory of a kustomization.yaml; manifests are given with -f");
    }
    return Error(Code::not_found, "there is no directory " + directory, "name a directory with a kustomization.yaml");
  }
  loader.shown_ = directory;
  loader.restrictor_ = options.load_restrictor;
  loader.visited_ = {loader.path_};
  loader.session_ = std::move(session);
  return loader;
}

Result<Loader> Loader::repository(std::shared_ptr<Session> session, const GitUrl &url, const std::string &shown) {
  auto &clone = session->clones[url.repository + "\n" + url.ref + (url.submodules ? "\n+" : "\n-")];
  if (!clone) {
    auto fresh = clone_repository(url, session->options.git_command);
    if (!fresh) {
      return fresh.error();
    }
    clone = std::move(*fresh);
  }
  std::error_code error;
  Loader loader;
  loader.path_ = fs::canonical(clone->path() / url.path, error);
  if (error || !fs::is_directory(loader.path_, error)) {
    return Error(Code::not_found, "there is no directory " + url.path + " in " + url.repository,
                 "?ref=BRANCH at the end of the URL names another branch or tag");
  }
  if (!within(loader.path_, clone->path())) {
    return Error(Code::config, "security: " + url.path + " leads out of " + url.repository);
  }
  loader.shown_ = shown;
  loader.visited_ = {loader.path_};
  loader.urls_ = {shown};
  loader.clone_ = clone;
  loader.url_ = url;
  loader.session_ = std::move(session);
  return loader;
}

Origin Loader::origin_from(const Origin &parent, const std::string &path) const {
  if (url_) {
    return {url_->path, url_->repository, url_->ref};
  }
  return {joined(parent.path, path).string(), parent.repo, parent.ref};
}

Result<std::optional<std::string>> Loader::file(const std::string &path) const {
  std::error_code error;
  if (!is_web_url(path)) {
    const auto full = joined(path_, path);
    const bool there = fs::exists(full, error);
    if (fs::is_directory(full, error) || (!there && parse_git_url(path))) {
      return std::optional<std::string>();
    }
    if (!there) {
      return Error(Code::not_found, "there is neither a file nor a directory " + path + " in " + shown_,
                   "paths are taken from the directory of the kustomization");
    }
  } else if (is_clearly_git(path)) {
    return std::optional<std::string>();
  }
  auto text = load(path);
  if (is_web_url(path) && parse_git_url(path)) {
    // What is no file of objects may be the page of a repository.
    const auto begin = text ? text->find_first_not_of(" \t\r\n") : std::string::npos;
    if (!text || (begin != std::string::npos && (*text)[begin] == '<')) {
      return std::optional<std::string>();
    }
  }
  if (!text) {
    return text.error();
  }
  return std::optional<std::string>(std::move(*text));
}

Result<std::string> Loader::load(const std::string &path) const {
  if (is_web_url(path)) {
    return fetch_web_file(path);
  }
  std::error_code error;
  const auto full = fs::canonical(joined(path_, path), error);
  if (error) {
    return Error(Code::not_found, "there is no file " + path + " in " + shown_);
  }
  if (fs::is_directory(full, error)) {
    return Error(Code::config, path + " in " + shown_ + " is a directory, not a file");
  }
  if (restrictor_ == LoadRestrictor::root_only && !within(full.parent_path(), path_)) {
    return Error(Code::config, "security: the file " + path + " is not in or below " + shown_,
                 "move it there, make a base of its directory, or use --load-restrictor LoadRestrictionsNone");
  }
  std::ifstream in(full, std::ios::binary);
  std::string text;
  constexpr std::size_t kStep = std::size_t{1} << 20U;
  for (std::size_t step = kStep; in && text.size() <= kLargestFile; step = std::max(kStep, text.size())) {
    const std::size_t old = text.size();
    text.resize(old + step);
    in.read(text.data() + old, static_cast<std::streamsize>(step));
    text.resize(old + static_cast<std::size_t>(in.gcount()));
  }
  if (text.size() > kLargestFile) {
    return Error(Code::config,
                 "the file " + path + " in " + shown_ + " is larger than " + std::to_string(kLargestFile >> 20U) +
                     " MiB",
                 "the API server takes objects of about 1 MiB: check that it is what is meant");
  }
  if (!in.eof() || in.bad()) {
    return Error(Code::permission_denied, "cannot read the file " + path + " in " + shown_);
  }
  return text;
}

Result<Loader> Loader::directory(const std::string &path) const {
  if (const auto url = parse_git_url(path)) {
    for (const auto &visited : urls_) {
      if (visited.starts_with(path)) {
        return Error(Code::config, "cycle: " + visited + " builds on " + path + ", which is being built");
      }
    }
    auto loader = repository(session_, *url, path);
    if (loader) {
      loader->urls_.insert(loader->urls_.begin(), urls_.begin(), urls_.end());
    }
    return loader;
  }
  if (path.empty() || fs::path(path).is_absolute()) {
    return Error(Code::config, path.empty() ? "an empty path stands among the directories of " + shown_
                                            : "the path of a base has to be relative: " + path);
  }
  std::error_code error;
  Loader loader;
  loader.path_ = fs::canonical(joined(path_, path), error);
  if (error || !fs::is_directory(loader.path_, error)) {
    return Error(Code::not_found, "there is neither a file nor a directory " + path + " in " + shown_);
  }
  if (clone_ && !within(loader.path_, clone_->path())) {
    return Error(Code::config, "security: " + path + " leads from " + shown_ + " out of its repository");
  }
  for (const auto &visited : visited_) {
    if (within(visited, loader.path_)) {
      return Error(Code::config,
                   "cycle: " + shown_ + " builds on " + path + ", which holds " + visited.filename().string() +
                       ", which is being built",
                   "a base may not stand above what uses it");
    }
  }
  loader.shown_ = (fs::path(shown_) / path).lexically_normal().string();
  loader.restrictor_ = restrictor_;
  loader.visited_ = visited_;
  loader.visited_.push_back(loader.path_);
  loader.urls_ = urls_;
  loader.session_ = session_;
  loader.clone_ = clone_;
  return loader;
}

Result<std::string> Loader::kustomization_file() const {
  std::string found;
  for (const char *name : kustomization_files) {
    std::error_code error;
    if (fs::is_regular_file(path_ / name, error)) {
      if (!found.empty()) {
        return Error(Code::config, shown_ + " holds both " + found + " and " + name, "keep one of them");
      }
      found = name;
    }
  }
  if (found.empty()) {
    return Error(Code::config, shown_ + " holds no kustomization.yaml, kustomization.yml or Kustomization");
  }
  return found;
}

} // namespace ksail::manifests::kustomize
