# The commit that `rushhour --version` prints. Asked again at each configure; "unknown" outside a checkout.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
                OUTPUT_VARIABLE RUSHHOUR_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT RUSHHOUR_COMMIT)
  set(RUSHHOUR_COMMIT unknown)
endif()
target_compile_definitions(base PUBLIC
  RUSHHOUR_VERSION="${PROJECT_VERSION}" RUSHHOUR_COMMIT="${RUSHHOUR_COMMIT}")
