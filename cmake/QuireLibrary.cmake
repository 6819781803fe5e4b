# quire_library(<folder> [DEPS <folder>...] [LIBRARIES <target>...])
#
# One folder = one static library quire_<folder>, alias quire::<folder>, exported as
# Quire::<folder>. Its sources and headers are all .cc and .h below the folder; a folder without
# sources becomes an INTERFACE library. DEPS the layer table does not allow stop the configuration.

include("${CMAKE_CURRENT_LIST_DIR}/Layers.cmake")
quire_read_layers("${CMAKE_CURRENT_LIST_DIR}/layers.txt")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             "${CMAKE_CURRENT_LIST_DIR}/layers.txt")

add_library(quire_all INTERFACE)  # every library of the project: for tests and benchmarks

function(quire_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPS;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "quire_library(${folder}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  cmake_path(GET folder FILENAME name)
  set(target "quire_${name}")
  set(root "${PROJECT_SOURCE_DIR}")

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${root}/${folder}/*.cc")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${root}/${folder}/*.h")
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
    quire_private_options(${target})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(quire::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${root}" FILES ${headers})
  # An empty header set gives no include directory.
  target_include_directories(${target} ${scope} "$<BUILD_INTERFACE:${root}>")

  foreach(dep IN LISTS arg_DEPS)
    quire_layer_allows_link("${folder}" "${dep}" allowed)
    if(NOT allowed)
      message(FATAL_ERROR "${folder} may not depend on ${dep}; the table is cmake/layers.txt")
    endif()
    target_link_libraries(${target} ${scope} quire::${dep})
  endforeach()
  target_link_libraries(${target} ${scope} ${arg_LIBRARIES})
  target_link_libraries(quire_all INTERFACE quire::${name})

  install(TARGETS ${target} EXPORT QuireTargets
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/quire")
  if(sources)
    set_property(GLOBAL APPEND PROPERTY QUIRE_ARCHIVES "-l${target}")
  endif()
endfunction()
