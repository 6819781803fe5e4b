# Goal: the layer checker finds each kind of violation, and nothing else.
# Method: run it over fixture/, where every bad include has a good one beside it, and compare all it
# says with expected.txt; then over a table that has a cycle; then ask it about links.

cmake_minimum_required(VERSION 3.25)
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(cmake_dir "${here}/../../cmake")

function(expect_refused expected)
  execute_process(COMMAND "${CMAKE_COMMAND}" ${ARGN} -P "${cmake_dir}/check_layers.cmake"
                  RESULT_VARIABLE result ERROR_VARIABLE said)
  if(result EQUAL 0)
    message(FATAL_ERROR "the checker passed a tree it must refuse: ${ARGN}")
  endif()
  string(REGEX REPLACE "CMake Error.*" "" said "${said}")
  file(READ "${expected}" wanted)
  if(NOT said STREQUAL wanted)
    message(FATAL_ERROR "expected:\n${wanted}\nsaid:\n${said}")
  endif()
endfunction()

expect_refused("${here}/expected.txt" "-DROOT=${here}/fixture")
expect_refused("${here}/expected_cycle.txt" "-DROOT=${here}/fixture/tests"
               "-DTABLE=${here}/fixture/cycle.txt")

include("${cmake_dir}/Layers.cmake")
quire_read_layers("${cmake_dir}/layers.txt")
function(expect_link from to wanted)
  quire_layer_allows_link(${from} ${to} allowed)
  if(NOT allowed STREQUAL wanted)
    message(FATAL_ERROR "link ${from} -> ${to}: ${allowed}, expected ${wanted}")
  endif()
endfunction()
expect_link(engine sg TRUE)
expect_link(sg engine FALSE)
expect_link(vdisk engine TRUE)
expect_link(frontends/fio pagecache FALSE)
expect_link(tests pagecache TRUE)
