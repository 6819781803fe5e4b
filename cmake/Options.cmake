# How our own code is compiled: INTERFACE targets, linked privately to every target of ours, so
# that nothing of it leaks into those who use the libraries.

add_library(quire_warnings INTERFACE)
target_compile_options(quire_warnings INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wcast-qual -Wextra-semi -Wvla -Wformat=2 -Wundef)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(quire_warnings INTERFACE -Wthread-safety)
endif()

add_library(quire_sanitizers INTERFACE)
if(QUIRE_SANITIZE)
  target_compile_options(quire_sanitizers INTERFACE
    -fsanitize=${QUIRE_SANITIZE} -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The instrumentation makes gcc 12 see uninitialized values that are none.
    target_compile_options(quire_sanitizers INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(quire_sanitizers INTERFACE -fsanitize=${QUIRE_SANITIZE})
endif()

add_library(quire_codegen INTERFACE)
target_compile_options(quire_codegen INTERFACE -fno-omit-frame-pointer)  # stacks for perf
target_link_options(quire_codegen INTERFACE -Wl,--as-needed)

function(quire_private_options target)
  target_link_libraries(${target} PRIVATE
    $<BUILD_INTERFACE:quire_warnings>
    $<BUILD_INTERFACE:quire_sanitizers>
    $<BUILD_INTERFACE:quire_codegen>)
endfunction()
