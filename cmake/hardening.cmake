# What makes a bug in memory harder to use. tools/check-hardening looks for it in the built binary. A sanitizer finds such
# bugs itself, and wants the functions of libc as they are.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

add_compile_options(-fPIE)
add_link_options(-pie)
foreach(flag -fstack-protector-strong -fcf-protection=full)
  string(MAKE_C_IDENTIFIER "compiles_${flag}" known)
  check_c_compiler_flag(${flag} ${known}) # -fcf-protection is of x86 alone
  if(${known})
    add_compile_options(${flag})
  endif()
endforeach()
foreach(flag LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
  string(MAKE_C_IDENTIFIER "links_${flag}" known)
  check_linker_flag(C ${flag} ${known})
  if(${known})
    add_link_options(${flag})
  endif()
endforeach()
if(NOT RUSHHOUR_SANITIZE)
  # it needs optimisation, and some distributions set another level
  add_compile_options($<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>
                      $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>)
endif()
