# Flags of the whole project: one interface target, `mig_flags`, which every target of ours links privately.
# gcc 12 and clang 14 are what it is tried with; newer ones work.

find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND NOT DEFINED CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(mig_flags INTERFACE)
target_link_libraries(mig_flags INTERFACE m) # not with every compiler by itself

target_compile_definitions(mig_flags INTERFACE _GNU_SOURCE $<$<BOOL:${MIGTUI_FAULTS}>:MIGTUI_FAULTS>)
target_include_directories(mig_flags INTERFACE
    ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)

target_compile_options(mig_flags INTERFACE
    "SHELL:-include ${PROJECT_SOURCE_DIR}/core/base/banned.h"
    -fno-common
    -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wpointer-arith -Wwrite-strings -Wcast-qual -Wundef -Wvla -Wdouble-promotion -Wimplicit-fallthrough
    # Cutting a text to its buffer is what snprintf is for here; gcc would have each cut excused.
    $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wno-format-truncation>)

if(MIGTUI_COVERAGE)
    # The exit waits for the driver's threads, since _exit writes no counts.
    target_compile_options(mig_flags INTERFACE --coverage -fprofile-abs-path -fprofile-update=atomic
        -DDRIVER_WAIT_MS=5000)
    target_link_options(mig_flags INTERFACE --coverage)
else()
    # No machine's paths in the binary, and the same bytes from every build directory.
    target_compile_options(mig_flags INTERFACE -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()

if(MIGTUI_WERROR)
    # A library's next release may deprecate what this one has; that is news, not a failure.
    target_compile_options(mig_flags INTERFACE -Werror -Wno-error=deprecated-declarations)
endif()

if(MIGTUI_SANITIZE)
    # clang's -fsanitize=fuzzer-no-link (coverage without a main) may stand in the list.
    set(sanitize -fsanitize=${MIGTUI_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    # A target that runs a million times sets MIGTUI_UNSANITIZED (and has a smaller twin that doesn't).
    set(wanted $<NOT:$<BOOL:$<TARGET_PROPERTY:MIGTUI_UNSANITIZED>>>)
    target_compile_options(mig_flags INTERFACE "$<${wanted}:${sanitize}>")
    target_link_options(mig_flags INTERFACE "$<${wanted}:${sanitize}>")
endif()

if(MIGTUI_HARDEN)
    include(CheckCCompilerFlag)
    check_c_compiler_flag(-fcf-protection MIGTUI_HAVE_CF_PROTECTION)
    check_c_compiler_flag(-mbranch-protection=standard MIGTUI_HAVE_BRANCH_PROTECTION)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    target_compile_options(mig_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
        -fPIE -Wnull-dereference
        $<$<BOOL:${MIGTUI_HAVE_CF_PROTECTION}>:-fcf-protection>
        $<$<BOOL:${MIGTUI_HAVE_BRANCH_PROTECTION}>:-mbranch-protection=standard>)
    target_link_options(mig_flags INTERFACE -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
endif()
