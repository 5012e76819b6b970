# What `cmake --install` puts where. Manual pages and completions are generated from the command table; they
# are installed when they are there, and left out of a build that lacks them.

if(TARGET migtui)
    install(TARGETS migtui RUNTIME)
endif()

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.[1-8])
foreach(page IN LISTS pages)
    string(REGEX MATCH "[1-8]$" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES man/completions/migtui.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME migtui OPTIONAL)
install(FILES man/completions/_migtui DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions OPTIONAL)
install(FILES man/completions/migtui.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
