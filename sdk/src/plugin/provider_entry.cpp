// SPDX-License-Identifier: Apache-2.0
// The entry table of a provider written with the author layer. Every function here is an exception barrier: nothing
// unwinds into the host.
#include "host_view.hpp"
#include "operation.hpp"
#include "runtime.hpp"

#include <ksail/sdk/detail/abi_read.hpp>

#include <mutex>

namespace ksail::sdk {

namespace {

class Instance {
public:
  void describe(const char *id, const char *version, ProviderFactory make) {
    id_ = id;
    make_ = make;
    provider_.size = sizeof provider_;
    provider_.self = this;
    provider_.start = [](void *self, const ksail_request *request, const ksail_callbacks *callbacks) noexcept {
      return static_cast<Instance *>(self)->start(request, callbacks);
    };
    entry_.size = sizeof entry_;
    entry_.abi_major = KSAIL_ABI_MAJOR;
    entry_.abi_minor = KSAIL_ABI_MINOR;
    entry_.min_host_minor = 0;
    entry_.id = detail::abi_str(id);
    entry_.version = detail::abi_str(version);
    entry_.init = [](const ksail_host *host) noexcept { return instance().init(host); };
    entry_.query_interface = [](ksail_str id_wanted) noexcept -> const void * {
      return detail::abi_view(id_wanted) == KSAIL_PROVIDER_1 ? &instance().provider_ : nullptr;
    };
    entry_.shutdown = [](std::uint64_t grace_ns) noexcept { return instance().shutdown(grace_ns); };
  }
  const ksail_entry_1 *entry() const { return &entry_; }

  static Instance &instance() {
    static auto *const only = new Instance; // never destroyed: a thread may outlive main()
    return *only;
  }

private:
  enum class State { found, initialised, dead };

  std::int32_t init(const ksail_host *host) noexcept {
    try {
      const std::lock_guard lock(mutex_);
      if (state_ != State::found) return KSAIL_FAILED_PRECONDITION;
      if (!host) return KSAIL_INVALID_ARGUMENT;
      host_.connect(host);
      state_ = State::initialised;
      return KSAIL_OK;
    } catch (...) {
      return KSAIL_INTERNAL;
    }
  }

  ksail_op *start(const ksail_request *given, const ksail_callbacks *given_callbacks) noexcept {
    const auto callbacks = detail::abi_read(given_callbacks);
    if (!callbacks.done) return nullptr; // nobody to answer to
    try {
      const auto request = detail::abi_read(given);
      if (request.verb.len == 0) throw Error(Code::invalid_argument, "the request names no verb");
      const auto operation = std::make_shared<Operation>(runtime(), request, callbacks);
      ksail_op *const handed_out = operation->hand_out();
      try {
        runtime()->start(operation);
      } catch (...) {
        handed_out->release(handed_out->self);
        throw;
      }
      return handed_out;
    } catch (const Error &error) {
      finish_with(callbacks, error);
    } catch (const std::exception &e) {
      finish_with(callbacks,
                  Error(Code::resource_exhausted, std::string("the request could not be started: ") + e.what()));
    } catch (...) {
      finish_with(callbacks, Error(Code::internal, "the request could not be started"));
    }
    return nullptr;
  }

  /// The runtime, started by the first request. Throws an Error when the plugin is not in use.
  std::shared_ptr<Runtime> runtime() {
    const std::lock_guard lock(mutex_);
    if (state_ == State::found) throw Error(Code::failed_precondition, "the " + id_ + " plugin was not initialised");
    if (state_ == State::dead) throw Error(Code::cancelled, "the " + id_ + " plugin is shut down");
    if (!runtime_) {
      const auto fresh = std::make_shared<Runtime>(id_, make_, host_);
      fresh->launch();
      runtime_ = fresh;
    }
    return runtime_;
  }

  std::int32_t shutdown(std::uint64_t grace_ns) noexcept {
    try {
      std::shared_ptr<Runtime> last;
      {
        const std::lock_guard lock(mutex_);
        state_ = State::dead;
        last = runtime_;
      }
      if (!last) return KSAIL_OK;
      constexpr std::uint64_t longest = 3600ull * 1000000000ull;
      const auto grace = std::chrono::nanoseconds(std::min(grace_ns, longest));
      if (!last->shutdown(grace)) return KSAIL_DEADLINE_EXCEEDED; // its thread or its operations still need it
      const std::lock_guard lock(mutex_);
      runtime_.reset();
      return KSAIL_OK;
    } catch (...) {
      return KSAIL_INTERNAL;
    }
  }

  std::string id_;
  ProviderFactory make_ = nullptr;
  ksail_entry_1 entry_{};
  ksail_provider_1 provider_{};
  HostView host_;
  std::mutex mutex_;
  State state_ = State::found;
  std::shared_ptr<Runtime> runtime_;
};

} // namespace

const ksail_entry_1 *provider_entry(const char *id, const char *version, ProviderFactory make) {
  auto &instance = Instance::instance();
  static const bool described = (instance.describe(id, version, make), true);
  (void)described;
  return instance.entry();
}

} // namespace ksail::sdk
