/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/answer.h: what the running process says when it is asked: status, and the level of its log. */
#ifndef NACELLE_CORE_CONTROL_ANSWER_H
#define NACELLE_CORE_CONTROL_ANSWER_H

#include "core/control/protocol.h"
#include "core/pipeline/process.h"

/* [loop] Answers an ASK other than a tap. The text is from malloc; NULL with one line in `why`. */
char *ncl_control_answer(ncl_process *process, const ncl_control_ask *ask, size_t *len, char *why, size_t size);

/* [loop] The state of the process: as a document, or as a table for people. Both are from malloc; NULL = no memory. */
char *ncl_control_status_json(const ncl_process *process, size_t *len);
char *ncl_control_status_text(const ncl_process *process, size_t *len);

#endif
