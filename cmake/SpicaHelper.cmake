# spica_helper(NAME LOWER...): one folder of src/ as a program spica-NAME of its own, which libspica starts. It sees the
# rooms below it, and alone links libvips and libjpeg: what they do to their process is not done to the library's callers.
pkg_check_modules(VIPS REQUIRED IMPORTED_TARGET vips)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
set(SPICA_LIBEXEC ${CMAKE_INSTALL_LIBEXECDIR}/spica)

function(spica_helper name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
  set(main ${CMAKE_SOURCE_DIR}/src/${name}/${name}_main.c)
  list(REMOVE_ITEM sources ${main})
  add_library(spica_${name} STATIC ${sources}) # tests call it without the program
  target_link_libraries(spica_${name} PUBLIC PkgConfig::VIPS PkgConfig::JPEG)
  foreach(lower ${ARGN})
    target_link_libraries(spica_${name} PUBLIC spica_${lower})
  endforeach()
  add_executable(spica-${name} ${main})
  target_link_libraries(spica-${name} PRIVATE spica_${name})
  # The rooms' libraries for training are of no use to it, and cost time whenever it is started.
  target_link_options(spica-${name} PRIVATE -Wl,--as-needed)
  install(TARGETS spica-${name} RUNTIME DESTINATION ${SPICA_LIBEXEC})
endfunction()

# Tells a room where the helpers are installed: in its own words below the prefix, and in full.
function(spica_knows_helpers room)
  target_compile_definitions(spica_${room} PRIVATE SPICA_LIBEXEC="${SPICA_LIBEXEC}"
                             SPICA_FULL_LIBEXEC="${CMAKE_INSTALL_FULL_LIBEXECDIR}/spica")
endfunction()
