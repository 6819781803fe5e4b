# What `cmake --install` installs besides the libraries: the CMake package and quire.pc.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Quire")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/QuireConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/QuireConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/QuireConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(EXPORT QuireTargets NAMESPACE Quire:: DESTINATION "${package_dir}")
install(FILES "${PROJECT_BINARY_DIR}/QuireConfig.cmake"
              "${PROJECT_BINARY_DIR}/QuireConfigVersion.cmake"
        DESTINATION "${package_dir}")

# quire.pc finds its prefix from where it lies, so that an installed tree can be moved. Archives
# are named from the top down, as the linker wants them.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pc_prefix "/${pc_dir}" "/")
get_property(archives GLOBAL PROPERTY QUIRE_ARCHIVES)
list(REVERSE archives)
list(JOIN archives " " QUIRE_PC_LIBS)
configure_file("${PROJECT_SOURCE_DIR}/cmake/quire.pc.in" "${PROJECT_BINARY_DIR}/quire.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/quire.pc" DESTINATION "${pc_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
