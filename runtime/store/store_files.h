/* SPDX-License-Identifier: Apache-2.0 */
/* store_files.h -- the files that a flow has seen of a source.
 *
 * Files get numbers 1, 2, 3 … in the order they are added; the offset of a files source is the
 * last number read.  A path that is added again (it was overwritten, and that is allowed) gets
 * a new number; look-ups by path give the newest.  Nothing is ever held in memory: a source of
 * a million files is read page by page. */
#ifndef SM_STORE_STORE_FILES_H
#define SM_STORE_STORE_FILES_H

#include "runtime/store/store.h"

typedef struct sm_files_key {
    int64_t generation; /* id, of the flow's current or reserved generation */
    sm_sv source;       /* name of the source dataset */
} sm_files_key;

typedef struct sm_source_file {
    int64_t seq;      /* given by the store */
    sm_sv path;       /* up to 4096 bytes */
    int64_t size;     /* bytes */
    int64_t mtime_ns; /* nanoseconds since 1970 */
    int64_t inode;    /* 0 = not known; of an object store a number made of its ETag */
    sm_sv etag;       /* of an object store; empty on a file system */
    int64_t batch;    /* the batch that read it, once decided; -1 = none yet */
} sm_source_file;

/* Add files in the given order; seqs are filled in.  All or none. */
sm_code sm_store_files_add(sm_store *s, const sm_owner *o, sm_files_key key, sm_source_file *files,
                           size_t n, sm_error *err);

/* Remember files that are never to be read: they are seen and take no numbers of their order
 * (`seq` is negative).  All or none. */
sm_code sm_store_files_skip(sm_store *s, const sm_owner *o, sm_files_key key,
                            const sm_source_file *files, size_t n, sm_error *err);

/* A file that waits to be read has another size, time or ETag than when it was numbered: take them
 * over from files[i].  Files whose batch is decided stay as they were read. */
sm_code sm_store_files_refresh(sm_store *s, const sm_owner *o, sm_files_key key,
                               const sm_source_file *files, size_t n, sm_error *err);

/* Has the stream taken its first look at the source?  What was there then is what
 * include_existing_files is about, whatever the option says later. */
sm_code sm_store_files_begun(sm_store *s, sm_files_key key, bool *begun, sm_error *err);
/* It has, durably; again is fine. */
sm_code sm_store_files_begin(sm_store *s, const sm_owner *o, sm_files_key key, sm_error *err);

typedef struct sm_file_seen {
    int64_t seq;                   /* the newest number of the path; 0 = never seen, < 0 skipped */
    int64_t size, mtime_ns, inode; /* only if asked for, as `waits` is */
    bool waits;                    /* no decided batch has read it */
} sm_file_seen;

/* What is known of the n `names`, sorted by their bytes, in `folder` (which is put in front of
 * them as it is).  One walk along the index: names that follow each other there cost next to
 * nothing, and files that are known and not named cost no more than a look-up. */
sm_code sm_store_files_match(sm_store *s, sm_files_key key, sm_sv folder, const char *const *names,
                             size_t n, bool details, sm_file_seen *out, sm_error *err);

/* One file by path: SM_E_NOT_FOUND if never seen. */
sm_code sm_store_file_by_path(sm_store *s, sm_files_key key, sm_sv path, sm_arena *a,
                              sm_source_file *out, sm_error *err);

/* The path that comes last by its bytes of all that are known; "" of none. */
sm_code sm_store_files_greatest(sm_store *s, sm_files_key key, sm_arena *a, sm_sv *out,
                                sm_error *err);

/* The files of (after, upto] in order, at most `limit` (0 means 1000): ask again with
 * after = the last seq until none comes. */
sm_code sm_store_files_range(sm_store *s, sm_files_key key, int64_t after, int64_t upto,
                             size_t limit, sm_arena *a, sm_source_file **out, size_t *n,
                             sm_error *err);

/* What became of a file, for people. */
typedef struct sm_file_state {
    sm_sv source;
    sm_source_file file;  /* seq < 0: it was there at the first start, and is passed over */
    int64_t found_ms;     /* 0: not known */
    int64_t processed_ms; /* when its batch began; 0: none yet, or not known any more */
    int64_t committed_ms; /* when its batch was done; likewise */
    int64_t cleaned_ms;   /* when clean_source took it away; 0: it did not */
    sm_sv cleaned_to;     /* where it moved; empty: deleted */
} sm_file_state;

/* The files of a generation behind (source, seq), in that order; at most `limit`. */
sm_code sm_store_files_states(sm_store *s, int64_t generation, sm_sv source, int64_t seq,
                              size_t limit, sm_arena *a, sm_file_state **out, size_t *n,
                              sm_error *err);

/* Files for clean_source: their batch is done, a later one of the flow is too, it was done at or
 * before `until_ms`, and nothing was cleaned of them; numbers above `after`, at most `limit`. */
sm_code sm_store_files_cleanable(sm_store *s, sm_files_key key, int64_t until_ms, int64_t after,
                                 size_t limit, sm_arena *a, sm_source_file **out, size_t *n,
                                 sm_error *err);
/* The file was deleted (`to` empty) or moved. */
sm_code sm_store_files_cleaned(sm_store *s, const sm_owner *o, sm_files_key key, int64_t seq,
                               sm_sv to, sm_error *err);

typedef struct sm_files_sum {
    int64_t files, bytes;
    int64_t last; /* the greatest seq, 0 = none */
} sm_files_sum;

/* The greatest number given, 0 if none.  O(log n). */
sm_code sm_store_files_last(sm_store *s, sm_files_key key, int64_t *out, sm_error *err);
/* How much lies behind `after`: the backlog.  Walks what it counts. */
sm_code sm_store_files_backlog(sm_store *s, sm_files_key key, int64_t after, sm_files_sum *out,
                               sm_error *err);

#endif
