# SPDX-License-Identifier: Apache-2.0
# How everything here is compiled: warnings, hardening, sanitizers.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
include(CheckPIESupported)
check_pie_supported()

# Flags for the code that is written here (not for what protoc-c writes).
add_library(nacelle_flags INTERFACE)
target_compile_options(nacelle_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror)
target_compile_definitions(nacelle_flags INTERFACE _GNU_SOURCE NCL_VERSION="${PROJECT_VERSION}")
target_include_directories(nacelle_flags INTERFACE ${CMAKE_SOURCE_DIR}/sdk/include)

add_compile_options(-fno-common -fno-omit-frame-pointer -fstack-protector-strong)
if(NACELLE_FUZZ)
  # What is linked into a fuzz target must report its coverage too.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(NACELLE_SANITIZE)
  add_compile_options(-fsanitize=${NACELLE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NACELLE_SANITIZE})
  if(NACELLE_SANITIZE MATCHES "address")
    # Each arena is then an allocation of its own with exactly the padding that the ABI promises.
    add_compile_definitions(NCL_EXACT_ARENAS=1)
  endif()
else()
  add_link_options(-Wl,-z,relro,-z,now)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-D_FORTIFY_SOURCE=2)
  endif()
endif()
