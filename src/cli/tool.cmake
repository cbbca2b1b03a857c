# The command line tool. All but main() is a library, so that unit tests reach it.
find_package(PostgreSQL REQUIRED)

set(prelude ${CMAKE_SOURCE_DIR}/src/cli/prelude/supabase.sql)
set(prelude_cpp ${CMAKE_BINARY_DIR}/generated/prelude.cpp)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
add_custom_command(
  OUTPUT ${prelude_cpp}
  COMMAND ${CMAKE_COMMAND} -DSQL=${prelude} -DCPP=${prelude_cpp} -P ${CMAKE_SOURCE_DIR}/src/cli/embed.cmake
  DEPENDS ${prelude} ${CMAKE_SOURCE_DIR}/src/cli/embed.cmake
  COMMENT "Building the prelude into the tool")

file(GLOB cli_sources CONFIGURE_DEPENDS src/cli/*.cpp)
list(REMOVE_ITEM cli_sources ${CMAKE_SOURCE_DIR}/src/cli/main.cpp)
add_library(rlsproof_cli STATIC ${cli_sources} ${prelude_cpp})
target_compile_definitions(rlsproof_cli PUBLIC RLSPROOF_VERSION="${PROJECT_VERSION}")
target_include_directories(rlsproof_cli SYSTEM PUBLIC ${PostgreSQL_INCLUDE_DIRS})
target_link_libraries(rlsproof_cli PUBLIC rlsproof_core PostgreSQL::PostgreSQL)

add_executable(rlsproof src/cli/main.cpp)
target_link_libraries(rlsproof PRIVATE rlsproof_cli)
install(TARGETS rlsproof RUNTIME DESTINATION bin)
