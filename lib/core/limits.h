#ifndef WEIR_CORE_LIMITS_H
#define WEIR_CORE_LIMITS_H

/*
 * Every ceiling, with its reason: what may be large, long, many or late, and the defaults where a
 * user may say otherwise. docs/LIMITS.md is made from this file (docs/make.py), so:
 *
 * - a section is a comment of one line, as the next one below;
 * - what stands behind a definition is its reason, else what stands above it; definitions in a row
 *   that have neither share the one above;
 * - the name ends with the unit: _BYTES, _MB, _MS, _S. Without one it is a number of something;
 * - "Set by NAME, --name." ends a reason where a variable or an option sets another value. "In
 *   NAME" says that it bounds what these may say.
 */

#define WEIR_KIB ((size_t)1024)
#define WEIR_MIB ((size_t)1024 * 1024)

/* ---- core ---- */

/* A line of a log, its LF included; a longer one is cut. What a pipe takes in one piece (PIPE_BUF),
 * so that lines of several processes do not mix. */
#define WEIR_LINE_BYTES 4096
/* A telemetry socket that is full is waited for; whoever is there reads it in a millisecond */
#define WEIR_LOG_WAIT_MS 100

/* The stack of a thread: the deepest call takes a tenth of it (but see WEIR_SCHEMA_FRAMES_MAX) */
#define WEIR_THREAD_STACK_BYTES (1 * WEIR_MIB)

/* ---- stream: edges, pipes, blocks ---- */

/* An edge between two stages. 64 KiB fit the L2 cache with what a stage keeps beside them; larger
 * ones measured no faster. Set by WEIR_EDGE_BYTES. */
#define WEIR_EDGE_DEFAULT_BYTES (64 * WEIR_KIB)
/* In WEIR_EDGE_BYTES, which is for tests */
#define WEIR_EDGE_MAX_BYTES (16 * WEIR_MIB)
#define WEIR_PIPE_STAGES_MAX 16 /* the longest pipe in the tree has 5 */
#define WEIR_FORK_MAX 4         /* sinks of one pipe: validate has 3 */
#define WEIR_CONCAT_AHEAD_MAX 8 /* sources opened before they are needed; archive asks for 4 */

/* A block of whole records. 512 KiB keep the loss of compression at their borders under 1 %, and
 * what is made of one fits the L2 cache; 1 MiB is no faster, and takes twice the memory. */
#define WEIR_BLOCK_BYTES (512 * WEIR_KIB)
/* What is made of a block: at the most of a line of the largest size that is no JSON, every byte of
 * it escaped as \u0001 is. CSV's fields that move into the errors become four times as long. */
#define WEIR_BLOCK_OUT_MAX_BYTES (97 * WEIR_MIB)
/* What may be said of the rows of a block, all together: it has no more lines than that is for */
#define WEIR_BLOCK_ERRORS_MAX_BYTES (62 * WEIR_MIB)
/* A block shorter than this is worked on where it was cut: the way to a thread and back costs as
 * much as some 16 KiB of deflate */
#define WEIR_BLOCK_INLINE_BYTES (16 * WEIR_KIB)
/* A buffer that one block made larger than this is given back after it: four blocks */
#define WEIR_KEEP_MAX_BYTES (2 * WEIR_MIB)
/* Threads of the parallel stage; in WEIR_THREADS, --threads. Each costs a block, what is made of it
 * and what works on it, and WEIR_BLOCKS_AHEAD more are there: 16 threads on two processors took 35
 * MiB for rows of 2 KB, where one takes 14, and 233 MiB for rows of 15 MB, where one takes 45. */
#define WEIR_THREADS_MAX 16
/* Blocks in memory beside those that the threads work on. One would do if every thread always had a
 * processor; while the oldest block's waits for one, the others go on with these. On two processors
 * that is 4 % of the throughput, for 3 MB. */
#define WEIR_BLOCKS_AHEAD 4

/* A leaky ring. Large enough for a few units; in --ring-bytes */
#define WEIR_LEAKY_RING_MIN_BYTES (4 * WEIR_KIB)
/* In --ring-bytes: a quarter of an hour at 8 Mbit/s */
#define WEIR_LEAKY_RING_MAX_BYTES ((size_t)1 << 30)
/* What is kept for a reader that loses the newest; half the ring, where that is less */
#define WEIR_LEAKY_KEPT_BYTES (256 * WEIR_KIB)
/* A line; a quarter of the ring, where that is less. Each reader that is overtaken in one keeps its
 * rest, so that it is what thousands of them may cost, and a thousand usual lines all the same */
#define WEIR_LEAKY_UNIT_MAX_BYTES (256 * WEIR_KIB)
/* Parts of a ring whose age and number of units are known: so exact is what is told of them */
#define WEIR_LEAKY_BLOCKS 256
/* Of a large ring there are more, none larger than this: the lines of one are counted for each
 * reader of whom somebody wants to know what it has had, and that may be thousands at once */
#define WEIR_LEAKY_BLOCK_MAX_BYTES (16 * WEIR_KIB)
/* Places in a ring where a decoder can begin: at two a second, of two minutes */
#define WEIR_LEAKY_ENTRIES 256

/* ---- codec: archives ---- */

/* Deflated at a time: on log text that is 1 % larger than pieces of 4 MiB */
#define WEIR_ZIP_BLOCK_BYTES (256 * WEIR_KIB)
/* What is kept of each entry to the end, for the directory, is 64 bytes and its name; the directory
 * itself is made in one piece: 16 MiB, 32 and 54 at the most */
#define WEIR_ZIP_ENTRIES_MAX ((size_t)1 << 18)
#define WEIR_ZIP_NAMES_MAX_BYTES (32 * WEIR_MIB)
#define WEIR_ZIP_NAME_MAX_BYTES 4096 /* PATH_MAX; a key of S3 has 1,024 */

/* ---- csv ---- */

/* One row. Larger than any honest one, small enough that a row and what is made of it fit a
 * function of 128 MB. */
#define WEIR_ROW_MAX_BYTES (16 * WEIR_MIB)
#define WEIR_COLUMNS_MAX 16384          /* what spreadsheets can hold */
#define WEIR_CSV_SKIP_LINES_MAX 1000000 /* before the header; they have to fit a row's size */
/* Of columns, in a configuration: people write it */
#define WEIR_CSV_NAMES_MAX_BYTES (1 * WEIR_MIB)
/* Looked at to find the delimiter: hundreds of usual records, as many of which are compared with
 * the header */
#define WEIR_CSV_SNIFF_BYTES (64 * WEIR_KIB)
#define WEIR_CSV_SNIFF_RECORDS 200

/* ---- json ---- */

/* Arrays and objects within each other; where serde_json stops too */
#define WEIR_JSON_DEPTH_MAX 128
/* Entries of one cell: 8 MiB of tape. The cell, its row and what is made of it lie beside them in
 * 128 MB; honest cells have thousands. */
#define WEIR_JSON_VALUES_MAX ((size_t)1 << 19)
#define WEIR_CONFIG_MAX_BYTES (1 * WEIR_MIB) /* a configuration: people write it */
/* A document: an invocation's event at its largest (Lambda: 6 MiB) */
#define WEIR_JSON_DOC_MAX_BYTES (6 * WEIR_MIB + 64 * WEIR_KIB)
/* Entries of a document: SQS's largest batch has 10,000 records of about 20, and as many names.
 * As cJSON, where an item has 64 bytes and its texts, they take 34 MiB. */
#define WEIR_DOC_VALUES_MAX ((size_t)300000)
#define WEIR_DOC_NUMBER_MAX_BYTES 63 /* what cJSON 1.7 converts right */

/* ---- schema: what is compiled once and kept ---- */

/* Its text: people write it, or `weir schema` does */
#define WEIR_SCHEMA_MAX_BYTES (1 * WEIR_MIB)
#define WEIR_SCHEMA_NODES_MAX 65536 /* schemas within it: one in 16 bytes of text */
/* Twice what that many nodes take; compiled patterns count too */
#define WEIR_SCHEMA_MEMORY_MAX_BYTES (32 * WEIR_MIB)
#define WEIR_SCHEMA_NAMES_MAX 1024     /* $id and $anchor: each is compared with each */
#define WEIR_SCHEMA_ODD_FORMATS_MAX 32 /* formats nobody knows: a warning each, more are unsaid */
/* $ref to allOf to $ref to ...: such a chain is walked for each value */
#define WEIR_SCHEMA_REFS_MAX 64
/* Schemas within each other while one value is checked: what a stack of 1 MiB holds. Values nest
 * up to WEIR_JSON_DEPTH_MAX deep, with a few schemas for each. */
#define WEIR_SCHEMA_FRAMES_MAX 1024
/* What finding out about the columns of a header may cost, in steps: the most columns there can be,
 * and a schema that says something in hundreds of places about each */
#define WEIR_BIND_STEPS_MAX 50000000
#define WEIR_PATTERN_MAX_BYTES (64 * WEIR_KIB) /* one, translated: PCRE2 stops there too */
#define WEIR_PATTERN_DEPTH_MAX 250             /* groups within each other: PCRE2's own default */
#define WEIR_PATTERN_NAMES_MAX 128             /* groups with names: each is compared with each */
/* Of a pattern that is walked character by character; longer ones are left to PCRE2 */
#define WEIR_CHAIN_LINKS_MAX 32
#define WEIR_IDNA_LABEL_MAX 63 /* characters of a label of an IDN: DNS's own */

/* ---- schema: what checking a row may cost ---- */

#define WEIR_PATTERN_STACK_MAX_BYTES (1 * WEIR_MIB) /* memory to backtrack in, per thread */
/* PCRE2's match limit of each place where a match may start: milliseconds, not hours, for a pattern
 * that explodes */
#define WEIR_PATTERN_MATCH_LIMIT 100000
/* Steps of one row: a value, a piece of a text or an array, a part of a match, a name that is
 * missing are a step each, and take a quarter of a microsecond at their worst. So this is about a
 * second, for verdict and problems together; a valid row of the largest size has room in it, with a
 * pattern over all of it. */
#define WEIR_ROW_STEPS_MAX 4000000
/* The text in `errors`; how many more is counted */
#define WEIR_ROW_ERRORS_MAX_BYTES (4 * WEIR_KIB)

/* ---- schema: what is inferred from a sample ---- */

/* It has to fit a schema: half of the nodes that one may have, all its columns among them */
#define WEIR_INFER_NODES_MAX (WEIR_SCHEMA_NODES_MAX / 2)
#define WEIR_INFER_TEXT_MAX_BYTES (4 * WEIR_MIB) /* names, and texts of enums */
#define WEIR_INFER_DEPTH_MAX 16       /* a row that nests deeper is described as far as this */
#define WEIR_INFER_MEMBERS_MAX 1024   /* of an object: more of them are data, not names */
#define WEIR_INFER_ENUM_MAX 64        /* texts of an enum; in --enum */
#define WEIR_INFER_ENUM 16            /* texts of an enum that is looked for. Set by --enum. */
#define WEIR_INFER_ENUM_TIMES 10      /* each comes so often in the mean, or it is no set of them */
#define WEIR_INFER_ENUM_TEXT_BYTES 64 /* longer texts are no words of a set */
#define WEIR_INFER_ROWS 10000         /* of a sample: a second at the most. Set by --rows. */

/* ---- net: HTTP ---- */

#define WEIR_HOST_BYTES 256  /* a host's name and the NUL: DNS has 253 at most */
#define WEIR_ADDRESSES_MAX 8 /* of a host that are tried: who is at none of them is not there */
/* Received and not yet taken; then the socket is paused */
#define WEIR_HTTP_RECV_BYTES (256 * WEIR_KIB)
/* One read or write of a socket at most. What is read stays in the L2 cache until it is where it is
 * wanted: reads of 256 KiB took twice the CPU for a large object. */
#define WEIR_HTTP_READ_BYTES (64 * WEIR_KIB)
/* Of one answer: S3 allows 2 KiB of metadata, Lambda 3,583 bytes of client context */
#define WEIR_HTTP_HEADERS_MAX_BYTES (64 * WEIR_KIB)
#define WEIR_HTTP_IDLE_MAX 16L     /* connections kept for the next request, on one loop */
#define WEIR_HTTP_CONNECT_MS 10000 /* The name, TCP and TLS; a region far away needs one second */
/* No byte for so long while some are due: the peer is gone. Set by WEIR_STALL_MS. */
#define WEIR_HTTP_STALL_MS 60000
#define WEIR_HTTP_STALL_MAX_MS 3600000 /* in WEIR_STALL_MS: longer than any invocation */

/* ---- net: lines to a receiver over TCP ---- */

/* At once: lines arrive in order then. Set by WEIR_CONNECTIONS, --connections. */
#define WEIR_TCP_CONNECTIONS 1
/* More help no receiver; in WEIR_CONNECTIONS, --connections */
#define WEIR_TCP_CONNECTIONS_MAX 32
/* Lines that are sent and not yet confirmed are kept, to be sent again: all of them together */
#define WEIR_TCP_KEPT_BYTES (2 * WEIR_MIB)
/* The same of one connection, which is what has to be sent again at once: its share, but no less
 * and no more */
#define WEIR_TCP_UNIT_MIN_BYTES (32 * WEIR_KIB)
#define WEIR_TCP_UNIT_MAX_BYTES (512 * WEIR_KIB)
/* One line: of a log the longest, all of it escaped and its URL three times */
#define WEIR_TCP_LINE_MAX_BYTES (4 * WEIR_MIB)
#define WEIR_TCP_CONNECT_MS 10000 /* a receiver that takes longer is not there */
/* Without a byte taken or a confirmation: a receiver under load may be a while at it */
#define WEIR_TCP_STALL_MS 60000
/* Read of a connection at a time, then it is the others' turn: to a unit of lines a receiver
 * answers a few bytes, and one that talks without end is not to keep the loop */
#define WEIR_TCP_READ_BYTES (8 * WEIR_KIB)
/* Between two looks at a connection that is closing: it has no event */
#define WEIR_TCP_SETTLE_MS 5
/* Before the next connection after one failed: from this, doubled up to that; a receiver that
 * restarts is back in seconds */
#define WEIR_TCP_PAUSE_MS 50
#define WEIR_TCP_PAUSE_MAX_MS 2000
/* Of failures only, where there is no deadline (--timeout): longer than a restart */
#define WEIR_TCP_PATIENCE_MS 20000
#define WEIR_TCP_FAILURES_MIN 5 /* the same: not fewer failures than that */
#define WEIR_TCP_ERRORS 3       /* the last ones are kept, for people */

/* ---- net: programs ---- */

#define WEIR_CHILD_TAIL_BYTES 4096  /* of stderr: what is kept and logged, however much comes */
#define WEIR_CHILD_GRACE_MS 2000    /* after its exit somebody else may hold its stdout so long */
#define WEIR_CHILD_TERM_MS 2000     /* SIGTERM to SIGKILL */
#define WEIR_CHILD_ENV_MAX 1024     /* variables; a shell's have a hundred */
#define WEIR_CHILD_ORPHAN_ROUNDS 64 /* of killing: an orphan's orphans come after it */
#define WEIR_FILE_LINKS_MAX 40 /* symbolic links to a file that is written: Linux's own number */
#define WEIR_BENEATH_TRIES_MAX 1000 /* a busy machine renames all the time: 1 in 200 failed */
/* A file of more than half of the machine's memory leaves the page cache in such pieces while it is
 * read: a call for 128 reads of a pipe's edge */
#define WEIR_FILE_BEHIND_BYTES (8 * WEIR_MIB)

/* ---- aws: S3's rules, and the memory of an end ---- */

#define WEIR_S3_PART_MIN_BYTES (5 * WEIR_MIB) /* S3's own, of every part but the last */
/* 10,000 of them are 78 GiB; larger where the object is */
#define WEIR_S3_PART_BYTES (8 * WEIR_MIB)
#define WEIR_S3_PARTS_MAX 10000 /* S3's own */
/* What a part adds to the list of them, which the completion sends: 141 bytes with a quoted MD5 and
 * a CRC64NVME. A server with longer ETags has a longer list. */
#define WEIR_S3_PART_LIST_BYTES ((size_t)144)
#define WEIR_S3_PART_XML_MAX_BYTES 512 /* that of the longest ETag and checksum */
/* What sending a part takes beside its bytes: the buffers of its connection, both ways, libcurl's
 * state, its texts. Measured as 270 KiB; c-ares, which the static build looks names up with, keeps
 * 110 for each request beside that. */
#define WEIR_S3_SLOT_BYTES (7 * WEIR_HTTP_READ_BYTES)
/* Memory of one upload: two parts, one that fills while the other is sent, in a function of 128 MB;
 * and the list of as many as S3 allows. Set by WEIR_S3_UPLOAD_BUDGET_BYTES. */
#define WEIR_S3_UPLOAD_BYTES                                                                       \
    (2 * (WEIR_S3_PART_BYTES + WEIR_S3_SLOT_BYTES) + WEIR_S3_PARTS_MAX * WEIR_S3_PART_LIST_BYTES)
/* In WEIR_S3_UPLOAD_BUDGET_BYTES: one part of the smallest size, and the list */
#define WEIR_S3_UPLOAD_MIN_BYTES                                                                   \
    (WEIR_S3_PART_MIN_BYTES + WEIR_S3_SLOT_BYTES + WEIR_S3_PARTS_MAX * WEIR_S3_PART_LIST_BYTES)
#define WEIR_S3_SLOTS_MAX 64 /* parts sent at a time: more are more connections, not more speed */
/* Reading by several connections: what one of them is asked for at a time, as S3's guide advises;
 * less where the budget is */
#define WEIR_S3_RANGE_BYTES (8 * WEIR_MIB)
#define WEIR_S3_RANGE_MIN_BYTES (1 * WEIR_MIB) /* requests have to be worth it */
#define WEIR_S3_READ_CONNECTIONS 1 /* for one object. Set by WEIR_S3_READ_CONNECTIONS. */
/* In WEIR_S3_READ_CONNECTIONS: no more than are kept (WEIR_HTTP_IDLE_MAX) */
#define WEIR_S3_READ_CONNECTIONS_MAX 16
/* What reading a range takes beside its bytes: its receive buffer, libcurl's state and buffer,
 * TLS's, its texts, and c-ares's. Measured as 345 KiB, and 380 under TLS, 110 more in the static
 * build. */
#define WEIR_S3_READ_SLOT_BYTES (9 * WEIR_HTTP_READ_BYTES)
/* Memory of such a reading: four ranges. Set by WEIR_S3_READ_BUDGET_BYTES. */
#define WEIR_S3_READ_BYTES (4 * (WEIR_S3_RANGE_BYTES + WEIR_S3_READ_SLOT_BYTES))

/* ---- aws: what S3 is told, and what it answers ---- */

#define WEIR_S3_BUCKET_MAX_BYTES 255      /* what the oldest buckets and other servers allow */
#define WEIR_S3_KEY_MAX_BYTES 1024        /* S3's own */
#define WEIR_S3_ETAG_MAX_BYTES 128        /* MD5, or MD5-parts, in all stores known */
#define WEIR_S3_VERSION_ID_MAX_BYTES 1024 /* S3's own */
#define WEIR_S3_UPLOAD_ID_MAX_BYTES 1024  /* AWS's are under 200 */
#define WEIR_S3_REGION_MAX_BYTES 63       /* a label of a host's name */
#define WEIR_S3_REGIONS_MAX 4           /* buckets whose region was learnt: a job has one or two */
#define WEIR_S3_QUERY_MAX 8             /* parameters of a request of ours */
#define WEIR_S3_METADATA_MAX_BYTES 2048 /* S3: of all x-amz-meta-*, names and values */
#define WEIR_S3_OBJECT_HEADERS_MAX 16   /* what settings say of every object */
#define WEIR_S3_HEADERS_MAX 24          /* of a request, besides the signer's */
#define WEIR_S3_URL_MAX_BYTES (16 * WEIR_KIB) /* a key, all of it encoded, and an upload id */
/* Objects of one list: what an archive may have */
#define WEIR_S3_LIST_MAX ((size_t)1 << 18)
/* The keys and ETags of one list, which are in memory */
#define WEIR_S3_LIST_MAX_BYTES (32 * WEIR_MIB)
/* Where a list goes on, its NUL too; AWS's are far shorter */
#define WEIR_S3_LIST_TOKEN_BYTES 4096
/* Pages of a list without a key, in a row: S3 may have to skip what was deleted, but not for ever
 */
#define WEIR_S3_LIST_EMPTY_MAX 1000
#define WEIR_S3_XML_MAX_BYTES (1 * WEIR_MIB)      /* an answer of S3 that is not an object */
#define WEIR_S3_XML_DEPTH_MAX 16                  /* an answer of S3 has 4 */
#define WEIR_SIGV4_PAIRS_MAX 32                   /* headers, or query parameters, of one request */
#define WEIR_SIGV4_TEXT_MAX_BYTES (64 * WEIR_KIB) /* to be signed: session tokens are long */
/* Of a host whose request is signed: a name of DNS and a port */
#define WEIR_API_HOST_MAX_BYTES 260

/* ---- aws: patience ---- */

/* Retries: the standard mode of the AWS SDKs. Set by AWS_MAX_ATTEMPTS. */
#define WEIR_S3_ATTEMPTS 3
#define WEIR_S3_ATTEMPTS_MAX 100 /* in AWS_MAX_ATTEMPTS: more is a loop, not patience */
/* What all retries share, and what one takes of it, and one that heard nothing: a server that is
 * gone is given up after 100 of them, or 50 */
#define WEIR_S3_QUOTA_TOKENS 500
#define WEIR_S3_RETRY_TOKENS 5
#define WEIR_S3_TIMEOUT_TOKENS 10
/* The first pause at most; it doubles. Set by WEIR_S3_RETRY_BASE_MS. */
#define WEIR_S3_RETRY_PAUSE_MS 1000
#define WEIR_S3_RETRY_PAUSE_MAX_MS                                                                 \
    20000 /* a later one, as the SDKs have it; in WEIR_S3_RETRY_BASE_MS */
#define WEIR_S3_RETRY_AFTER_MAX_MS 5000 /* what a server may add to a pause (x-amz-retry-after) */
/* A broken GetObject that has moved so far is none that fails in a row: the rest of it is new */
#define WEIR_S3_PROGRESS_BYTES (64 * WEIR_KIB)
/* Of our clock, to be mended: S3 allows 15 minutes, others 5 */
#define WEIR_S3_SKEW_MIN_MS 240000
/* Joining thousands of parts may take S3 minutes, in silence. Set by WEIR_STALL_MS. */
#define WEIR_S3_COMPLETE_STALL_MS 300000
#define WEIR_S3_ABORT_MS 60000  /* how long an abort is tried again when the server is away */
#define WEIR_S3_LOOKUP_MS 20000 /* how long an answer that was lost is asked after, before that */
#define WEIR_S3_UNDO_REQUEST_MS 15000 /* one try: a server that hangs must leave time for more */
#define WEIR_S3_SETTLE_MS 3000        /* a server may still be at work on a create that broke off */
/* Before an abort is sent again: from this, doubled up to that; a server that restarts is back in
 * seconds */
#define WEIR_S3_UNDO_PAUSE_MS 200
#define WEIR_S3_UNDO_PAUSE_MAX_MS 5000

/* ---- aws: credentials ---- */

#define WEIR_AWS_CREDENTIALS_MS 30000        /* to find them: a program may ask people */
#define WEIR_AWS_CREDENTIALS_PAUSE_MS 100    /* before an agent is asked again; then twice that */
#define WEIR_AWS_CREDENTIALS_EARLY_MS 600000 /* renewed so long before they end, as the SDKs do */
#define WEIR_AWS_CREDENTIALS_AGAIN_MS                                                              \
    60000 /* when that failed, before the next try: not at every request */
#define WEIR_AWS_CREDENTIALS_MAX_BYTES (64 * WEIR_KIB) /* of an answer with a key and a token */
#define WEIR_AWS_PROFILES_MAX_BYTES (1 * WEIR_MIB)     /* of ~/.aws/config: people write it */
#define WEIR_AWS_PATH_MAX_BYTES 4096                   /* of a file or a URL: PATH_MAX */
#define WEIR_AWS_PROCESS_ARGS_MAX 64                   /* of a credential_process */
#define WEIR_AWS_SECRET_MAX_BYTES 1024                 /* AWS's have 40 */

/* ---- aws: upload forms ---- */

/* S3: one PUT's largest object. Set by WEIR_UPLOAD_MAX_BYTES. */
#define WEIR_POST_FORM_FILE_MAX_BYTES ((int64_t)5 * 1024 * 1024 * 1024)
#define WEIR_POST_FORM_MAX_BYTES (20 * WEIR_KIB) /* S3: all fields but the file */
/* A form is good for so long: for an upload that is about to begin. Set by WEIR_UPLOAD_EXPIRES_S.
 */
#define WEIR_POST_FORM_EXPIRES_S 3600
#define WEIR_POST_FORM_EXPIRES_MAX_S                                                               \
    604800 /* in WEIR_UPLOAD_EXPIRES_S: as long as a signing key lives */
#define WEIR_CONTENT_TYPE_MAX_BYTES 255 /* RFC 6838: 127 for either half */

/* ---- event ---- */

#define WEIR_EVENT_RECORDS_MAX 10000 /* SQS's largest batch; also the S3 records in one message */
#define WEIR_RESPONSE_MAX_BYTES (6 * WEIR_MIB) /* Lambda's own */
/* A handler may fill it, so that one too large is told as such */
#define WEIR_RESPONSE_ROOM_BYTES (32 * WEIR_MIB)
#define WEIR_STREAM_MAX_BYTES (200 * WEIR_MIB) /* Lambda: a streamed response */
#define WEIR_PRELUDE_MAX_BYTES (64 * WEIR_KIB) /* a streamed answer's status, headers, cookies */
#define WEIR_ERROR_TYPE_BYTES 128              /* a handler's own errorType and its NUL: a word */
#define WEIR_METRICS_MAX 20 /* in one document; CloudWatch takes 100, elb_logs has 13 */
#define WEIR_METRICS_LINE_MAX_BYTES                                                                \
    (16 * WEIR_KIB) /* a document of metrics, and names from the environment */

/* ---- validate ---- */

/* Columns that are counted by name where there is no header; all others as one */
#define WEIR_TALLY_NAMES_MAX 1024
/* What is to be unique: the keys seen so far. A million UUIDs, or a million and a half of numbers,
 * and a function of 128 MB has room for the rest of the work. Set by --unique-memory. */
#define WEIR_UNIQUE_MEMORY_BYTES (32 * WEIR_MIB)
#define WEIR_UNIQUE_MEMORY_MIN_BYTES (4 * WEIR_KIB)    /* in --unique-memory: the smallest table */
#define WEIR_UNIQUE_MEMORY_MAX_BYTES (4095 * WEIR_MIB) /* keys are told by 32 bits */
#define WEIR_UNIQUE_MAX 16                             /* --unique, and columns of one */
#define WEIR_UNIQUE_AHEAD_MAX_BYTES (4 * WEIR_MIB)     /* of a block that is ahead of its turn */
#define WEIR_UNIQUE_KEY_MAX_BYTES (1 * WEIR_MIB)       /* of one row; honest ones have a hundred */
#define WEIR_SUMMARY_MAX_BYTES (8 * WEIR_MIB) /* 512 bytes for each column of the widest table */
/* Rules for objects by their keys: they are gone through for each */
#define WEIR_RULES_MAX 256
/* Schemas of rules: all are loaded when the function starts, which takes some 20 ms each where they
 * lie on S3 */
#define WEIR_RULES_SCHEMAS_MAX 64
#define WEIR_RULE_NAME_MAX_BYTES 64 /* of a schema, in an object's metadata */
/* A schema on S3 that was read longer ago is asked for again: a queue full of small files does not
 * ask for each. Set by WEIR_SCHEMA_MAX_AGE_S. */
#define WEIR_SCHEMA_AGE_S 10
#define WEIR_SCHEMA_AGE_MAX_S 86400 /* in WEIR_SCHEMA_MAX_AGE_S: Lambda keeps none so long */

/* ---- elb_logs ---- */

/* A line. A load balancer takes 64 KiB of headers; a longer line is no access log's, and goes on in
 * pieces, as lines that cannot be parsed do. */
#define WEIR_ELB_LINE_MAX_BYTES (128 * WEIR_KIB)
#define WEIR_ELB_FIELDS_MAX 48 /* more than any format has; the rest stays together in the last */
/* Places to go on from that are remembered: one per edge of output, as much as can be on its way */
#define WEIR_ELB_MARKS_MAX 256
/* A state object: a key, escaped, and little else */
#define WEIR_ELB_STATE_MAX_BYTES (16 * WEIR_KIB)
#define WEIR_ELB_SKIP_BYTES 256 /* a pattern in WEIR_SKIP and its NUL: a file's name (NAME_MAX) */
/* Of the time that an invocation has left, for what was sent to be confirmed: a quarter, and no
 * more than half a minute */
#define WEIR_ELB_CONFIRM_MAX_MS 30000
/* The same for the state to be written: a twentieth, and no more than three seconds */
#define WEIR_ELB_STATE_MAX_MS 3000

/* ---- archive ---- */

/* Objects asked for before their turn: the answer to a request takes longer than a small object's
 * bytes */
#define WEIR_ARCHIVE_AHEAD 4
/* Of all objects that go into one, where they lie and what they are called there, in memory */
#define WEIR_ARCHIVE_TEXTS_MAX_BYTES (2 * WEIR_ZIP_NAMES_MAX_BYTES)
/* Entries told in the answer; the rest of WEIR_RESPONSE_MAX_BYTES is for one more */
#define WEIR_ARCHIVE_LISTED_MAX_BYTES (5 * WEIR_MIB)

/* ---- hello: what an event and a setting may ask of it ---- */

#define WEIR_HELLO_GREETING_MAX_BYTES 64 /* in WEIR_HELLO_GREETING: a word */
#define WEIR_HELLO_SLEEP_MAX_MS 900000   /* Lambda's longest timeout */

/* ---- bootstrap: the Runtime API ---- */

#define WEIR_RUNTIME_TEXT_MAX_BYTES 256 /* the API's address, a request id: far shorter */
#define WEIR_RUNTIME_TRACE_MAX_BYTES (1 * WEIR_KIB) /* a trace id with all its fields has 200 */
/* An error as it is sent: its document, or X-Ray's cause */
#define WEIR_RUNTIME_ANSWER_MAX_BYTES (64 * WEIR_KIB)
/* What is queued for the API at once: a head with an X-Ray cause, or one piece of a stream and the
 * trailers of an error */
#define WEIR_HTTP1_OUT_MAX_BYTES (128 * WEIR_KIB)
#define WEIR_RUNTIME_POST_MS 30000 /* the API is on the same machine */
/* After a signal Lambda's window for all has 500 ms: to undo what was begun. Set by WEIR_UNDO_MS.
 */
#define WEIR_RUNTIME_UNDO_MS 350
#define WEIR_RUNTIME_UNDO_MAX_MS 600000 /* in WEIR_UNDO_MS: who waits longer has forgotten it */
#define WEIR_RUNTIME_FINISH_MS 200      /* after a signal, for an answer whose post has begun */
/* A lost Runtime API: pauses of 50 ms, doubled each time, 3 s in all; then the process ends, and
 * Lambda starts another */
#define WEIR_RUNTIME_PAUSE_MS 50
#define WEIR_RUNTIME_TRIES_MAX 8
/* For an extensions API that takes a request and says nothing */
#define WEIR_RUNTIME_REGISTER_MS 1000
#define WEIR_RUNTIME_WORKERS_MAX 1024   /* Lambda: 64 for each vCPU, 16 vCPUs */
#define WEIR_RUNTIME_MARGIN_MAX_MS 2000 /* of the time left, to report in; else a tenth of it */

/* ---- relay: one loop for thousands of connections ---- */

#define WEIR_RELAY_RING_BYTES (4 * WEIR_MIB) /* seconds of a stream. Set by --ring-bytes. */
/* Of a source: at 1 Mbit/s they fill a network of 10 Gbit/s. Set by --clients. */
#define WEIR_RELAY_CLIENTS 10000
/* What would be read later than that is of no use: it is dropped. Set by --age-max. */
#define WEIR_RELAY_AGE_MS 2000
/* A client that reads nothing for so long is gone. Set by --idle. */
#define WEIR_RELAY_IDLE_MS 120000
/* A source that sends nothing for so long is connected anew. Set by --source-timeout. */
#define WEIR_RELAY_STALL_MS 10000
#define WEIR_RELAY_STALL_MIN_MS 100 /* in --source-timeout: a stream pauses for longer */
/* In --client-buffer: the kernel's memory */
#define WEIR_RELAY_CLIENT_BUFFER_MAX_BYTES (64 * WEIR_MIB)
/* In what a client asks for in its address: thirty years, which are in milliseconds no overflow */
#define WEIR_RELAY_WISH_MAX_S 1000000000
/* New bytes are offered to clients when they come, but not more often than this */
#define WEIR_RELAY_TICK_MS 18
/* Those that come in between wait for so long: a sixth of what people see as late */
#define WEIR_RELAY_FRESH_MS 16
/* They wait no longer when they are so many: the kernel makes no larger packet of them */
#define WEIR_RELAY_TICK_BYTES (64 * WEIR_KIB)
#define WEIR_RELAY_PACE_MS 10 /* files and stdin are read so often */
/* Clients that are held back are offered something so often, also when nothing comes */
#define WEIR_RELAY_HELD_TICK_MS 50
/* What a client has been sent and not read may be worth so much of its time: enough for a reader
 * that pauses between its reads, half of what people take for live */
#define WEIR_RELAY_UNREAD_MS 1000
#define WEIR_RELAY_BACKLOG 4096 /* a thousand connects a second, and a busy second */
#define WEIR_RELAY_CONNECTIONS_MAX                                                                 \
    65536                              /* ports of one peer; in --clients, --clients-per-address */
#define WEIR_RELAY_NAME_MAX_BYTES 64   /* of a source */
#define WEIR_RELAY_HEAD_MAX_BYTES 8192 /* a request's head; browsers send 2 KiB */
#define WEIR_RELAY_TRAILER_MAX_BYTES 8192 /* a line between and after an encoder's chunks */
#define WEIR_RELAY_HEAD_MS 10000          /* for a head to come */
#define WEIR_RELAY_WAIT_MS 15000          /* a client's, for a source that connects */
#define WEIR_RELAY_LINGER_CLOSE_MS 2000   /* for a peer to end its side */
#define WEIR_RELAY_LINGER_MS 10000        /* a source that nobody wants is kept, for whoever zaps */
/* Before a source is connected again: from this, doubled up to that */
#define WEIR_RELAY_PAUSE_MS 500
#define WEIR_RELAY_PAUSE_MAX_MS 15000
#define WEIR_RELAY_DRAIN_MS 5000 /* after a signal, for clients to get what waits for them */
/* Kept for its client when the ring goes over it */
#define WEIR_RELAY_CHUNK_BYTES (64 * WEIR_KIB)
#define WEIR_RELAY_READ_BYTES (1 * WEIR_MIB) /* of stdin in a tick; others want to be served */
/* What a client may send after its request; then it talks something else */
#define WEIR_RELAY_IGNORED_MAX_BYTES (64 * WEIR_KIB)
/* The same after an answer that it may still be too busy sending to read */
#define WEIR_RELAY_LINGER_MAX_BYTES (4 * WEIR_MIB)
#define WEIR_RELAY_WORD_MAX_BYTES (1 * WEIR_KIB) /* an answer that is a line for people */
/* Twice what 25,000 clients take in status.json */
#define WEIR_RELAY_STATUS_MAX_BYTES (16 * WEIR_MIB)
/* What all answers on their way have together: who asks shows no token. A document is composed
 * where the longest would still fit, so this is two of these */
#define WEIR_RELAY_REPLIES_MAX_BYTES (2 * WEIR_RELAY_STATUS_MAX_BYTES)
/* For an answer to be taken, however slowly: 16 MiB at 2 Mbit/s */
#define WEIR_RELAY_REPLY_MS 60000

/* ---- cli: the command ---- */

#define WEIR_CLI_LIST_MAX 64 /* --env, --source and the like: a line nobody types */
/* A path, or s3://bucket/key, with a name put behind it: Linux takes no longer path */
#define WEIR_CLI_PATH_MAX_BYTES (8 * WEIR_KIB)
#define WEIR_CLI_FILES_MAX 4096 /* of one `weir elb-logs`: a day of a busy load balancer's logs */
/* In --timeout and whatever else is given in seconds: a year is meant by nobody */
#define WEIR_CLI_TIME_MAX_MS ((int64_t)365 * 86400 * 1000)
#define WEIR_CLI_MEMORY_MAX_MB (1 << 20) /* in --memory: a TiB; Lambda itself has 10 GiB */
#define WEIR_GENERATE_ROW_MAX_BYTES (8 * WEIR_KIB)  /* the rows of `var` have about 2,000 */
#define WEIR_GENERATE_CELLS_MAX 16                  /* of a row: the widest shape has 12 */
#define WEIR_GENERATE_BUFFER_BYTES (128 * WEIR_KIB) /* rows made and not yet written */

/* ---- cli: a function on this machine ---- */

#define WEIR_INVOKE_MEMORY_MB 128     /* Lambda's default. Set by --memory. */
#define WEIR_INVOKE_TIMEOUT_MS 900000 /* Lambda's longest. Set by --timeout. */
#define WEIR_INVOKE_INIT_MS 10000     /* Lambda: exec to the first /next */
#define WEIR_INVOKE_PARK_MS 1000      /* its answer to the next /next: it has nothing else to do */
#define WEIR_INVOKE_STOP_MS 500       /* Lambda: SIGTERM to SIGKILL */
/* After a signal: SIGTERM to SIGKILL. An upload is aborted in a request or two. */
#define WEIR_INVOKE_UNDO_MS 10000
#define WEIR_INVOKE_ENV_MAX 512 /* variables of a function; Lambda itself allows 4 KiB of them */
#define WEIR_RAPI_CONCURRENCY_MAX 64 /* invocations at once: what Lambda allows for a vCPU */
/* A runtime needs one for each of these, and two for being an extension */
#define WEIR_RAPI_CONNECTIONS_MAX 80
#define WEIR_RAPI_HEADERS_MAX_BYTES (64 * WEIR_KIB) /* one request's line and headers */
#define WEIR_HTTPD_BACKLOG 64 /* a burst of connects to a server of the command's */

/* ---- cli: tune ---- */

/* Lambda has 10,112 of them; a chart and a night have room for fewer */
#define WEIR_TUNE_SIZES_MAX 64
#define WEIR_TUNE_RUNS 5 /* of each size: the least of aws-lambda-power-tuning. Set by --num. */
#define WEIR_TUNE_RUNS_MAX 1000                  /* in --num: a night */
#define WEIR_TUNE_MEMORY_MAX_MB 10240            /* Lambda's largest */
#define WEIR_TUNE_PRICE_MAX 1000                 /* in --price: USD for a GB-second */
#define WEIR_TUNE_URL_MAX_BYTES (4 * WEIR_KIB)   /* base64 of 10 bytes a size */
#define WEIR_TUNE_TEXT_MAX_BYTES (64 * WEIR_KIB) /* the result's JSON, the chart */

/* ---- cli: local, the service on one machine ---- */

/* A record of the queue: a key of 1,024 bytes, each of them escaped twice, and what is around it */
#define WEIR_JOURNAL_RECORD_MAX_BYTES (32 * WEIR_KIB)
/* A journal shorter than this is not rewritten */
#define WEIR_QUEUE_REWRITE_BYTES (256 * WEIR_KIB)
#define WEIR_QUEUE_MESSAGES_MAX 10000 /* waiting, in flight and dead */
#define WEIR_QUEUE_NAMES_MAX 100000   /* files that are remembered: about 20 MB */
/* A message that is not done by then is received again; files here are small. Set by
 * --visibility-s. */
#define WEIR_QUEUE_VISIBILITY_MS 10000
#define WEIR_QUEUE_RECEIVES 3        /* then it is dead, as in template.yaml. Set by --receives. */
#define WEIR_QUEUE_RECEIVES_MAX 1000 /* in --receives: SQS's own number */
#define WEIR_WORKER_BATCH_MAX 10     /* messages in one event: SQS's default ceiling; in --batch */
/* Before a function that failed to start is started again: from this, doubled up to that */
#define WEIR_WORKER_PAUSE_MS 250
#define WEIR_WORKER_PAUSE_MAX_MS 15000
#define WEIR_WORKER_RETRY_MS 1000    /* after the journal could not be written */
#define WEIR_OUTPUT_ERRORS_MAX 16    /* of an invocation: more than a batch has messages */
#define WEIR_OUTPUT_READS_MAX 8      /* of 64 KiB, in one turn */
#define WEIR_OUTPUT_ERROR_BYTES 512  /* of each: an error of ours has 256, and what is before it */
#define WEIR_UPLOADS_FOLDERS_MAX 512 /* watched by inotify: a user may have 8192 or more */
/* A program that opens a file again at once is not done with it */
#define WEIR_UPLOADS_SETTLE_MS 200
#define WEIR_UPLOADS_UNKNOWN_MS 3000 /* the same without leases: longer than a copy pauses */
#define WEIR_UPLOADS_LOOK_MS 5000    /* at everything, whatever inotify says */
/* Before a bucket is listed again: from this, when the server is away doubled up to that */
#define WEIR_BUCKET_PAUSE_MS 1000
#define WEIR_BUCKET_PAUSE_MAX_MS 60000
#define WEIR_FORM_FIELDS_MAX 64                    /* of an upload form: ours have nine */
#define WEIR_FORM_FIELDS_MAX_BYTES (20 * WEIR_KIB) /* S3: all that comes before the file */
#define WEIR_RESULTS_MAX 100                       /* validated files in the page's list */
#define WEIR_COUNT_ERRORS_MAX 5                    /* of each: the first invalid rows in the page */
#define WEIR_COUNT_ERROR_BYTES 400                 /* of each of those: what a page shows */
#define WEIR_STATUS_MESSAGES_MAX 50    /* of each state in the page; the counts are of all */
#define WEIR_FRONT_CONNECTIONS_MAX 128 /* a few browsers with six each, and scripts */
#define WEIR_FRONT_CONNECTION_BYTES (256 * WEIR_KIB) /* an upload is read in pieces of this */
#define WEIR_FRONT_IDLE_S 120 /* a browser that slept so long in mid-upload has given up */
#define WEIR_FRONT_BODY_MAX_BYTES (64 * WEIR_KIB) /* of a request that is no upload */
/* To an upload: a key, escaped, and the host twice */
#define WEIR_FRONT_ANSWER_MAX_BYTES (16 * WEIR_KIB)

/* ---- cli: upload ---- */

/* A form, all of its fields: twice what S3 takes */
#define WEIR_UPLOAD_HEAD_MAX_BYTES (64 * WEIR_KIB)
#define WEIR_UPLOAD_TAIL_MAX_BYTES 256 /* what ends a form behind its file: the boundary */
#define WEIR_UPLOAD_WHY_MAX_BYTES 1024 /* of the <Message> of S3: a sentence; longer: left out */
#define WEIR_UPLOAD_FORM_MS 30000      /* a form is made in milliseconds; a cold start in seconds */

#endif
