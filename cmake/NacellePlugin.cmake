# SPDX-License-Identifier: Apache-2.0
# nacelle_plugin(): one folder = one .so, with one exported symbol and nothing resolved from the program.
#
#   nacelle_plugin(<room> <type> SOURCES a.c ... [LIBRARIES PkgConfig::X ...] [ALIASES name ...])
#
# room: receivers, processors, exporters, connectors, extensions, services, sources. An alias is a link to the file.
function(nacelle_plugin room type)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES;ALIASES" ${ARGN})
  set(target plugin_${room}_${type})
  set(dir ${NACELLE_PLUGIN_OUTPUT_DIRECTORY}/${room})
  add_library(${target} MODULE ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE nacelle_flags nacelle-sdk ${arg_LIBRARIES})
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${type} LIBRARY_OUTPUT_DIRECTORY ${dir})
  target_link_options(${target} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/sdk/plugin.map -Wl,--gc-sections
                                        -Wl,--as-needed -Wl,--exclude-libs,ALL)
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${CMAKE_SOURCE_DIR}/sdk/plugin.map)
  if(NOT NACELLE_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/nacelle/${room})
  foreach(alias IN LISTS arg_ALIASES)
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND ${CMAKE_COMMAND} -E create_symlink ${type}.so ${dir}/${alias}.so VERBATIM)
    install(FILES ${dir}/${alias}.so DESTINATION ${CMAKE_INSTALL_LIBDIR}/nacelle/${room})
  endforeach()
  foreach(name IN ITEMS ${type} ${arg_ALIASES})
    set_property(GLOBAL APPEND PROPERTY NACELLE_PLUGIN_FILES ${dir}/${name}.so)
  endforeach()
  set_property(GLOBAL APPEND PROPERTY NACELLE_PLUGINS ${target})
endfunction()
