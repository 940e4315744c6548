# Chart.js from Debian's libjs-chart.js goes into the binary as it is, so that report.html needs no network.
find_file(CHARTJS chart.min.js PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
          REQUIRED NO_DEFAULT_PATH)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/chartjs.c PROPERTIES
  COMPILE_DEFINITIONS "CHARTJS_FILE=\"${CHARTJS}\"" OBJECT_DEPENDS "${CHARTJS}")
