# What the rooms become: libspica.so, libspica.a, the program, the pkg-config file, and what is installed.
set(SPICA_ROOM_OBJECTS "")

# libspica.so: every room, of which only spica_* can be seen from outside.
function(spica_shared_library)
  add_library(spica_shared SHARED ${SPICA_ROOM_OBJECTS})
  target_link_libraries(spica_shared PRIVATE spica_flags)
  target_include_directories(spica_shared INTERFACE ${CMAKE_SOURCE_DIR}/include)
  target_link_options(spica_shared PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/libspica.map)
  if(NOT SPICA_SANITIZE) # the sanitizers' functions come from the program
    target_link_options(spica_shared PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(spica_shared PROPERTIES OUTPUT_NAME spica VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/libspica.map
                        LINKER_LANGUAGE C)
endfunction()

# libspica.a: the rooms linked into one object of which only spica_* stays global. An archive of the rooms' objects would
# put every internal function into the name space of the program that links it. (Hidden visibility does not say which
# symbols to keep: gcc gives the versions of a target_clones function default visibility.)
function(spica_static_library)
  set(object ${CMAKE_BINARY_DIR}/libspica.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CMAKE_LINKER} -r -o ${object} ${SPICA_ROOM_OBJECTS}
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=spica_* ${object}
    DEPENDS ${SPICA_ROOM_OBJECTS}
    COMMENT "Linking libspica.o"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  add_library(spica_static STATIC ${object})
  set_target_properties(spica_static PROPERTIES OUTPUT_NAME spica LINKER_LANGUAGE C)
endfunction()

# The program links the rooms themselves: cli/bench* measure them; the other files see the public header only.
function(spica_program)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*.c)
  if(sources)
    add_executable(spica ${sources})
    target_link_libraries(spica PRIVATE ${SPICA_ROOMS})
    install(TARGETS spica RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# What a program that links libspica.a needs besides; a shared library finds its own. The prefix is told by where the
# file stands, so that an installed tree may be moved.
function(spica_pkg_config)
  file(RELATIVE_PATH SPICA_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" SPICA_PREFIX_FROM_PC ${SPICA_PREFIX_FROM_PC})
  set(SPICA_LIBS_PRIVATE "${DNNL_LIBRARY} ${OPENBLAS_LIBRARY} ${ARPACK_LIBRARY} -Wl,-rpath,${OPENBLAS_DIRECTORY} ${OpenMP_C_FLAGS} -lm")
  configure_file(${CMAKE_SOURCE_DIR}/cmake/spica.pc.in ${CMAKE_BINARY_DIR}/spica.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/spica.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

function(spica_install_files)
  install(TARGETS spica_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS spica_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/spica DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
          PATTERN "*.h")
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/spica FILES_MATCHING
          PATTERN "*.ini")
  install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
endfunction()

function(spica_products)
  foreach(room ${SPICA_ROOMS})
    list(APPEND SPICA_ROOM_OBJECTS $<TARGET_OBJECTS:${room}>)
  endforeach()
  spica_shared_library()
  spica_static_library()
  spica_program()
  spica_pkg_config()
  spica_install_files()
endfunction()
