# Every library that spica stands on, each as one interface target.
find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(ZLIB REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)

# oneDNN by header and library: Debian's CMake package asks for OpenCL headers that it does not depend on.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)

# OpenBLAS in its OpenMP build, linked by its own path: the unversioned name is an alternative that may point to the
# pthread build, whose threads would fight with ours.
find_library(OPENBLAS_LIBRARY NAMES libopenblas.so.0 openblas
             PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp NO_DEFAULT_PATH)
if(NOT OPENBLAS_LIBRARY)
  find_library(OPENBLAS_LIBRARY openblas REQUIRED)
endif()
find_path(OPENBLAS_INCLUDE_DIR cblas.h
          PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp
                /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} REQUIRED)
# Its BLAS and LAPACK are whatever the program has loaded by then: OpenBLAS stands before it.
find_path(ARPACK_INCLUDE_DIR arpack/arpack.h REQUIRED)
find_library(ARPACK_LIBRARY arpack REQUIRED)
get_filename_component(OPENBLAS_DIRECTORY ${OPENBLAS_LIBRARY} DIRECTORY)

add_library(spica_dependencies INTERFACE)
target_include_directories(spica_dependencies SYSTEM INTERFACE ${DNNL_INCLUDE_DIR} ${OPENBLAS_INCLUDE_DIR}
                           ${ARPACK_INCLUDE_DIR})
target_link_libraries(spica_dependencies INTERFACE ${DNNL_LIBRARY} ${OPENBLAS_LIBRARY} ${ARPACK_LIBRARY}
                      OpenMP::OpenMP_C ZLIB::ZLIB PkgConfig::JANSSON PkgConfig::INIH PkgConfig::WEBP m)
set(CMAKE_BUILD_RPATH ${OPENBLAS_DIRECTORY})
set(CMAKE_INSTALL_RPATH ${OPENBLAS_DIRECTORY})
add_link_options(-Wl,--disable-new-dtags)
