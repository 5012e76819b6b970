# Libraries of others, all by pkg-config: PkgConfig::<name>. scripts/packages.txt has the Debian packages.

find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

pkg_check_modules(bson REQUIRED IMPORTED_TARGET libbson-1.0>=1.23)
pkg_check_modules(mongoc REQUIRED IMPORTED_TARGET libmongoc-1.0>=1.23)
set_target_properties(PkgConfig::mongoc PROPERTIES INTERFACE_LINK_LIBRARIES "") # loaded when it is wanted: core/io/mongo_driver.h
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(cyaml REQUIRED IMPORTED_TARGET libcyaml>=1.3)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1>=0.2)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.75)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson>=1.7)
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(ncursesw REQUIRED IMPORTED_TARGET ncursesw>=6.4)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(lzma REQUIRED IMPORTED_TARGET liblzma)

if(MIGTUI_TESTS)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka>=1.1.5)
    pkg_check_modules(vterm REQUIRED IMPORTED_TARGET vterm)
endif()
