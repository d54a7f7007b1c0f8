# Every dependency outside Debian's packages lives in the prefix that script/bootstrap fills.
set(SLIPWAY_DEPS ${CMAKE_SOURCE_DIR}/.deps CACHE PATH "Prefix filled by script/bootstrap")

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
set(Protobuf_USE_STATIC_LIBS ON)  # as gRPC below
find_package(Protobuf REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(PkgConfig REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)

# gRPC and its sixty libraries from their archives: as shared ones, finding their symbols took two fifths of the time that
# every command needs to start.
pkg_check_modules(grpcpp REQUIRED grpc++)
set(grpc_archives)
set(grpc_libraries)
list(REMOVE_DUPLICATES grpcpp_STATIC_LIBRARIES)
foreach(library ${grpcpp_STATIC_LIBRARIES})
  if(library MATCHES "^(grpc|gpr|upb|address_sorting|absl_)")
    find_library(archive_of_${library} NAMES lib${library}.a REQUIRED)
    list(APPEND grpc_archives ${archive_of_${library}})
  else()
    list(APPEND grpc_libraries ${library})
  endif()
endforeach()
list(JOIN grpc_archives "," grpc_archives)
add_library(dep_grpc INTERFACE)
target_link_libraries(dep_grpc INTERFACE $<LINK_GROUP:RESCAN,${grpc_archives}> ${grpc_libraries})

find_package(rapidcheck REQUIRED)

# Apache Arrow from the pyarrow wheel. libparquet exports all of OpenSSL and simdjson, from copies of its own, so it stands behind
# every other library of every link that needs it: CMake's order of libraries would not keep it there.
add_library(dep_arrow INTERFACE)
target_include_directories(dep_arrow SYSTEM INTERFACE ${SLIPWAY_DEPS}/arrow/include)
target_link_libraries(dep_arrow INTERFACE ${SLIPWAY_DEPS}/arrow/libarrow.so)
string(APPEND CMAKE_CXX_STANDARD_LIBRARIES
       " -Wl,--push-state,--as-needed ${SLIPWAY_DEPS}/arrow/libparquet.so -Wl,--pop-state")

# ONNX Runtime: headers only; the library is opened at run time (its one symbol is versioned, see docs/decisions).
add_library(dep_onnxruntime INTERFACE)
target_include_directories(dep_onnxruntime SYSTEM INTERFACE ${SLIPWAY_DEPS}/onnxruntime/include)
target_link_libraries(dep_onnxruntime INTERFACE ${CMAKE_DL_LIBS})
