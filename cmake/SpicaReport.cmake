# spica_embed_report(TARGET): puts the report's style sheets and scripts into the library (src/report/report_texts.h).
#
# Run as a script (cmake -DOUTPUT=FILE -DFOLDER=DIR -P SpicaReport.cmake) it writes the C file.
set(report_styles plot.css report.css)
set(report_scripts report_tables.js report_members.js report_map.js report_start.js)

# The texts of FILES one after the other, as HEX digits and as TEXT.
function(read_files hex_name text_name)
  set(hex "")
  set(text "")
  foreach(name IN LISTS ARGN)
    file(READ "${FOLDER}/${name}" part HEX)
    string(APPEND hex "${part}")
    file(READ "${FOLDER}/${name}" part)
    string(APPEND text "${part}")
  endforeach()
  set(${hex_name} "${hex}" PARENT_SCOPE)
  set(${text_name} "${text}" PARENT_SCOPE)
endfunction()

# The files as one C array of characters.
function(append_array output name)
  read_files(hex text ${ARGN})
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND ${output} "const char ${name}[] = {${bytes}0};\n")
  set(${output} "${${output}}" PARENT_SCOPE)
endfunction()

# A hash's 64 hexadecimal digits in base64: three digits are two letters, and the last digit is filled up.
function(hex_to_base64 hex result)
  set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(base64 "")
  foreach(start RANGE 0 62 3)
    string(SUBSTRING "${hex}" ${start} 3 digits)
    math(EXPR first "0x${digits} >> 6")
    math(EXPR second "0x${digits} & 63")
    string(SUBSTRING ${letters} ${first} 1 first)
    string(SUBSTRING ${letters} ${second} 1 second)
    string(APPEND base64 ${first}${second})
  endforeach()
  string(SUBSTRING "${hex}" 63 1 digit)
  math(EXPR last "0x${digit} << 2")
  string(SUBSTRING ${letters} ${last} 1 last)
  set(${result} "${base64}${last}=" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  read_files(hex text ${report_scripts})
  string(SHA256 hash "${text}")
  hex_to_base64(${hash} hash)
  set(code "#include \"report/report_texts.h\"\n\nconst char report_script_hash[] = \"sha256-${hash}\";\n")
  append_array(code report_script ${report_scripts})
  append_array(code report_style ${report_styles})
  append_array(code report_plot_style plot.css)
  file(WRITE "${OUTPUT}" "${code}")
  return()
endif()

function(spica_embed_report target)
  set(folder ${CMAKE_SOURCE_DIR}/src/report)
  list(TRANSFORM report_styles PREPEND ${folder}/ OUTPUT_VARIABLE styles)
  list(TRANSFORM report_scripts PREPEND ${folder}/ OUTPUT_VARIABLE scripts)
  set(script ${CMAKE_SOURCE_DIR}/cmake/SpicaReport.cmake)
  set(output ${CMAKE_BINARY_DIR}/generated/report_texts.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFOLDER=${folder} -P ${script}
    DEPENDS ${styles} ${scripts} ${script}
    COMMENT "Embedding the report's styles and scripts"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
