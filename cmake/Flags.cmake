# Warnings, hardening, linker and sanitizers, for every target of the tree.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
  "$<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>"
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=" -fno-plt -fstack-protector-strong)
if(KSAIL_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,--gc-sections -Wl,--as-needed)
add_compile_options(-ffunction-sections -fdata-sections)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
  # The program and its plugins stay small: equal functions once, relocations packed (glibc 2.36 and newer).
  add_link_options(-Wl,-z,pack-relative-relocs "$<$<CXX_COMPILER_ID:Clang>:-Wl,--icf=safe>")
endif()
if(KSAIL_SANITIZE)
  add_compile_options(-fsanitize=${KSAIL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # The interface of plugins is one type in C and in C++, which that check does not know.
  add_compile_options("$<$<COMPILE_LANGUAGE:C>:-fno-sanitize=function>")
  add_link_options(-fsanitize=${KSAIL_SANITIZE})
endif()
if(KSAIL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
