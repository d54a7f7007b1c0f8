# Writes OUTPUT, a C++ file that holds every SOURCE_DIR/NNNN_name.sql, in the order of their numbers.
file(GLOB files ${SOURCE_DIR}/*.sql)
list(SORT files)
set(entries "")
foreach(file ${files})
  get_filename_component(stem ${file} NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z][a-z0-9_]*)$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  set(name ${CMAKE_MATCH_2})
  string(REGEX REPLACE "^0+" "" number ${CMAKE_MATCH_1})
  file(READ ${file} text)
  string(APPEND entries "      {${number}, \"${name}\", R\"migration(${text})migration\"},\n")
endforeach()
if(entries)
  set(body "  static constexpr Migration kMigrations[] = {\n${entries}  };\n  return kMigrations;")
else()
  set(body "  return {};")
endif()
file(WRITE ${OUTPUT} "#include \"storage/migrations.h\"

namespace slipway {

std::span<const Migration> embedded_migrations() noexcept {
${body}
}

}  // namespace slipway
")
