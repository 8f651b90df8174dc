// SPDX-License-Identifier: Apache-2.0
// From kubeconfig text to ClusterAccess: merging, credentials, exec plugins.
// Fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
#include "kubernetes/atomic_file.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/exec_credential.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "kubernetes/server_url.hpp"
#include "kubernetes/yaml_tree.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <optional>

namespace ksail::kubernetes {

namespace {

struct Loaded {
  std::string file; ///< what errors name
  std::string directory;
  YamlNode root;
};

/// An entry and the file it came from: its relative paths are relative to that file.
struct Entry {
  const YamlNode *body = nullptr;
  const Loaded *from = nullptr;
};

Error config_error(const std::string &message, const std::string &hint) { return Error(Code::config, message, hint); }

std::string directory_of(const std::string &file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash);
}

/// client-go's rule: the first file that has an entry of that name gives all of it.
std::optional<Entry> find_entry(const std::vector<Loaded> &files, std::string_view list, std::string_view body,
                                const std::string &name) {
  for (const auto &file : files) {
    const YamlNode *entries = file.root.field(list);
    if (!entries || !entries->is_sequence()) continue;
    for (const auto &entry : entries->items)
      if (entry.text("name") == name) return Entry{entry.field(body), &file};
  }
  return std::nullopt;
}

std::string names_in(const std::vector<Loaded> &files, std::string_view list) {
  std::string out;
  for (const auto &file : files)
    if (const YamlNode *entries = file.root.field(list); entries && entries->is_sequence())
      for (const auto &entry : entries->items)
        out += (out.empty() ? "" : ", ") + entry.text("name");
  return out;
}

std::string all_files(const std::vector<Loaded> &files) {
  std::string out;
  for (const auto &file : files)
    out += (out.empty() ? "" : ", ") + file.file;
  return out;
}

/// `field`-data (base64) wins over `field` (a path).
Result<std::string> content(const Entry &entry, const std::string &field, const std::string &of) {
  if (!entry.body) return std::string();
  if (const std::string data = entry.body->text(field + "-data"); !data.empty()) {
    auto decoded = decode_base64(data);
    if (!decoded)
      return config_error(entry.from->file + ": " + field + "-data of " + of + " is not base64",
                          "fetch the kubeconfig again");
    return std::move(*decoded);
  }
  std::string path = entry.body->text(field);
  if (path.empty()) return std::string();
  if (path.front() != '/') path = entry.from->directory + "/" + path;
  auto text = read_whole_file(path);
  if (!text) return text.error();
  if (!*text)
    return config_error(entry.from->file + ": " + field + " of " + of + " names " + path + ", which does not exist",
                        "correct the path, or fetch the kubeconfig again");
  return std::move(**text);
}

std::vector<std::string> texts(const YamlNode *list) {
  std::vector<std::string> out;
  if (list && list->is_sequence())
    for (const auto &item : list->items)
      if (item.is_scalar()) out.push_back(item.value);
  return out;
}

nlohmann::json json_of(const YamlNode &node) {
  if (node.is_sequence()) {
    auto out = nlohmann::json::array();
    for (const auto &item : node.items)
      out.push_back(json_of(item));
    return out;
  }
  if (node.is_mapping()) {
    auto out = nlohmann::json::object();
    for (std::size_t i = 0; i + 1 < node.items.size(); i += 2)
      out[node.items[i].value] = json_of(node.items[i + 1]);
    return out;
  }
  if (node.is_null()) return nullptr;
  if (node.plain) {
    const auto typed = nlohmann::json::parse(node.value, nullptr, false);
    if (typed.is_number() || typed.is_boolean()) return typed;
  }
  return node.value;
}

/// The cluster as plugins with provideClusterInfo get it.
std::string cluster_info(const YamlNode &cluster, const std::string &ca) {
  auto info = nlohmann::json::object();
  info["server"] = cluster.text("server");
  if (!ca.empty()) info["certificate-authority-data"] = encode_base64(ca);
  if (const auto name = cluster.text("tls-server-name"); !name.empty()) info["tls-server-name"] = name;
  if (const YamlNode *skip = cluster.field("insecure-skip-tls-verify"); skip && skip->is_true())
    info["insecure-skip-tls-verify"] = true;
  info["config"] = nullptr;
  if (const YamlNode *extensions = cluster.field("extensions"); extensions && extensions->is_sequence())
    for (const auto &extension : extensions->items)
      if (extension.text("name") == "client.authentication.k8s.io/exec")
        if (const YamlNode *config = extension.field("extension")) info["config"] = json_of(*config);
  return info.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<ExecPlugin> exec_plugin(const Entry &user, const YamlNode &exec, const YamlNode &cluster, const std::string &ca,
                               const std::string &of) {
  const auto wrong = [&](const std::string &what) {
    return config_error(user.from->file + ":" + std::to_string(exec.line) + ":" + std::to_string(exec.column) +
                            ": exec of " + of + ": " + what,
                        "see `kubectl config view`");
  };
  ExecPlugin plugin;
  plugin.api_version = exec.text("apiVersion");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1")
    return wrong("apiVersion \"" + plugin.api_version + "\" is neither client.authentication.k8s.io/v1 nor v1beta1");
  plugin.command = exec.text("command");
  if (plugin.command.empty()) return wrong("it has no command");
  if (plugin.command.find('/') != std::string::npos && plugin.command.front() != '/')
    plugin.command = user.from->directory + "/" + plugin.command;
  plugin.args = texts(exec.field("args"));
  if (const YamlNode *env = exec.field("env"); env && env->is_sequence())
    for (const auto &variable : env->items)
      plugin.env.emplace_back(variable.text("name"), variable.text("value"));
  plugin.install_hint = exec.text("installHint");
  const std::string mode = exec.text("interactiveMode");
  if (mode == "Never")
    plugin.interaction = ExecPlugin::Interaction::never;
  else if (mode == "Always")
    plugin.interaction = ExecPlugin::Interaction::always;
  else if (mode == "IfAvailable" || (mode.empty() && plugin.api_version.ends_with("/v1beta1")))
    plugin.interaction = ExecPlugin::Interaction::if_available;
  else
    return wrong(mode.empty() ? "interactiveMode is missing; v1 requires it"
                              : "interactiveMode \"" + mode + "\" is none of Never, IfAvailable, Always");
  if (const YamlNode *provide = exec.field("provideClusterInfo"); provide && provide->is_true())
    plugin.cluster_json = cluster_info(cluster, ca);
  return plugin;
}

Result<void> add_cluster(ClusterAccess &access, const Entry &entry, const std::string &of) {
  const YamlNode &cluster = *entry.body;
  if (!cluster.text("proxy-url").empty())
    return config_error(entry.from->file + ": " + of + " has a proxy-url, and proxies are not supported",
                        "use a server address that can be reached directly");
  http::TlsOptions tls;
  auto ca = content(entry, "certificate-authority", of);
  if (!ca) return ca.error();
  tls.ca_pem = std::move(*ca);
  tls.server_name = cluster.text("tls-server-name");
  if (const YamlNode *skip = cluster.field("insecure-skip-tls-verify"); skip && skip->is_true()) {
    if (!tls.ca_pem.empty())
      return config_error(entry.from->file + ": " + of +
                              " has both a certificate authority and insecure-skip-tls-verify",
                          "remove one of them");
    tls.verify = false;
  }
  const std::string server = cluster.text("server");
  if (server.empty()) return config_error(entry.from->file + ": " + of + " has no server", "see `kubectl config view`");
  auto url = parse_server_url(server, !tls.ca_pem.empty() || !tls.verify);
  if (!url) return Error(url.error()).in(entry.from->file);
  access.base_path = url->base_path;
  access.endpoint = url->tls ? http::Endpoint::tls_tcp(url->host, url->port, std::move(tls))
                             : http::Endpoint::tcp(url->host, url->port);
  return {};
}

void add_impersonation(ClusterAccess &access, const YamlNode &user) {
  access.impersonate_user = user.text("as");
  access.impersonate_uid = user.text("as-uid");
  access.impersonate_groups = texts(user.field("as-groups"));
  if (const YamlNode *extra = user.field("as-user-extra"); extra && extra->is_mapping())
    for (std::size_t i = 0; i + 1 < extra->items.size(); i += 2)
      access.impersonate_extra[extra->items[i].value] = texts(&extra->items[i + 1]);
}

std::string trimmed(std::string text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  text.resize(last == std::string::npos ? 0 : last + 1);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? std::string() : text.substr(first);
}

/// Returns whether the credentials can be renewed by loading again.
Result<bool> add_user(ClusterAccess &access, const Entry &entry, const YamlNode &cluster, const std::string &of) {
  if (!entry.body || !entry.body->is_mapping()) return false;
  const YamlNode &user = *entry.body;
  bool renewable = false;
  auto certificate = content(entry, "client-certificate", of);
  if (!certificate) return certificate.error();
  auto key = content(entry, "client-key", of);
  if (!key) return key.error();
  if (certificate->empty() != key->empty())
    return config_error(entry.from->file + ": " + of + " has a client " + (key->empty() ? "certificate" : "key") +
                            " without its " + (key->empty() ? "key" : "certificate"),
                        "fetch the kubeconfig again");
  access.endpoint.tls.certificate_pem = std::move(*certificate);
  access.endpoint.tls.key_pem = std::move(*key);

  access.bearer_token = user.text("token");
  std::string token_file = user.text("tokenFile");
  if (token_file.empty()) token_file = user.text("token-file");
  if (!token_file.empty()) { // wins over token: it is the one that gets renewed
    if (token_file.front() != '/') token_file = entry.from->directory + "/" + token_file;
    auto token = read_whole_file(token_file);
    if (!token) return token.error();
    if (!*token)
      return config_error(entry.from->file + ": tokenFile of " + of + " names " + token_file + ", which does not exist",
                          "correct the path, or log in again");
    access.bearer_token = trimmed(**token);
    renewable = true;
  }
  access.basic_user = user.text("username");
  access.basic_password = user.text("password");
  add_impersonation(access, user);

  if (const YamlNode *exec = user.field("exec"); exec && exec->is_mapping()) {
    auto plugin = exec_plugin(entry, *exec, cluster, access.endpoint.tls.ca_pem, of);
    if (!plugin) return plugin.error();
    const bool may_ask = plugin->interaction != ExecPlugin::Interaction::never;
    auto credential = run_exec_plugin(*plugin, may_ask ? std::chrono::minutes(5) : std::chrono::minutes(1));
    if (!credential) return credential.error();
    if (!credential->token.empty()) access.bearer_token = std::move(credential->token);
    if (!credential->certificate_pem.empty()) {
      access.endpoint.tls.certificate_pem = std::move(credential->certificate_pem);
      access.endpoint.tls.key_pem = std::move(credential->key_pem);
    }
    renewable = true;
  } else if (const YamlNode *provider = user.field("auth-provider"); provider && provider->is_mapping()) {
    const YamlNode *settings = provider->field("config");
    const std::string id_token = settings ? settings->text("id-token") : "";
    if (provider->text("name") != "oidc" || id_token.empty())
      return config_error(entry.from->file + ": " + of + " uses the auth-provider \"" + provider->text("name") +
                              "\", which Kubernetes removed",
                          "use its exec credential plugin instead");
    access.bearer_token = id_token;
  }
  return renewable;
}

Result<ClusterAccess> access_of(const std::vector<Loaded> &files, std::string context, bool &renewable) {
  const std::string where = all_files(files);
  if (context.empty())
    for (const auto &file : files)
      if (context = file.root.text("current-context"); !context.empty()) break;
  const std::string known = names_in(files, "contexts");
  const std::string choices =
      known.empty() ? "there is no context in it; `ksail cluster create` makes one" : "contexts: " + known;
  if (context.empty())
    return config_error("no context is current in " + where,
                        known.empty() ? choices : "choose one with --context; " + choices);
  const auto entry = find_entry(files, "contexts", "context", context);
  if (!entry || !entry->body) return config_error("there is no context \"" + context + "\" in " + where, choices);
  const std::string cluster_name = entry->body->text("cluster");
  const std::string user_name = entry->body->text("user");
  const auto cluster = find_entry(files, "clusters", "cluster", cluster_name);
  if (!cluster || !cluster->body)
    return config_error("context \"" + context + "\" names the cluster \"" + cluster_name + "\", which is not in " +
                            where,
                        "see `kubectl config view`");
  ClusterAccess access;
  if (const std::string ns = entry->body->text("namespace"); !ns.empty()) access.default_namespace = ns;
  if (auto added = add_cluster(access, *cluster, "cluster \"" + cluster_name + "\""); !added) return added.error();
  if (user_name.empty()) return access;
  const auto user = find_entry(files, "users", "user", user_name);
  if (!user)
    return config_error("context \"" + context + "\" names the user \"" + user_name + "\", which is not in " + where,
                        "see `kubectl config view`");
  auto added = add_user(access, *user, *cluster->body, "user \"" + user_name + "\"");
  if (!added) return added.error();
  renewable = *added;
  return access;
}

Result<Loaded> load_text(const std::string &text, const std::string &file) {
  auto tree = parse_yaml_tree(text, file);
  if (!tree) return tree.error();
  Loaded loaded;
  loaded.file = file;
  loaded.directory = directory_of(file);
  loaded.root = *tree ? std::move(**tree) : YamlNode::mapping();
  if (loaded.root.is_null()) loaded.root = YamlNode::mapping();
  if (!loaded.root.is_mapping())
    return config_error(file + ":1:1: this is not a kubeconfig: a mapping was expected",
                        "choose another file with --kubeconfig");
  return loaded;
}

/// What a pod gets from Kubernetes; kubectl falls back to it where there is no kubeconfig.
std::optional<Result<ClusterAccess>> in_cluster_access() {
  const char *host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char *port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (!host || !port || !*host || !*port) return std::nullopt;
  const std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount/";
  auto token = read_whole_file(directory + "token");
  if (!token || !*token) return std::nullopt;
  http::TlsOptions tls;
  if (auto ca = read_whole_file(directory + "ca.crt"); ca && *ca) tls.ca_pem = **ca;
  const std::string v6 = std::string(host).find(':') != std::string::npos ? "[" + std::string(host) + "]" : host;
  auto url = parse_server_url("https://" + v6 + ":" + port, true);
  if (!url) return Result<ClusterAccess>(url.error());
  ClusterAccess access;
  access.endpoint = http::Endpoint::tls_tcp(url->host, url->port, std::move(tls));
  access.bearer_token = trimmed(**token);
  if (auto ns = read_whole_file(directory + "namespace"); ns && *ns && !trimmed(**ns).empty())
    access.default_namespace = trimmed(**ns);
  access.refresh = [] { return in_cluster_access().value_or(Error(Code::unauthenticated, "the pod's token is gone")); };
  return Result<ClusterAccess>(std::move(access));
}

} // namespace

Result<ClusterAccess> load_access(const std::vector<std::string> &files, const std::string &context) {
  std::vector<Loaded> loaded;
  std::string missing;
  for (const auto &file : files) {
    auto text = read_whole_file(file);
    if (!text) return text.error();
    if (!*text) {
      missing += (missing.empty() ? "" : ", ") + file;
      continue;
    }
    auto one = load_text(**text, file);
    if (!one) return one.error();
    loaded.push_back(std::move(*one));
  }
  if (loaded.empty()) {
    if (context.empty())
      if (auto inside = in_cluster_access()) return std::move(*inside);
    return config_error("there is no kubeconfig: " +
                            (missing.empty() ? "HOME and KUBECONFIG are not set" : missing + " does not exist"),
                        "`ksail cluster create` writes one; or name another with --kubeconfig");
  }
  bool renewable = false;
  auto access = access_of(loaded, context, renewable);
  if (access && renewable) access->refresh = [files, context] { return load_access(files, context); };
  return access;
}

Result<ClusterAccess> parse_access(const std::string &yaml, const std::string &context) {
  std::vector<Loaded> loaded;
  auto one = load_text(yaml, "kubeconfig");
  if (!one) return one.error();
  loaded.push_back(std::move(*one));
  bool renewable = false;
  auto access = access_of(loaded, context, renewable);
  if (access && renewable) access->refresh = [yaml, context] { return parse_access(yaml, context); };
  return access;
}

} // namespace ksail::kubernetes
