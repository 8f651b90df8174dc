// Counts constructions and destructions around co_await expressions with temporaries. Exit 0: balanced.
#include <coroutine>
#include <cstdio>
#include <exception>
#include <utility>

static int alive = 0;
static bool negative = false;

struct Counted {
  Counted() { ++alive; }
  Counted(const Counted &) { ++alive; }
  Counted(Counted &&) noexcept { ++alive; }
  Counted &operator=(const Counted &) = default;
  ~Counted() {
    if (--alive < 0) negative = true;
  }
};

struct Aggregate {
  Counted value;
  int number;
};

struct Task {
  struct promise_type {
    std::coroutine_handle<> continuation;
    int value = 0;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        if (h.promise().continuation) return h.promise().continuation;
        return std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(int v) { value = v; }
    void unhandled_exception() { std::terminate(); }
  };
  explicit Task(std::coroutine_handle<promise_type> h) : handle(h) {}
  Task(Task &&o) noexcept : handle(std::exchange(o.handle, {})) {}
  ~Task() {
    if (handle) handle.destroy();
  }
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> c) {
    handle.promise().continuation = c;
    return handle;
  }
  int await_resume() { return handle.promise().value; }
  std::coroutine_handle<promise_type> handle;
};

static Task by_value(Aggregate a) { co_return a.number; }
static Task by_reference(const Aggregate &a) { co_return a.number; }
template <class F> static Task call(F f) { co_return f(); }

static Task run() {
  int sum = 0;
  Counted c;
  sum += co_await by_value(Aggregate{Counted{}, 1});
  sum += co_await by_value({Counted{}, 2});
  sum += co_await by_reference(Aggregate{Counted{}, 3});
  sum += co_await call([c] { return 4; });
  Aggregate whole{Counted{}, co_await by_value(Aggregate{Counted{}, 5})};
  sum += whole.number;
  co_return sum;
}

int main() {
  {
    Task t = run();
    t.handle.resume();
    if (t.handle.promise().value != 15) {
      std::puts("wrong value");
      return 1;
    }
  }
  if (alive != 0 || negative) {
    std::printf("%d objects alive after the coroutine ended", alive);
    return 1;
  }
  return 0;
}
