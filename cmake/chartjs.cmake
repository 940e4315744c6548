# Chart.js from Debian's libjs-chart.js goes into the binary as it is, so that report.html needs no network.
find_file(CHARTJS chart.min.js PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
          REQUIRED NO_DEFAULT_PATH)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/page/chartjs.c PROPERTIES
  COMPILE_DEFINITIONS "CHARTJS_FILE=\"${CHARTJS}\"" OBJECT_DEPENDS "${CHARTJS}")

# The page's own style and scripts, the same way.
set(PAGE_DIR ${PROJECT_SOURCE_DIR}/src/page)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/page/assets.c PROPERTIES
  COMPILE_DEFINITIONS "PAGE_DIR=\"${PAGE_DIR}\""
  OBJECT_DEPENDS "${PAGE_DIR}/page.css;${PAGE_DIR}/base.js;${PAGE_DIR}/charts.js;${PAGE_DIR}/tables.js;${PAGE_DIR}/page.js")
