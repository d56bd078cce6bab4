/* SPDX-License-Identifier: Apache-2.0 */
/* elf.c: program headers, the dynamic section and read-only texts of an ELF file. */
#include "programs/dist/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MIN 4u
#define TEXT_MAX 255u

static const Elf64_Ehdr *header(const ncl_elf *elf) {
  return (const Elf64_Ehdr *)(const void *)elf->bytes;
}

/* Header i; NULL = it lies outside of the file. */
static const Elf64_Phdr *segment(const ncl_elf *elf, size_t i) {
  const Elf64_Ehdr *h = header(elf);
  if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff % _Alignof(Elf64_Phdr) != 0 || h->e_phoff > elf->size ||
      elf->size - h->e_phoff < (i + 1) * sizeof(Elf64_Phdr)) {
    return NULL;
  }
  const Elf64_Phdr *p = (const Elf64_Phdr *)(const void *)(elf->bytes + h->e_phoff) + i;
  return p->p_offset <= elf->size && p->p_filesz <= elf->size - p->p_offset ? p : NULL;
}

static bool check_header(ncl_elf *elf, const char *path, ncl_problem *problem) {
  const Elf64_Ehdr *h = header(elf);
  if (elf->size < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0) {
    return ncl_problem_set(problem, "%s is no ELF file", path);
  }
  if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
      (h->e_machine != EM_X86_64 && h->e_machine != EM_AARCH64)) {
    return ncl_problem_set(problem, "%s is for a machine that Nacelle does not run on: x86-64 and arm64 are known",
                           path);
  }
  elf->machine = h->e_machine;
  return true;
}

bool ncl_elf_open(ncl_elf *elf, const char *path, ncl_problem *problem) {
  struct stat st;
  memset(elf, 0, sizeof *elf);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    int error = fd < 0 ? errno : EINVAL;
    if (fd >= 0) (void)close(fd);
    return ncl_problem_set(problem, "%s cannot be read: %s", path, strerror(error));
  }
  void *mapped = st.st_size > 0 && (size_t)st.st_size <= NCL_ELF_FILE_MAX
                     ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                     : MAP_FAILED;
  (void)close(fd);
  if (mapped == MAP_FAILED) return ncl_problem_set(problem, "%s cannot be mapped (empty, or too large)", path);
  elf->bytes = mapped;
  elf->size = (size_t)st.st_size;
  if (check_header(elf, path, problem)) return true;
  ncl_elf_close(elf);
  return false;
}

void ncl_elf_close(ncl_elf *elf) {
  if (elf->bytes != NULL) (void)munmap(elf->bytes, elf->size);
  memset(elf, 0, sizeof *elf);
}

/* The bytes from an address to the end of what its segment has in the file. */
static const char *at_address(const ncl_elf *elf, uint64_t address, size_t *left) {
  for (size_t i = 0; i < header(elf)->e_phnum; i++) {
    const Elf64_Phdr *p = segment(elf, i);
    if (p == NULL || p->p_type != PT_LOAD || address < p->p_vaddr || address - p->p_vaddr >= p->p_filesz) continue;
    *left = p->p_filesz - (address - p->p_vaddr);
    return (const char *)elf->bytes + p->p_offset + (address - p->p_vaddr);
  }
  return NULL;
}

static const Elf64_Phdr *find(const ncl_elf *elf, uint32_t type) {
  for (size_t i = 0; i < header(elf)->e_phnum; i++) {
    const Elf64_Phdr *p = segment(elf, i);
    if (p != NULL && p->p_type == type) return p;
  }
  return NULL;
}

bool ncl_elf_needed(const ncl_elf *elf, ncl_elf_each each, void *arg, ncl_problem *problem) {
  const Elf64_Phdr *p = find(elf, PT_DYNAMIC);
  uint64_t strings = 0;
  if (p == NULL || p->p_offset % _Alignof(Elf64_Dyn) != 0) return true; /* static */
  const Elf64_Dyn *entries = (const Elf64_Dyn *)(const void *)(elf->bytes + p->p_offset);
  size_t count = p->p_filesz / sizeof *entries, left = 0;
  for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
    if (entries[i].d_tag == DT_STRTAB) strings = entries[i].d_un.d_ptr;
  }
  const char *table = at_address(elf, strings, &left);
  for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
    if (entries[i].d_tag != DT_NEEDED) continue;
    uint64_t at = entries[i].d_un.d_val;
    if (table == NULL || at >= left || memchr(table + at, '\0', left - at) == NULL) {
      return ncl_problem_set(problem, "malformed dynamic section");
    }
    if (!each(arg, table + at)) return false;
  }
  return true;
}

const char *ncl_elf_interpreter(const ncl_elf *elf) {
  const Elf64_Phdr *p = find(elf, PT_INTERP);
  if (p == NULL || p->p_filesz == 0 || elf->bytes[p->p_offset + p->p_filesz - 1] != '\0') return NULL;
  return (const char *)elf->bytes + p->p_offset;
}

static bool texts_of(const char *bytes, size_t size, ncl_elf_each each, void *arg) {
  size_t len = 0;
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] >= ' ' && bytes[i] <= '~') {
      len++;
      continue;
    }
    if (bytes[i] == '\0' && len >= TEXT_MIN && len <= TEXT_MAX && !each(arg, bytes + i - len)) return false;
    len = 0;
  }
  return true;
}

bool ncl_elf_texts(const ncl_elf *elf, ncl_elf_each each, void *arg) {
  for (size_t i = 0; i < header(elf)->e_phnum; i++) {
    const Elf64_Phdr *p = segment(elf, i);
    if (p == NULL || p->p_type != PT_LOAD || (p->p_flags & (PF_W | PF_X)) != 0) continue;
    if (!texts_of((const char *)elf->bytes + p->p_offset, p->p_filesz, each, arg)) return false;
  }
  return true;
}
