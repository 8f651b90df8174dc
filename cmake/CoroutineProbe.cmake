# Compiles and runs coroutine expressions that some compilers miscompile (g++ 12 destroys a temporary of a co_await
# expression twice), and refuses the compiler when the result is wrong.
if(NOT DEFINED KSAIL_COROUTINE_PROBE)
  try_run(run_result compile_result
    ${CMAKE_BINARY_DIR}/coroutine-probe ${CMAKE_CURRENT_LIST_DIR}/coroutine_probe.cpp
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    COMPILE_OUTPUT_VARIABLE compile_output RUN_OUTPUT_VARIABLE run_output)
  if(NOT compile_result)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} cannot compile C++20 coroutines.\n"
      "hint: use clang++-19 (Debian 12: apt-get install clang-19 lld-19), e.g. `cmake --preset dev`.\n${compile_output}")
  elseif(NOT run_result EQUAL 0)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} miscompiles co_await expressions: ${run_output}\n"
      "hint: use clang++-19 (Debian 12: apt-get install clang-19 lld-19), e.g. `cmake --preset dev`.")
  endif()
  set(KSAIL_COROUTINE_PROBE "passed" CACHE INTERNAL "Result of the coroutine probe")
  message(STATUS "Coroutine probe: passed")
endif()
