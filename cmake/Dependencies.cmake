# Everything comes from the distribution's packages; nothing is downloaded at configure time.
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 QUIET)
if(NOT Boost_FOUND)
  message(FATAL_ERROR "Boost 1.81 or newer is needed.\nhint: apt-get install libboost1.81-dev (it replaces libboost1.74-dev).")
endif()
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(LIBARCHIVE REQUIRED IMPORTED_TARGET libarchive)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
if(KSAIL_BUILD_TESTS)
  find_package(Catch2 2.13 REQUIRED)
endif()

# Header-only Boost with the settings every part of the tree shares.
add_library(ksail_boost INTERFACE)
target_link_libraries(ksail_boost INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(ksail_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_DLL_USE_STD_FS BOOST_ERROR_CODE_HEADER_ONLY)
