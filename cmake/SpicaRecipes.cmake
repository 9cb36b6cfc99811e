# spica_embed_recipes(TARGET): puts the texts of recipes/*.ini into the library (src/config/recipe_texts.h).
#
# Run as a script (cmake -DOUTPUT=FILE -DFOLDER=DIR -P SpicaRecipes.cmake) it writes the C file.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB names RELATIVE ${FOLDER} ${FOLDER}/*.ini)
  list(TRANSFORM names REPLACE "[.]ini$" "")
  list(SORT names)
  set(rows "")
  foreach(name IN LISTS names)
    file(READ "${FOLDER}/${name}.ini" text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    string(APPEND rows "    {\"${name}\",\n     \"${text}\"},\n")
  endforeach()
  file(WRITE "${OUTPUT}" "#include \"config/recipe_texts.h\"\n\nconst RecipeText recipe_texts[] = {\n${rows}};\n"
                         "const size_t recipe_text_count = sizeof recipe_texts / sizeof recipe_texts[0];\n")
  return()
endif()

function(spica_embed_recipes target)
  file(GLOB recipes CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/recipes/*.ini)
  set(script ${CMAKE_SOURCE_DIR}/cmake/SpicaRecipes.cmake)
  set(output ${CMAKE_BINARY_DIR}/generated/recipe_texts.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFOLDER=${CMAKE_SOURCE_DIR}/recipes -P ${script}
    DEPENDS ${recipes} ${script}
    COMMENT "Embedding recipes"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
