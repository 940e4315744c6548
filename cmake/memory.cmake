# Each allocation of our own code goes by base/memory.c, which notes those that fail.
foreach(function malloc calloc realloc strdup strndup)
  target_link_options(base INTERFACE LINKER:--wrap=${function})
endforeach()
