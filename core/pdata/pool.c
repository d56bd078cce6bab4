/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/pool.c: chunks by size class, kept for reuse on the owner's thread, with exact accounting. */
#include "core/pdata/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/pdata/chunk.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NCL_POISON_CHUNKS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define NCL_POISON_CHUNKS 1
#endif
#ifdef NCL_POISON_CHUNKS
#include <sanitizer/asan_interface.h>
#define POISON(ptr, size) ASAN_POISON_MEMORY_REGION(ptr, size)
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION(ptr, size)
#else
#define POISON(ptr, size) ((void)(ptr), (void)(size))
#define UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#endif

/* From this size on a chunk is a mapping of its own, so that freeing it gives the memory back to the system. */
#define MAP_FROM ((size_t)64 << 10)

typedef struct size_class {
  ncl_chunk *free;
  uint32_t count;
  uint32_t idle; /* the fewest that were free since the last trim */
} kept_class;

struct ncl_pool {
  _Atomic uint64_t used;
  _Atomic uint64_t peak;
  _Atomic uint64_t budget;
  _Atomic uint64_t cached; /* in `classes` and `returned` */
  _Atomic uint64_t cache_limit;
  _Atomic(ncl_chunk *) returned; /* by other threads than the owner */
  _Atomic(pthread_t) owner;
  ncl_pool_allocator allocator;
  kept_class classes[NCL_CHUNK_CLASSES];
  char message[NCL_POOL_MESSAGE];
};

static void *system_alloc(void *arg, size_t size) {
  (void)arg;
  if (size < MAP_FROM) return malloc(size);
  void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return ptr == MAP_FAILED ? NULL : ptr;
}

static void system_release(void *arg, void *ptr, size_t size) {
  (void)arg;
  if (size < MAP_FROM) {
    free(ptr);
  } else {
    (void)munmap(ptr, size);
  }
}

static const ncl_pool_allocator system_allocator = {system_alloc, system_release, NULL};

static uint32_t class_of(size_t size) {
  if (size <= NCL_CHUNK_MIN) return 0;
  size_t last = size - 1;
  uint32_t top = 63u - (uint32_t)__builtin_clzll(last);
  return (top - 12u) * 4u + (uint32_t)((last >> (top - 2u)) & 3u) + 1u;
}

static size_t class_size(uint32_t size_class) {
  size_t base = NCL_CHUNK_MIN << (size_class / 4u);
  return base + (base / 4u) * (size_class % 4u);
}

static void raise_peak(ncl_pool *pool, uint64_t used) {
  uint64_t peak = atomic_load_explicit(&pool->peak, memory_order_relaxed);
  while (used > peak &&
         !atomic_compare_exchange_weak_explicit(&pool->peak, &peak, used, memory_order_relaxed, memory_order_relaxed)) {
  }
}

/* Counts `bytes` more as used if the budget has room for them. */
static int reserve(ncl_pool *pool, uint64_t bytes) {
  uint64_t budget = atomic_load_explicit(&pool->budget, memory_order_relaxed);
  uint64_t used = atomic_load_explicit(&pool->used, memory_order_relaxed);
  do {
    if (used > budget || bytes > budget - used) return 0;
  } while (!atomic_compare_exchange_weak_explicit(&pool->used, &used, used + bytes, memory_order_relaxed,
                                                  memory_order_relaxed));
  raise_peak(pool, used + bytes);
  return 1;
}

static void unreserve(ncl_pool *pool, uint64_t bytes) {
  uint64_t before = atomic_fetch_sub_explicit(&pool->used, bytes, memory_order_relaxed);
  assert(before >= bytes);
  (void)before;
}

static void release_chunk(ncl_pool *pool, ncl_chunk *chunk) {
  UNPOISON(ncl_chunk_data(chunk), ncl_chunk_room(chunk));
  pool->allocator.release(pool->allocator.arg, chunk, chunk->size);
}

static void keep(ncl_pool *pool, ncl_chunk *chunk) {
  kept_class *of = &pool->classes[chunk->size_class];
  chunk->next = of->free;
  of->free = chunk;
  of->count++;
}

/* Takes in what other threads gave back. */
static void collect(ncl_pool *pool) {
  ncl_chunk *chunk = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
  while (chunk) {
    ncl_chunk *next = chunk->next;
    keep(pool, chunk);
    chunk = next;
  }
}

static ncl_chunk *take_kept(ncl_pool *pool, kept_class *of) {
  ncl_chunk *chunk = of->free;
  if (!chunk) return NULL;
  of->free = chunk->next;
  of->count--;
  if (of->count < of->idle) of->idle = of->count;
  atomic_fetch_sub_explicit(&pool->cached, chunk->size, memory_order_relaxed);
  return chunk;
}

/* Frees kept chunks, the largest first, until only `limit` bytes of them are left. */
static void evict(ncl_pool *pool, uint64_t limit) {
  collect(pool);
  for (uint32_t i = NCL_CHUNK_CLASSES; i-- > 0;) {
    kept_class *of = &pool->classes[i];
    while (of->free && atomic_load_explicit(&pool->cached, memory_order_relaxed) > limit) {
      release_chunk(pool, take_kept(pool, of));
    }
  }
}

/* New memory for bytes that are already counted; kept chunks make way for it. */
static void *obtain(ncl_pool *pool, size_t size) {
  uint64_t used = atomic_load_explicit(&pool->used, memory_order_relaxed);
  uint64_t budget = atomic_load_explicit(&pool->budget, memory_order_relaxed);
  uint64_t cached = atomic_load_explicit(&pool->cached, memory_order_relaxed);
  uint64_t room = budget > used ? budget - used : 0;
  if (cached > room) evict(pool, room);
  void *ptr = pool->allocator.alloc(pool->allocator.arg, size);
  if (!ptr && cached > 0) {
    evict(pool, 0);
    ptr = pool->allocator.alloc(pool->allocator.arg, size);
  }
  return ptr;
}

void *ncl_pool_alloc(ncl_pool *pool, size_t size) {
  NCL_POOL_ASSERT_OWNER(pool);
  if (!reserve(pool, size)) return NULL;
  void *ptr = obtain(pool, size);
  if (!ptr) unreserve(pool, size);
  return ptr;
}

void ncl_pool_release(ncl_pool *pool, void *ptr, size_t size) {
  pool->allocator.release(pool->allocator.arg, ptr, size);
  unreserve(pool, size);
}

ncl_chunk *ncl_chunk_take(ncl_pool *pool, size_t room) {
  NCL_POOL_ASSERT_OWNER(pool);
  if (room > PTRDIFF_MAX - sizeof(ncl_chunk) - NCL_CHUNK_MIN) return NULL;
  size_t size = room + sizeof(ncl_chunk);
  uint32_t size_class = NCL_CHUNK_CLASSES;
  if (size <= NCL_CHUNK_MAX) {
    size_class = class_of(size);
    size = class_size(size_class);
  } else {
    size = (size + NCL_CHUNK_MIN - 1) & ~(NCL_CHUNK_MIN - 1);
  }
  if (size_class < NCL_CHUNK_CLASSES) {
    if (!pool->classes[size_class].free && atomic_load_explicit(&pool->returned, memory_order_relaxed)) collect(pool);
    if (pool->classes[size_class].free) {
      if (!reserve(pool, size)) return NULL;
      ncl_chunk *kept = take_kept(pool, &pool->classes[size_class]);
      UNPOISON(ncl_chunk_data(kept), ncl_chunk_room(kept));
      return kept;
    }
  }
  ncl_chunk *chunk = ncl_pool_alloc(pool, size);
  if (!chunk) return NULL;
  chunk->next = NULL;
  chunk->pool = pool;
  chunk->size = size;
  chunk->size_class = size_class;
  chunk->reserved = 0;
  return chunk;
}

void ncl_chunk_give(ncl_chunk *chunk) {
  ncl_pool *pool = chunk->pool;
  size_t size = chunk->size;
  uint64_t cached = atomic_fetch_add_explicit(&pool->cached, size, memory_order_relaxed) + size;
  if (chunk->size_class >= NCL_CHUNK_CLASSES ||
      cached > atomic_load_explicit(&pool->cache_limit, memory_order_relaxed)) {
    atomic_fetch_sub_explicit(&pool->cached, size, memory_order_relaxed);
    release_chunk(pool, chunk);
  } else {
    POISON(ncl_chunk_data(chunk), ncl_chunk_room(chunk));
    if (ncl_pool_is_owner(pool)) {
      keep(pool, chunk);
    } else {
      ncl_chunk *head = atomic_load_explicit(&pool->returned, memory_order_relaxed);
      do {
        chunk->next = head;
      } while (!atomic_compare_exchange_weak_explicit(&pool->returned, &head, chunk, memory_order_release,
                                                      memory_order_relaxed));
    }
  }
  unreserve(pool, size);
}

char *ncl_pool_message(ncl_pool *pool) {
  return pool->message;
}

int ncl_pool_is_owner(const ncl_pool *pool) {
  return pthread_equal(atomic_load_explicit(&pool->owner, memory_order_relaxed), pthread_self()) != 0;
}

ncl_pool *ncl_pool_new(void) {
  ncl_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  atomic_init(&pool->budget, UINT64_MAX);
  atomic_init(&pool->cache_limit, NCL_POOL_CACHE_BYTES);
  atomic_init(&pool->owner, pthread_self());
  pool->allocator = system_allocator;
  return pool;
}

void ncl_pool_free(ncl_pool *pool) {
  if (!pool) return;
  assert(ncl_pool_used(pool) == 0);
  evict(pool, 0);
  free(pool);
}

void ncl_pool_adopt(ncl_pool *pool) {
  atomic_store_explicit(&pool->owner, pthread_self(), memory_order_relaxed);
}

void ncl_pool_set_allocator(ncl_pool *pool, const ncl_pool_allocator *allocator) {
  assert(ncl_pool_used(pool) == 0 && ncl_pool_cached(pool) == 0);
  pool->allocator = allocator ? *allocator : system_allocator;
}

void ncl_pool_set_budget(ncl_pool *pool, uint64_t bytes) {
  atomic_store_explicit(&pool->budget, bytes, memory_order_relaxed);
}

void ncl_pool_set_cache(ncl_pool *pool, uint64_t bytes) {
  NCL_POOL_ASSERT_OWNER(pool);
  atomic_store_explicit(&pool->cache_limit, bytes, memory_order_relaxed);
  evict(pool, bytes);
}

uint64_t ncl_pool_budget(const ncl_pool *pool) {
  return atomic_load_explicit(&pool->budget, memory_order_relaxed);
}

uint64_t ncl_pool_used(const ncl_pool *pool) {
  return atomic_load_explicit(&pool->used, memory_order_relaxed);
}

uint64_t ncl_pool_peak(const ncl_pool *pool) {
  return atomic_load_explicit(&pool->peak, memory_order_relaxed);
}

uint64_t ncl_pool_cached(const ncl_pool *pool) {
  return atomic_load_explicit(&pool->cached, memory_order_relaxed);
}

ncl_status ncl_pool_charge(ncl_pool *pool, int64_t bytes) {
  if (bytes >= 0) return reserve(pool, (uint64_t)bytes) ? NCL_OK : NCL_NO_MEMORY;
  unreserve(pool, 0u - (uint64_t)bytes);
  return NCL_OK;
}

void ncl_pool_trim(ncl_pool *pool) {
  NCL_POOL_ASSERT_OWNER(pool);
  collect(pool);
  for (uint32_t i = 0; i < NCL_CHUNK_CLASSES; i++) {
    kept_class *of = &pool->classes[i];
    /* Half of what lay idle, so that a load which pauses for a second finds most of its chunks again. */
    for (uint32_t n = (of->idle + 1) / 2; n > 0; n--) {
      release_chunk(pool, take_kept(pool, of));
    }
    of->idle = of->count;
  }
  uint64_t used = ncl_pool_used(pool);
  uint64_t budget = ncl_pool_budget(pool);
  uint64_t room = budget > used ? budget - used : 0;
  if (ncl_pool_cached(pool) > room) evict(pool, room);
}
