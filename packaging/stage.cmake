# SPDX-License-Identifier: Apache-2.0

# Run by CPack between installing and packing: what only a package has, in the forms that Debian's policy
# wants.
set(root ${CPACK_TEMPORARY_DIRECTORY})
set(doc ${root}/usr/share/doc/larder)

# Files for all to read, whatever the umask of the build. Not file(INSTALL): CPack has set DESTDIR.
set(readable PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
function(add from to)
  get_filename_component(folder ${root}${to} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  configure_file(${CPACK_LARDER_PACKAGING}/${from} ${root}${to} COPYONLY)
  file(CHMOD ${root}${to} ${readable})
endfunction()
add(larder.toml /etc/larder/larder.toml)
add(logrotate /etc/logrotate.d/larder)
add(debian/copyright /usr/share/doc/larder/copyright)
file(REMOVE ${doc}/LICENSE)  # copyright names it, and every Debian has its text
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog.Debian
"larder (${version}) unstable; urgency=medium

  * Built from the sources of larder ${CPACK_PACKAGE_VERSION}; changelog.gz tells what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")

file(GLOB pages ${root}/usr/share/man/man*/*.[0-9])
execute_process(COMMAND gzip --best --no-name --force ${doc}/changelog ${doc}/changelog.Debian ${pages}
                COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE documents ${doc}/* ${root}/usr/share/man/*)
file(CHMOD ${documents} ${readable})
# The build's umask may be a strict one, and these are folders of the system.
execute_process(COMMAND find ${root} -type d -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)
