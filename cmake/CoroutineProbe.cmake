# SPDX-License-Identifier: Apache-2.0
# Compiles and runs coroutine expressions that some compilers miscompile (g++ 12 destroys a temporary of a co_await
# expression twice), and refuses the compiler when the result is wrong. Once for ksail itself, and once for everybody who
# takes the installed SDK. Where the result cannot be run (cross compiling): -DKSAIL_COROUTINE_PROBE=skipped.
include_guard(GLOBAL)

function(_ksail_probe_coroutines)
  set(hint "hint: use clang++-19, e.g. with -DCMAKE_CXX_COMPILER=clang++-19 (Debian 12: apt-get install clang-19 lld-19).")
  try_run(run_result compile_result SOURCES ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/coroutine_probe.cpp NO_CACHE
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    COMPILE_OUTPUT_VARIABLE compile_output RUN_OUTPUT_VARIABLE run_output)
  if(NOT compile_result)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} cannot compile C++20 coroutines.\n${hint}\n${compile_output}")
  elseif(NOT run_result EQUAL 0)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} miscompiles co_await expressions: ${run_output}\n${hint}")
  endif()
  set(KSAIL_COROUTINE_PROBE "passed" CACHE INTERNAL "Result of the coroutine probe")
  message(STATUS "Coroutine probe: passed")
endfunction()

if(NOT DEFINED KSAIL_COROUTINE_PROBE)
  _ksail_probe_coroutines()
endif()
