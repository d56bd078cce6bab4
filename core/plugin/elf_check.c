/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/elf_check.c: the ELF header and the program headers, read with pread and checked against the file's size.
 */
#include "core/plugin/elf_check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "unknown architecture"
#endif

#define HEADERS_MAX 64u /* program headers looked at; plugins have about ten */

static const char *machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "arm64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit arm";
    default:
      return NULL;
  }
}

static bool check_header(const Elf64_Ehdr *header, char *why, size_t size) {
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
    (void)snprintf(why, size, "not an ELF file, a shared object is needed");
    return false;
  }
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_machine != MACHINE) {
    const char *name = machine_name(header->e_machine);
    char number[32];
    (void)snprintf(number, sizeof number, "ELF machine %u", header->e_machine);
    (void)snprintf(why, size, "built for %s, %s is needed", name != NULL ? name : number, machine_name(MACHINE));
    return false;
  }
  if (header->e_type != ET_DYN) {
    (void)snprintf(why, size, "an ELF file of type %u, a shared object (type %u) is needed", header->e_type, ET_DYN);
    return false;
  }
  return true;
}

/* Every byte that a segment is mapped from must be in the file: the linker would take a SIGBUS there. */
static bool check_segments(int fd, const Elf64_Ehdr *header, uint64_t file_size, char *why, size_t size) {
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 || header->e_phnum > HEADERS_MAX) {
    (void)snprintf(why, size, "damaged: %u program headers of %u bytes", header->e_phnum, header->e_phentsize);
    return false;
  }
  Elf64_Phdr segments[HEADERS_MAX];
  size_t bytes = header->e_phnum * sizeof segments[0];
  uint64_t needed = header->e_phoff + bytes;
  if (header->e_phoff <= file_size && pread(fd, segments, bytes, (off_t)header->e_phoff) == (ssize_t)bytes) {
    for (unsigned i = 0; i < header->e_phnum; i++) {
      uint64_t end = segments[i].p_offset + segments[i].p_filesz;
      if (end < segments[i].p_offset) end = UINT64_MAX;
      if (segments[i].p_type == PT_LOAD && end > needed) needed = end;
    }
  }
  if (needed > file_size) {
    (void)snprintf(why, size, "cut short: %llu bytes found, at least %llu needed", (unsigned long long)file_size,
                   (unsigned long long)needed);
    return false;
  }
  return true;
}

bool ncl_elf_check(const char *path, char *why, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    (void)snprintf(why, size, "cannot be opened: %s", strerror(errno));
    return false;
  }
  struct stat st;
  Elf64_Ehdr header;
  bool good = false;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    (void)snprintf(why, size, "not a regular file");
  } else if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header) {
    (void)snprintf(why, size, "cut short: %lld bytes found, an ELF header alone needs %zu", (long long)st.st_size,
                   sizeof header);
  } else {
    good = check_header(&header, why, size) && check_segments(fd, &header, (uint64_t)st.st_size, why, size);
  }
  (void)close(fd);
  return good;
}
