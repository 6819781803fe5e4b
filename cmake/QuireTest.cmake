# Functions for tests/CMakeLists.txt.
#
# quire_test(<folder> [LABEL <label>] [TIMEOUT <seconds>])
#   All *_test.cc below tests/<folder> become one program <folder>_test. Those named
#   *_threads_test.cc, or in a folder threads/, become <folder>_threads_test with the label
#   `threads` (all that the thread sanitizer runs); those named *_slow_test.cc become
#   <folder>_slow_test with the label `slow` (./dev all). Other .cc files there are compiled into
#   each of them.

include(GoogleTest)

function(quire_test_support)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.cc")
  if(sources)
    add_library(quire_test_support STATIC ${sources})
    quire_private_options(quire_test_support)
    target_link_libraries(quire_test_support PUBLIC quire_all GTest::gmock)
  else()
    add_library(quire_test_support INTERFACE)
    target_link_libraries(quire_test_support INTERFACE quire_all GTest::gmock)
  endif()
endfunction()

function(quire_test_program target label timeout)
  if(NOT ARGN)
    return()
  endif()
  add_executable(${target} ${ARGN})
  quire_private_options(${target})
  target_link_libraries(${target} PRIVATE quire_test_support quire_all GTest::gmock_main)
  set(properties TIMEOUT ${timeout})
  if(label)
    list(APPEND properties LABELS ${label})
  endif()
  # NO_PRETTY_VALUES: a parameter's value is not a part of the name, which the suite gives.
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
                       WORKING_DIRECTORY "${PROJECT_BINARY_DIR}"
                       PROPERTIES ${properties})
endfunction()

function(quire_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  file(GLOB_RECURSE all CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${folder}/*.cc")
  list(FILTER all EXCLUDE REGEX "/fixture/")
  set(plain ${all})
  set(slow ${all})
  set(threads ${all})
  set(common ${all})
  list(FILTER common EXCLUDE REGEX "_test[.]cc$")
  list(FILTER plain INCLUDE REGEX "_test[.]cc$")
  list(FILTER plain EXCLUDE REGEX "(_threads_test[.]cc|_slow_test[.]cc|/threads/[^/]*)$")
  list(FILTER slow INCLUDE REGEX "_slow_test[.]cc$")
  list(FILTER threads INCLUDE REGEX "(_threads_test[.]cc|/threads/[^/]*_test[.]cc)$")

  string(REPLACE "/" "_" name "${folder}")
  if(threads)
    quire_test_program(${name}_threads_test threads ${arg_TIMEOUT} ${threads} ${common})
  endif()
  if(QUIRE_THREADED_TESTS_ONLY)
    return()
  endif()
  if(plain)
    quire_test_program(${name}_test "${arg_LABEL}" ${arg_TIMEOUT} ${plain} ${common})
  endif()
  if(slow)
    quire_test_program(${name}_slow_test slow 1200 ${slow} ${common})
  endif()
endfunction()

# Every tests/fuzz/<name>_fuzz.cc is a libFuzzer program of that name. Of tests/support it has what
# needs no gtest.
function(quire_fuzzers)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.cc")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_executable(${name} "${source}" "${PROJECT_SOURCE_DIR}/tests/support/memory_backing.cc")
    quire_private_options(${name})
    target_link_libraries(${name} PRIVATE quire_all)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endfunction()
