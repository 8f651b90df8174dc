// SPDX-License-Identifier: Apache-2.0
// C++ author layer over abi.h: derive from Provider, name it in KSAIL_PROVIDER_PLUGIN, and everything the ABI asks for
// (exactly-once completion, cancellation, exception barriers, copying of borrowed data, thread and io_context) is done here.
#pragma once

#include <ksail/abi.h>
#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::sdk {

using json = nlohmann::json; ///< never crosses the border itself: text does

/// Named bytes beside a JSON text.
struct Blob {
  std::string name;
  std::string data;
  Blob() = default;
  Blob(std::string n, std::string d) : name(std::move(n)), data(std::move(d)) {}
};

/// One request as the host made it, owned.
struct Request {
  std::string verb;
  std::string operation_id;
  json body;
  std::vector<Blob> blobs;
  /// Bytes of a blob, or nullptr.
  const std::string *blob(std::string_view name) const {
    for (const auto &b : blobs)
      if (b.name == name) return &b.data;
    return nullptr;
  }
};

struct Reply { ///< the answer to a verb: its JSON and the bytes beside it
  json body = json::object();
  std::vector<Blob> blobs;
  Reply() = default;
  explicit Reply(json b) : body(std::move(b)) {}
};

/// What a running operation may use. Lives until the operation ends; on the plugin's executor.
class Context {
public:
  virtual ~Context() = default;
  virtual Deadline deadline() const = 0;
  /// Progress and early results, in the order of the calls.
  virtual void event(const json &event, const std::vector<Blob> &blobs) = 0;
  void event(const json &e) {
    static const std::vector<Blob> none;
    event(e, none);
  }
};

/// The host's services. Usable from any thread, from init to shutdown.
class Host {
public:
  virtual ~Host() = default;
  virtual bool log_enabled(int level) const = 0;
  virtual void log(int level, std::string_view message) const = 0;
  /// The secret's value, or nullopt.
  virtual std::optional<std::string> secret(std::string_view name) const = 0;
  virtual void redact(std::string_view value) const = 0;
};

/// A provider. One instance per process; run() is called on the plugin's own single-threaded executor, many at a time.
/// Cancellation reaches run() as asio cancellation (terminal): clean up and return Code::cancelled.
class Provider {
public:
  virtual ~Provider() = default;
  virtual asio::awaitable<Result<Reply>> run(Request request, Context &context) = 0;
  /// Called on the executor when the host shuts down, after everything in flight ended.
  virtual void close() {}
};

using ProviderFactory = std::unique_ptr<Provider> (*)(asio::any_io_executor executor, const Host &host); ///< once, at init

/// The static entry table for a provider plugin; used by the macro.
const ksail_entry_1 *provider_entry(const char *id, const char *version, ProviderFactory make);

} // namespace ksail::sdk

/// In exactly one source file of the plugin. `Type` is constructible from (asio::any_io_executor, const ksail::sdk::Host&).
#define KSAIL_PROVIDER_PLUGIN(ID, VERSION, Type)                                                                          \
  extern "C" __attribute__((visibility("default"))) const ksail_entry_1 *ksail_plugin_entry_v1(void) noexcept {         \
    return ::ksail::sdk::provider_entry(                                                                                \
        ID, VERSION,                                                                                                    \
        [](::boost::asio::any_io_executor ex, const ::ksail::sdk::Host &host) -> std::unique_ptr<::ksail::sdk::Provider> { \
          return std::make_unique<Type>(std::move(ex), host);                                                           \
        });                                                                                                             \
  }
