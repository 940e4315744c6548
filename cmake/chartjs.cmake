# Chart.js from Debian's libjs-chart.js goes into the binary as it is, so that report.html needs no network.
find_file(CHARTJS chart.min.js PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
          REQUIRED NO_DEFAULT_PATH)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/chartjs.c PROPERTIES
  COMPILE_DEFINITIONS "CHARTJS_FILE=\"${CHARTJS}\"" OBJECT_DEPENDS "${CHARTJS}")

# The page's own style and scripts, the same way.
set(PAGE_DIR ${PROJECT_SOURCE_DIR}/src/report)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/assets.c PROPERTIES
  COMPILE_DEFINITIONS "PAGE_DIR=\"${PAGE_DIR}\""
  OBJECT_DEPENDS "${PAGE_DIR}/page.css;${PAGE_DIR}/page_base.js;${PAGE_DIR}/page_charts.js;${PAGE_DIR}/page_tables.js;${PAGE_DIR}/page.js")
