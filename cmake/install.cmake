# `cmake --install` and packages: the program, its manual pages and completions (written by itself), profiles, documents.
include(GNUInstallDirs)

set(written ${PROJECT_BINARY_DIR}/written)
set(pages rushhour.1 rushhour-profile.5)
set(commands run check report compare recover merge plan capacity evidence prune simulate init help)
foreach(command IN LISTS commands)
  list(APPEND pages rushhour-${command}.1)
endforeach()

set(writing COMMAND ${CMAKE_COMMAND} -E make_directory ${written}
            COMMAND rushhour help man > ${written}/rushhour.1
            COMMAND rushhour help man profile > ${written}/rushhour-profile.5)
foreach(command IN LISTS commands)
  list(APPEND writing COMMAND rushhour help man ${command} > ${written}/rushhour-${command}.1)
endforeach()
foreach(shell bash zsh fish)
  list(APPEND writing COMMAND rushhour help completion ${shell} > ${written}/completion.${shell})
endforeach()
list(TRANSFORM pages PREPEND ${written}/)
add_custom_command(OUTPUT ${pages} ${written}/completion.bash ${written}/completion.zsh ${written}/completion.fish
                   ${writing} DEPENDS rushhour VERBATIM COMMENT "manual pages and completions")
add_custom_target(written ALL DEPENDS ${pages})

install(TARGETS rushhour RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(page IN LISTS pages)
  string(REGEX REPLACE ".*\\." "" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES ${written}/completion.bash RENAME rushhour DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${written}/completion.zsh RENAME _rushhour DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${written}/completion.fish RENAME rushhour.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(DIRECTORY profiles/ DESTINATION ${CMAKE_INSTALL_DATADIR}/rushhour/profiles)
install(DIRECTORY profiles/systemd/ DESTINATION lib/systemd/system FILES_MATCHING PATTERN *.service PATTERN *.timer)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

# For `cpack --config packaging.cmake`. Not CPackConfig.cmake, nor include(CPack): with either CMake takes the name "package"
# for a target of its own, which a folder of src/ has.
configure_file(cmake/packaging.cmake.in ${PROJECT_BINARY_DIR}/packaging.cmake @ONLY)
