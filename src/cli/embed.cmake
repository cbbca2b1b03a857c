# cmake -DSQL=prelude.sql -DCPP=prelude.cpp -P embed.cmake: a text as a C++ function that returns it.
file(READ "${SQL}" text)
file(WRITE "${CPP}.new" "#include \"cli/prelude.hpp\"\n\nnamespace rlsproof::cli {\n\n"
     "std::string_view supabase_prelude() {\n    return R\"sql(${text})sql\";\n}\n\n} // namespace rlsproof::cli\n")
file(COPY_FILE "${CPP}.new" "${CPP}" ONLY_IF_DIFFERENT)
