# Toolchain of the fuzz preset: the clang that is there, the one of Debian 12 first.
find_program(MIGTUI_CLANG NAMES clang-14 clang clang-19 clang-18 clang-17 clang-16 clang-15 REQUIRED)
set(CMAKE_C_COMPILER ${MIGTUI_CLANG})
