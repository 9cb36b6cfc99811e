# spica_room(NAME [LOWER...]): one folder of src/ as one static library, linked to the rooms below it.
add_library(spica_flags INTERFACE)
target_include_directories(spica_flags INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(spica_flags INTERFACE _POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64
                           SPICA_VERSION="${PROJECT_VERSION}")
# -fno-math-errno and -fno-trapping-math change no value, only errno and exception flags, and let loops vectorise.
target_compile_options(spica_flags INTERFACE -Wall -Wextra -Wconversion -Wdouble-promotion -Wshadow -Wvla
                       -Wmissing-prototypes -Wstrict-prototypes -fno-math-errno -fno-trapping-math
                       -ffp-contract=off)
if(SPICA_WERROR)
  target_compile_options(spica_flags INTERFACE -Werror)
endif()
target_compile_definitions(spica_flags INTERFACE SPICA_SIMD_MOST=${SPICA_SIMD_MOST})
target_link_libraries(spica_flags INTERFACE spica_dependencies)
if(SPICA_SANITIZE)
  target_compile_options(spica_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                         -fno-omit-frame-pointer)
  target_link_options(spica_flags INTERFACE -fsanitize=address,undefined)
else()
  # Programs read files that strangers made: what the compiler can do against overruns at little cost.
  target_compile_options(spica_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
  if(NOT CMAKE_C_FLAGS MATCHES "_FORTIFY_SOURCE") # packagers set their own
    target_compile_options(spica_flags INTERFACE "$<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
  endif()
  target_link_options(spica_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

set(SPICA_ROOMS "" CACHE INTERNAL "")
function(spica_room name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
  if(NOT sources)
    add_library(spica_${name} INTERFACE)
    target_link_libraries(spica_${name} INTERFACE spica_flags)
  else()
    add_library(spica_${name} STATIC ${sources})
    target_link_libraries(spica_${name} PUBLIC spica_flags)
    set(SPICA_ROOMS ${SPICA_ROOMS} spica_${name} CACHE INTERNAL "")
  endif()
  get_target_property(kind spica_${name} TYPE)
  foreach(lower ${ARGN})
    if(kind STREQUAL INTERFACE_LIBRARY)
      target_link_libraries(spica_${name} INTERFACE spica_${lower})
    else()
      target_link_libraries(spica_${name} PUBLIC spica_${lower})
    endif()
  endforeach()
endfunction()
