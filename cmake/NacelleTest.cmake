# SPDX-License-Identifier: Apache-2.0
# nacelle_unit_test(): one cmocka program a file. nacelle_fuzz_target(): one libFuzzer program a file.

# Name of a test from its path: tests/unit/core/pdata/test_arena.c -> unit.core.pdata.arena
function(nacelle_test_name out file)
  file(RELATIVE_PATH rel ${CMAKE_SOURCE_DIR}/tests ${file})
  string(REGEX REPLACE "\\.c$" "" rel ${rel})
  string(REGEX REPLACE "(^|/)(test_|fuzz_)" "\\1" rel ${rel})
  string(REPLACE "/" "." rel ${rel})
  set(${out} ${rel} PARENT_SCOPE)
endfunction()

function(nacelle_unit_test file)
  nacelle_test_name(name ${file})
  add_executable(${name} ${file})
  target_link_libraries(${name} PRIVATE nacelle_flags nacelle_core nacelle-sdk nacelle-sdk-testing PkgConfig::CMOCKA ${ARGN})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE NCL_SOURCE_DIR="${CMAKE_SOURCE_DIR}" NCL_BUILD_DIR="${CMAKE_BINARY_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()

# corpus: tests/fuzz/corpus/<name without fuzz_>/; a short run of 20 seconds is the test.
function(nacelle_fuzz_target file)
  nacelle_test_name(name ${file})
  get_filename_component(short ${file} NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" short ${short})
  add_executable(${name} ${file})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE nacelle_flags nacelle_core nacelle-sdk ${ARGN})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  set(grown ${CMAKE_BINARY_DIR}/fuzz/corpus/${short})
  file(MAKE_DIRECTORY ${grown})
  add_test(NAME ${name} COMMAND ${name} -artifact_prefix=${CMAKE_BINARY_DIR}/fuzz/ -max_total_time=20 -rss_limit_mb=2048 -timeout=10 ${grown}
                                ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${short})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
endfunction()
