# SPDX-License-Identifier: Apache-2.0
# ksail_add_plugin(): builds one plugin library and its manifest the way the ksail host wants them. Works in the ksail
# tree and, through find_package(KSailSdk 1), in anybody else's.
#
#   ksail_add_plugin(NAME docker MANIFEST manifest.json SOURCES src/a.cpp src/b.cpp
#                    [LIBRARIES PkgConfig::LIBARCHIVE] [OUTPUT_DIRECTORY dir] [NO_INSTALL])
#
# makes the target ksail_plugin_<NAME>:
#  - <NAME>.so and <NAME>.json in OUTPUT_DIRECTORY (default ${CMAKE_BINARY_DIR}/plugins, where a ksail of the same build tree looks);
#  - the manifest goes through configure_file(@ONLY) with @PROJECT_VERSION@, @KSAIL_ARCH@, @KSAIL_ABI_MAJOR@, @KSAIL_ABI_MINOR@, is
#    checked, and is embedded in the library as ELF note .note.ksail; the host refuses a library whose note differs;
#  - exactly one exported symbol, nothing left unresolved, bound at load, never unloaded;
#  - sources see KSAIL_PLUGIN_ID and KSAIL_PLUGIN_VERSION as strings, taken from the manifest;
#  - C++ sources are linked with the SDK's static library, a plugin of C files alone needs nothing but abi.h;
#  - install() rules for both files, component plugin-<NAME>.
include_guard(GLOBAL)
include(GNUInstallDirs)

# The ABI this SDK is of; the same numbers as in abi.h, which a test compares.
macro(_ksail_abi_version)
  set(KSAIL_ABI_MAJOR 1)
  set(KSAIL_ABI_MINOR 0)
  set(KSAIL_ARCH "${CMAKE_SYSTEM_PROCESSOR}-linux-gnu")
endmacro()
_ksail_abi_version()

# Sets `out` to a member of the manifest text, or stops with a message that names the file.
function(_ksail_manifest_member out text file)
  string(JSON value ERROR_VARIABLE problem GET "${text}" ${ARGN})
  if(problem)
    list(JOIN ARGN "." member)
    message(FATAL_ERROR "${file}: \"${member}\" cannot be read: ${problem}\nhint: see the manifest members in the SDK's documentation.")
  endif()
  set(${out} "${value}" PARENT_SCOPE)
endfunction()

function(ksail_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_INSTALL" "NAME;MANIFEST;OUTPUT_DIRECTORY" "SOURCES;LIBRARIES")
  foreach(needed IN ITEMS NAME MANIFEST SOURCES)
    if(NOT arg_${needed})
      message(FATAL_ERROR "ksail_add_plugin: ${needed} is missing")
    endif()
  endforeach()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ksail_add_plugin(${arg_NAME}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  set(target ksail_plugin_${arg_NAME})
  set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  _ksail_abi_version()

  # The manifest: filled in, checked, put beside the library.
  set(manifest ${arg_OUTPUT_DIRECTORY}/${arg_NAME}.json)
  configure_file(${arg_MANIFEST} ${manifest} @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  file(CHMOD ${arg_OUTPUT_DIRECTORY} DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE) # the host refuses a place others can write to
  file(READ ${manifest} text)
  _ksail_manifest_member(id "${text}" ${arg_MANIFEST} id)
  _ksail_manifest_member(version "${text}" ${arg_MANIFEST} version)
  _ksail_manifest_member(library "${text}" ${arg_MANIFEST} library)
  _ksail_manifest_member(major "${text}" ${arg_MANIFEST} abi major)
  if(NOT id STREQUAL arg_NAME)
    message(FATAL_ERROR "${arg_MANIFEST}: \"id\" is \"${id}\", but ksail_add_plugin has NAME ${arg_NAME}")
  elseif(NOT library STREQUAL "${arg_NAME}.so")
    message(FATAL_ERROR "${arg_MANIFEST}: \"library\" is \"${library}\", it has to be \"${arg_NAME}.so\"")
  elseif(NOT major EQUAL KSAIL_ABI_MAJOR)
    message(FATAL_ERROR "${arg_MANIFEST}: \"abi.major\" is ${major}, this SDK is of ABI major ${KSAIL_ABI_MAJOR}")
  endif()
  set(note ${CMAKE_CURRENT_BINARY_DIR}/${target}_note.c)
  set(KSAIL_NOTE_MANIFEST ${manifest})
  configure_file(${here}/plugin_note.c.in ${note} @ONLY)
  set_source_files_properties(${note} PROPERTIES OBJECT_DEPENDS ${manifest})

  add_library(${target} MODULE ${arg_SOURCES} ${note})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${arg_NAME} SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT_DIRECTORY}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    SKIP_BUILD_RPATH ON INSTALL_RPATH "" # the host refuses a library that brings its own search path
    LINK_DEPENDS ${here}/plugin.map)
  target_compile_definitions(${target} PRIVATE KSAIL_PLUGIN_ID="${id}" KSAIL_PLUGIN_VERSION="${version}")
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections $<$<CXX_COMPILER_ID:GNU>:$<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>>)
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${here}/plugin.map
    -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro -Wl,--gc-sections -Wl,--as-needed
    $<$<CONFIG:Release,MinSizeRel>:-Wl,-s>)
  if(NOT KSAIL_SANITIZE) # a sanitizer's runtime stands in the executable
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set(only_c ${arg_SOURCES})
  list(FILTER only_c EXCLUDE REGEX "\\.[ch]$")
  if(only_c)
    target_link_libraries(${target} PRIVATE KSail::sdk)
  else()
    target_link_libraries(${target} PRIVATE KSail::abi)
  endif()
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})

  if(NOT arg_NO_INSTALL)
    if(NOT KSAIL_PLUGIN_LIBDIR) # an installed SDK says where
      set(KSAIL_PLUGIN_LIBDIR ${CMAKE_INSTALL_LIBDIR}/ksail/plugins)
    endif()
    install(TARGETS ${target} LIBRARY DESTINATION ${KSAIL_PLUGIN_LIBDIR} COMPONENT plugin-${arg_NAME})
    install(FILES ${manifest} DESTINATION ${CMAKE_INSTALL_DATADIR}/ksail/plugins.d COMPONENT plugin-${arg_NAME})
  endif()
endfunction()
