/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/token.c: places in pages of 256, a list of free ones, and a list of completed ones that one posted
 * job delivers on the loop. The lock is held for a few instructions and never across a callback. */
#include "core/pipeline/token.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pdata/batch.h"
#include "core/pipeline/process.h"

#define PAGE_SLOTS 256u
#define PAGES (NCL_TOKENS_MAX / PAGE_SLOTS)
#define MESSAGE_MAX 1024u /* bytes kept of an outcome's message */
#define NO_SLOT UINT32_MAX
#define FORGET_PASSES 16u /* a component that opens token after token while it ends is not followed for ever */

typedef struct slot {
  uint32_t generation; /* of the token that is out, or of the next one */
  uint32_t next;       /* in the free list or the list of completed ones */
  uint8_t is_open;     /* a completion is awaited */
  uint8_t is_done;     /* completed, delivery is under way */
  uint8_t is_cut;      /* a remainder is left out */
  uint8_t was_done;    /* the token before the one that is out now was completed */
  ncl_done_fn done;    /* NULL: cancelled after it was completed */
  void *arg;
  const ncl_component *waiter;
  const ncl_component *debtor;
  ncl_timer *timer; /* of the deadline */
  struct ncl_tokens *table;
  ncl_outcome outcome;
  char *message;
} slot;

struct ncl_tokens {
  ncl_loop *loop;
  pthread_mutex_t lock;
  slot *pages[PAGES];
  uint32_t page_count;
  uint32_t free_head;
  uint32_t done_head; /* completed, oldest first */
  uint32_t done_tail;
  ncl_post post; /* of deliver */
  bool posted;   /* it is on its way */
  bool dead;     /* freed, but for the post */
  uint64_t open;
  uint64_t stale;
};

static slot *slot_at(ncl_tokens *tokens, uint32_t index) {
  return &tokens->pages[index / PAGE_SLOTS][index % PAGE_SLOTS];
}

static ncl_token token_of(uint32_t index, uint32_t generation) {
  return ((uint64_t)generation << 32) | index;
}

static slot *find_open(ncl_tokens *tokens, ncl_token token, uint32_t *index) {
  *index = (uint32_t)token;
  if (*index / PAGE_SLOTS >= tokens->page_count) return NULL;
  slot *s = slot_at(tokens, *index);
  return s->generation == (uint32_t)(token >> 32) && s->is_open ? s : NULL;
}

static bool add_page(ncl_tokens *tokens) {
  if (tokens->page_count == PAGES) return false;
  slot *page = calloc(PAGE_SLOTS, sizeof *page);
  if (page == NULL) return false;
  uint32_t first = tokens->page_count * PAGE_SLOTS;
  for (uint32_t i = 0; i < PAGE_SLOTS; i++) {
    page[i].generation = 1;
    page[i].table = tokens;
    page[i].next = i + 1 < PAGE_SLOTS ? first + i + 1 : tokens->free_head;
  }
  tokens->free_head = first;
  tokens->pages[tokens->page_count++] = page;
  return true;
}

/* With the lock held: the token is dead from now on. */
static void retire(ncl_tokens *tokens, slot *s, uint32_t index) {
  s->is_open = 0;
  s->is_done = 0;
  s->was_done = 0;
  s->generation = s->generation == UINT32_MAX ? 1 : s->generation + 1;
  s->next = tokens->free_head;
  tokens->free_head = index;
  tokens->open--;
}

static void free_table(ncl_tokens *tokens) {
  pthread_mutex_destroy(&tokens->lock);
  free(tokens);
}

static void drop_outcome(ncl_outcome *outcome, char *message) {
  free(message);
  ncl_batch_release(outcome->remainder);
  if (outcome->release != NULL && outcome->result != NULL) outcome->release(outcome->result);
}

static ncl_tokens *table_of(ncl_post *post) {
  return (ncl_tokens *)((char *)post - offsetof(ncl_tokens, post));
}

/* The loop ends with the post still on it. */
static void drop_post(ncl_post *post) {
  ncl_tokens *tokens = table_of(post);
  pthread_mutex_lock(&tokens->lock);
  tokens->posted = false;
  bool dead = tokens->dead;
  pthread_mutex_unlock(&tokens->lock);
  if (dead) free_table(tokens);
}

static void deliver_to(ncl_tokens *tokens, const ncl_component *waiter, ncl_done_fn done, void *arg,
                       const ncl_outcome *outcome) {
  ncl_loop_call *running = ncl_loop_running(tokens->loop);
  ncl_loop_call before = ncl_loop_enter(running, waiter != NULL ? &waiter->callee : NULL, (uintptr_t)done);
  done(arg, outcome);
  ncl_loop_leave(running, before);
}

/* With the lock held, which is given up for each callback: delivers up to place `last`. */
static void deliver_until(ncl_tokens *tokens, uint32_t last) {
  while (tokens->done_head != NO_SLOT) {
    uint32_t index = tokens->done_head;
    slot *s = slot_at(tokens, index);
    tokens->done_head = s->next;
    if (tokens->done_head == NO_SLOT) tokens->done_tail = NO_SLOT;
    ncl_done_fn done = s->done;
    void *done_arg = s->arg;
    ncl_outcome outcome = s->outcome;
    char *message = s->message;
    ncl_timer *timer = s->timer;
    bool is_cut = s->is_cut;
    s->message = NULL;
    s->timer = NULL;
    const ncl_component *waiter = s->waiter;
    retire(tokens, s, index);
    s->was_done = outcome.reserved != NCL_OUTCOME_BY_DEADLINE;
    pthread_mutex_unlock(&tokens->lock);
    ncl_timer_close(timer);
    const ncl_batch *remainder = outcome.remainder;
    if (is_cut) outcome.remainder = NULL;
    if (done != NULL) deliver_to(tokens, waiter, done, done_arg, &outcome);
    outcome.remainder = remainder;
    drop_outcome(&outcome, message);
    pthread_mutex_lock(&tokens->lock);
    if (index == last) break;
  }
}

/* Delivers what is completed now; what completes meanwhile gets a job of its own, so that the loop is never held. */
static void deliver(ncl_post *post) {
  ncl_tokens *tokens = table_of(post);
  pthread_mutex_lock(&tokens->lock);
  if (tokens->dead) {
    pthread_mutex_unlock(&tokens->lock);
    free_table(tokens);
    return;
  }
  tokens->posted = false;
  deliver_until(tokens, tokens->done_tail);
  bool again = tokens->done_head != NO_SLOT && !tokens->posted;
  if (again) tokens->posted = true;
  pthread_mutex_unlock(&tokens->lock);
  if (again) ncl_loop_post_item(tokens->loop, &tokens->post);
}

/* With the lock held. Returns true when the caller has to post deliver() after unlocking. */
static bool queue_done(ncl_tokens *tokens, slot *s, uint32_t index) {
  s->is_open = 0;
  s->is_done = 1;
  s->next = NO_SLOT;
  if (tokens->done_tail == NO_SLOT) {
    tokens->done_head = index;
  } else {
    slot_at(tokens, tokens->done_tail)->next = index;
  }
  tokens->done_tail = index;
  if (tokens->posted) return false;
  tokens->posted = true;
  return true;
}

/* A copy that no longer depends on whoever filled it in. */
static void copy_outcome(const ncl_outcome *from, ncl_outcome *to, char **message) {
  *to = (ncl_outcome)NCL_OUTCOME_INIT;
  *message = NULL;
  if (from == NULL) return;
  size_t size = from->struct_size < sizeof *to ? from->struct_size : sizeof *to;
  memcpy(to, from, size);
  to->struct_size = sizeof *to;
  to->reserved = 0;
  to->forward = NULL;
  bool answers = to->status == NCL_OK || (to->status >= NCL_PERMANENT && to->status <= NCL_NO_MEMORY);
  if (!answers) to->status = NCL_PERMANENT; /* a completion that is none: trying again cannot help */
  if (to->remainder != NULL) ncl_batch_retain(to->remainder);
  size_t len = from->message.len < MESSAGE_MAX ? from->message.len : MESSAGE_MAX;
  to->message = (ncl_str){NULL, 0};
  if (len == 0) return;
  *message = malloc(len);
  if (*message == NULL) return;
  memcpy(*message, from->message.ptr, len);
  to->message = (ncl_str){*message, len};
}

ncl_tokens *ncl_tokens_new(ncl_loop *loop) {
  ncl_tokens *tokens = calloc(1, sizeof *tokens);
  if (tokens == NULL) return NULL;
  if (pthread_mutex_init(&tokens->lock, NULL) != 0) {
    free(tokens);
    return NULL;
  }
  tokens->loop = loop;
  tokens->post.run = deliver;
  tokens->post.drop = drop_post;
  tokens->free_head = tokens->done_head = tokens->done_tail = NO_SLOT;
  return tokens;
}

void ncl_tokens_free(ncl_tokens *tokens) {
  if (tokens == NULL) return;
  for (uint32_t p = 0; p < tokens->page_count; p++) {
    for (uint32_t i = 0; i < PAGE_SLOTS; i++) {
      slot *s = &tokens->pages[p][i];
      ncl_timer_close(s->timer);
      if (s->is_done) drop_outcome(&s->outcome, s->message);
    }
    free(tokens->pages[p]);
  }
  tokens->page_count = 0;
  pthread_mutex_lock(&tokens->lock);
  tokens->dead = true;
  bool posted = tokens->posted; /* then the loop still has a part of the table, and frees it */
  pthread_mutex_unlock(&tokens->lock);
  if (!posted) free_table(tokens);
}

/* With the lock held: a dead token was completed, and not only given up. Of one whose place has had others since that
 * is not known. */
static bool was_completed(ncl_tokens *tokens, ncl_token token) {
  uint32_t index = (uint32_t)token, generation = (uint32_t)(token >> 32);
  if (index / PAGE_SLOTS >= tokens->page_count) return false;
  const slot *s = slot_at(tokens, index);
  if (s->generation == generation) return s->is_done && s->done != NULL && s->outcome.reserved == 0;
  return s->generation == (generation == UINT32_MAX ? 1 : generation + 1) && s->was_done;
}

/* False: it was completed before. */
static bool complete(ncl_tokens *tokens, ncl_token token, const ncl_outcome *outcome, uint32_t by) {
  ncl_outcome copy;
  char *message;
  copy_outcome(outcome, &copy, &message);
  copy.reserved = by;
  uint32_t index;
  pthread_mutex_lock(&tokens->lock);
  slot *s = find_open(tokens, token, &index);
  bool post = false, is_first = true;
  if (s != NULL) {
    s->outcome = copy;
    s->message = message;
    post = queue_done(tokens, s, index);
  } else {
    tokens->stale++;
    is_first = !was_completed(tokens, token);
  }
  pthread_mutex_unlock(&tokens->lock);
  if (s == NULL) drop_outcome(&copy, message);
  if (post) ncl_loop_post_item(tokens->loop, &tokens->post);
  return is_first;
}

/* The deadline of a token passed: completed by the host itself. */
static void on_deadline(void *arg) {
  slot *s = arg;
  ncl_tokens *tokens = s->table;
  char late[MESSAGE_MAX] = "no answer before the deadline";
  pthread_mutex_lock(&tokens->lock);
  ncl_token token = 0;
  for (uint32_t p = 0; p < tokens->page_count && token == 0; p++) {
    if (s >= tokens->pages[p] && s < tokens->pages[p] + PAGE_SLOTS && s->is_open) {
      token = token_of(p * PAGE_SLOTS + (uint32_t)(s - tokens->pages[p]), s->generation);
    }
  }
  if (token != 0 && s->debtor != NULL) {
    (void)snprintf(late, sizeof late, "no answer before the deadline: %s %.*s gave none", s->debtor->callee.kind,
                   (int)s->debtor->id.len, s->debtor->id.ptr);
  }
  pthread_mutex_unlock(&tokens->lock);
  if (token == 0) return;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.grpc_code = 4; /* DEADLINE_EXCEEDED */
  outcome.message = ncl_str_of(late, strlen(late));
  (void)complete(tokens, token, &outcome, NCL_OUTCOME_BY_DEADLINE);
}

ncl_token ncl_token_open(ncl_tokens *tokens, const ncl_component *waiter, const ncl_component *debtor, ncl_done_fn done,
                         void *arg, int64_t deadline_ns) {
  pthread_mutex_lock(&tokens->lock);
  if (tokens->free_head == NO_SLOT && !add_page(tokens)) {
    pthread_mutex_unlock(&tokens->lock);
    return 0;
  }
  uint32_t index = tokens->free_head;
  slot *s = slot_at(tokens, index);
  tokens->free_head = s->next;
  tokens->open++;
  s->is_open = 1;
  s->is_cut = 0;
  s->done = done;
  s->arg = arg;
  s->waiter = waiter;
  s->debtor = debtor;
  s->timer = NULL;
  s->message = NULL;
  ncl_token token = token_of(index, s->generation);
  pthread_mutex_unlock(&tokens->lock);
  if (deadline_ns > 0) {
    ncl_timer *timer = ncl_timer_open(tokens->loop, on_deadline, s);
    if (timer == NULL) {
      (void)ncl_token_cancel(tokens, token);
      return 0;
    }
    s->timer = timer;
    ncl_timer_set(timer, deadline_ns);
  }
  return token;
}

bool ncl_token_complete(ncl_tokens *tokens, ncl_token token, const ncl_outcome *outcome) {
  return complete(tokens, token, outcome, 0);
}

void ncl_token_set_deadline(ncl_tokens *tokens, ncl_token token, int64_t deadline_ns) {
  uint32_t index;
  pthread_mutex_lock(&tokens->lock);
  slot *s = find_open(tokens, token, &index);
  pthread_mutex_unlock(&tokens->lock);
  ncl_timer *timer = s == NULL ? NULL : ncl_timer_open(tokens->loop, on_deadline, s);
  if (timer == NULL) return;
  pthread_mutex_lock(&tokens->lock);
  bool taken = s->timer == NULL && (s->is_open || s->is_done) && s->generation == (uint32_t)(token >> 32);
  if (taken) s->timer = timer;
  pthread_mutex_unlock(&tokens->lock);
  if (taken) {
    ncl_timer_set(timer, deadline_ns);
  } else {
    ncl_timer_close(timer);
  }
}

bool ncl_token_cancel(ncl_tokens *tokens, ncl_token token) {
  uint32_t index = (uint32_t)token;
  ncl_timer *timer = NULL;
  bool alive = false;
  pthread_mutex_lock(&tokens->lock);
  if (index / PAGE_SLOTS < tokens->page_count) {
    slot *s = slot_at(tokens, index);
    if (s->generation == (uint32_t)(token >> 32)) {
      if (s->is_open) {
        timer = s->timer;
        s->timer = NULL;
        retire(tokens, s, index);
        alive = true;
      } else if (s->is_done) {
        alive = s->done != NULL;
        s->done = NULL;
      }
    }
  }
  pthread_mutex_unlock(&tokens->lock);
  ncl_timer_close(timer);
  return alive;
}

void ncl_token_owe(ncl_tokens *tokens, ncl_token token, const ncl_component *debtor) {
  uint32_t index;
  pthread_mutex_lock(&tokens->lock);
  slot *s = find_open(tokens, token, &index);
  if (s != NULL) s->debtor = debtor;
  pthread_mutex_unlock(&tokens->lock);
}

void ncl_token_cut(ncl_tokens *tokens, ncl_token token) {
  uint32_t index;
  pthread_mutex_lock(&tokens->lock);
  slot *s = find_open(tokens, token, &index);
  if (s != NULL) s->is_cut = 1;
  pthread_mutex_unlock(&tokens->lock);
}

/* The waiter hears at once, while it is still there to hear. */
static void end_wait(ncl_tokens *tokens, ncl_token token, const ncl_outcome *outcome) {
  uint32_t index;
  pthread_mutex_lock(&tokens->lock);
  slot *s = find_open(tokens, token, &index);
  ncl_done_fn done = s != NULL ? s->done : NULL;
  void *arg = s != NULL ? s->arg : NULL;
  ncl_timer *timer = s != NULL ? s->timer : NULL;
  if (s != NULL) {
    s->timer = NULL;
    retire(tokens, s, index);
  }
  pthread_mutex_unlock(&tokens->lock);
  ncl_timer_close(timer);
  if (done != NULL) done(arg, outcome);
}

/* Once through the table. */
static uint64_t forget(ncl_tokens *tokens, const ncl_component *component, bool owed_too, bool *found) {
  ncl_outcome gone = NCL_OUTCOME_INIT;
  gone.status = NCL_RETRYABLE;
  gone.message = (ncl_str)NCL_STR("the component ended before it answered");
  uint64_t owed = 0;
  *found = false;
  for (uint32_t index = 0; index < tokens->page_count * PAGE_SLOTS; index++) {
    pthread_mutex_lock(&tokens->lock);
    slot *s = slot_at(tokens, index);
    ncl_token token = token_of(index, s->generation);
    bool waits = (s->is_open || s->is_done) && s->waiter == component;
    bool is_open = s->is_open;
    bool owes = owed_too && is_open && s->debtor == component;
    ncl_done_fn done = s->done;
    void *arg = s->arg;
    pthread_mutex_unlock(&tokens->lock);
    *found |= waits || owes;
    if (waits && is_open) {
      end_wait(tokens, token, &gone);
    } else if (waits) {
      /* Completed, but not delivered: what was answered is lost, the waiter is told the same. */
      (void)ncl_token_cancel(tokens, token);
      if (done != NULL) done(arg, &gone);
    } else if (owes) {
      ncl_token_complete(tokens, token, &gone);
      owed++;
    }
  }
  return owed;
}

uint64_t ncl_tokens_forget(ncl_tokens *tokens, const ncl_component *component) {
  bool found = true;
  uint64_t owed = 0;
  /* A callback that hears of an end may open another token, at a place that was passed already. */
  for (uint32_t pass = 0; found && pass < FORGET_PASSES; pass++)
    owed += forget(tokens, component, true, &found);
  return owed;
}

void ncl_tokens_forget_waits(ncl_tokens *tokens, const ncl_component *component) {
  bool found = true;
  for (uint32_t pass = 0; found && pass < FORGET_PASSES; pass++)
    (void)forget(tokens, component, false, &found);
}

void ncl_tokens_settle(ncl_tokens *tokens) {
  pthread_mutex_lock(&tokens->lock);
  bool posted = tokens->posted;
  tokens->posted = true; /* nobody posts meanwhile: all of it is delivered here */
  while (tokens->done_head != NO_SLOT)
    deliver_until(tokens, tokens->done_tail);
  tokens->posted = posted;
  pthread_mutex_unlock(&tokens->lock);
}

ncl_token_counts ncl_tokens_count(ncl_tokens *tokens) {
  pthread_mutex_lock(&tokens->lock);
  ncl_token_counts counts = {tokens->open, tokens->stale};
  pthread_mutex_unlock(&tokens->lock);
  return counts;
}
