# Chart.js from Debian's libjs-chart.js goes into the binary as it is, so that report.html needs no network.
find_file(CHARTJS chart.min.js PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
          REQUIRED NO_DEFAULT_PATH)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/chartjs.c PROPERTIES
  COMPILE_DEFINITIONS "CHARTJS_FILE=\"${CHARTJS}\"" OBJECT_DEPENDS "${CHARTJS}")

# The page's own style and script, the same way.
set(PAGE_CSS ${PROJECT_SOURCE_DIR}/src/report/page.css)
set(PAGE_JS ${PROJECT_SOURCE_DIR}/src/report/page.js)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/assets.c PROPERTIES
  COMPILE_DEFINITIONS "PAGE_CSS_FILE=\"${PAGE_CSS}\";PAGE_JS_FILE=\"${PAGE_JS}\""
  OBJECT_DEPENDS "${PAGE_CSS};${PAGE_JS}")
