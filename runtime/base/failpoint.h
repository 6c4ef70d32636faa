/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint.h -- named places where a test can kill the process or let a call fail.
 *
 *     SM_FAILPOINT=flow.after_decided:kill         SIGKILL at the first pass
 *     SM_FAILPOINT=fs.fsync:3:EIO                  the third fsync fails with EIO
 *     SM_FAILPOINT=delta.after_link:2:kill,fs.write:ENOSPC
 *
 *     SM_FAILPOINT=count                           at exit, each name and how often it was passed
 *
 * <name>[:<nth>]:<what>, several separated by commas; <what> is kill, stop (SIGSTOP, so that a
 * test can act and send SIGCONT), hang (this thread goes no further) or the name of an errno
 * (EIO, ENOSPC, EACCES, EDQUOT, EMFILE); `*` as nth means every pass.  A name that is
 * not in the list below ends the process with a message.  One that fires says so on standard
 * error, so that a test can tell a fault that was borne from one that never came.  Costs one
 * load when unset. */
#ifndef SM_BASE_FAILPOINT_H
#define SM_BASE_FAILPOINT_H

#include <stddef.h>

/* Those of exactly-once.md, section 5, then the seams whose nth call can fail. */
#define SM_FAILPOINTS(X)                                                                           \
    X("source.after_read")                                                                         \
    X("files.after_numbers")                                                                       \
    X("files.after_move")                                                                          \
    X("files.after_clean")                                                                         \
    X("delta.after_file")                                                                          \
    X("delta.after_rewrite")                                                                       \
    X("ops.after_state")                                                                           \
    X("flow.after_remote_decided")                                                                 \
    X("flow.after_decided")                                                                        \
    X("delta.after_link")                                                                          \
    X("delta.between_targets")                                                                     \
    X("delta.after_checkpoint")                                                                    \
    X("flow.before_decided")                                                                       \
    X("flow.after_publish")                                                                        \
    X("flow.after_done")                                                                           \
    X("reset.after_switch")                                                                        \
    X("schema.after_version")                                                                      \
    X("store.step")                                                                                \
    X("store.after_commit")                                                                        \
    X("notify.before_send")                                                                        \
    X("notify.after_answer")                                                                       \
    X("fs.open")                                                                                   \
    X("fs.read")                                                                                   \
    X("fs.write")                                                                                  \
    X("fs.fsync")                                                                                  \
    X("fs.fsync_dir")                                                                              \
    X("fs.link")                                                                                   \
    X("fs.rename")                                                                                 \
    X("fs.unlink")                                                                                 \
    X("fs.mkdir")                                                                                  \
    X("fs.list")                                                                                   \
    X("fs.stat")                                                                                   \
    X("http.before_spool")                                                                         \
    X("http.after_spool")                                                                          \
    X("http.before_send")                                                                          \
    X("http.after_send")                                                                           \
    X("kafka.after_send")                                                                          \
    X("kafka.after_commit")                                                                        \
    X("outbox.after_keep")                                                                         \
    X("outbox.after_sent")                                                                         \
    X("s3.request")                                                                                \
    X("s3.answer")

/* Pass a point: dies here when told to; an errno given for it is ignored. */
void sm_failpoint(const char *name);
/* Pass a point that can fail: 0, or the errno to fail with. */
int sm_failpoint_err(const char *name);

/* Set from text, as the environment would; "" or NULL clears.  For tests. */
void sm_failpoint_set(const char *spec);
/* The last point passed, for the note that a dying process leaves; "" if none. */
const char *sm_failpoint_last(void);
const char *const *sm_failpoint_names(size_t *n);

#endif
