# Goal: what is installed can be used by somebody who has nothing but the installed tree.
# Method: install into the build tree; build and run consumer/ with find_package(Quire); build and
# run the same source with what pkg-config says. Headers must be found in the installed tree.

cmake_minimum_required(VERSION 3.25)
set(work "${BUILD_DIR}/tests/install")
set(prefix "${work}/prefix")
set(consumer "${CMAKE_CURRENT_LIST_DIR}/consumer")
file(REMOVE_RECURSE "${prefix}" "${work}/consumer")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${result}): ${command}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")

run("${CMAKE_COMMAND}" -G Ninja -S "${consumer}" -B "${work}/consumer"
    "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${CXX}")
run("${CMAKE_COMMAND}" --build "${work}/consumer")
run("${work}/consumer/consumer")

set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
run("${PKG_CONFIG}" --cflags --libs quire)
separate_arguments(flags UNIX_COMMAND "${out}")
run("${CXX}" -std=c++20 "${consumer}/consumer.cc" -o "${work}/consumer/by_pkg_config" ${flags})
run("${work}/consumer/by_pkg_config")

# The README's example, as it stands there: it prints the head of a file.
file(READ "${CMAKE_CURRENT_LIST_DIR}/../../README.md" readme)
string(REGEX REPLACE ".*```cpp\n(.*)\n```\n\nAfter.*" "\\1" example "${readme}")
file(WRITE "${work}/cat.cc" "${example}\n")
run("${CXX}" -std=c++20 "${work}/cat.cc" -o "${work}/cat" ${flags})
string(REPEAT "0123456789abcdef" 16384 text)
file(WRITE "${work}/disk" "${text}")
execute_process(COMMAND "${work}/cat" "${work}/disk" OUTPUT_VARIABLE out ERROR_QUIET)
string(SUBSTRING "${text}" 0 131072 head)
if(NOT out STREQUAL head)
  message(FATAL_ERROR "the README's example printed something else")
endif()
