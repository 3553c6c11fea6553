#ifndef WEIR_CORE_LIMITS_H
#define WEIR_CORE_LIMITS_H

/*
 * Every ceiling, with its reason. Sizes are in bytes unless the name says otherwise.
 */

#define WEIR_KIB ((size_t)1024)
#define WEIR_MIB ((size_t)1024 * 1024)

/* core: a telemetry socket that is full is waited for; whoever is there reads it in a millisecond
 */
#define WEIR_LOG_WAIT_MS 100

/* stream: an edge between two stages. 64 KiB fit the L2 cache with what a stage keeps beside them;
 * larger ones measured no faster. WEIR_EDGE_BYTES in the environment sets another size for tests.
 */
#define WEIR_EDGE_DEFAULT_BYTES (64 * WEIR_KIB)
#define WEIR_EDGE_MAX_BYTES (16 * WEIR_MIB)
#define WEIR_PIPE_STAGES_MAX 16 /* the longest pipe in the tree has 5 */

/* stream: blocks of whole records. 512 KiB keep the loss of compression at their borders under 1 %,
 * and what is made of one fits the L2 cache; 1 MiB is no faster, and takes twice the memory. */
#define WEIR_BLOCK_BYTES (512 * WEIR_KIB)
/* A row of the largest size, every byte doubled, and its errors */
#define WEIR_BLOCK_OUT_MAX_BYTES (64 * WEIR_MIB)

/* A block shorter than this is worked on where it was cut: the way to a thread and back costs as
 * much as some 16 KiB of deflate */
#define WEIR_BLOCK_INLINE_BYTES (16 * WEIR_KIB)
/* Of the parallel stage. Each costs a slot: a block, what is made of it, and what a worker keeps;
 * where rows are huge, up to the ceilings of its buffers. */
#define WEIR_THREADS_MAX 16
/* Blocks in memory beside those that the threads work on. One would do if every thread always had a
 * processor; while the oldest block's waits for one, the others go on with these. On two processors
 * that is 4 % of the throughput, for 3 MB. */
#define WEIR_BLOCKS_AHEAD 4

/* A buffer that one block made larger than this is given back after it: four blocks */
#define WEIR_KEEP_MAX_BYTES (2 * WEIR_MIB)

/* codec: archives. What is kept of each entry to the end, for the directory, is 64 bytes and its
 * name; the directory itself is made in one piece: 16 MiB, 32 and 54 at the most. Deflated are 256
 * KiB at a time: on log text that is 1 % larger than pieces of 4 MiB. */
#define WEIR_ZIP_BLOCK_BYTES (256 * WEIR_KIB)
#define WEIR_ZIP_ENTRIES_MAX ((size_t)1 << 18)
#define WEIR_ZIP_NAME_MAX_BYTES 4096 /* PATH_MAX; a key of S3 has 1,024 */
#define WEIR_ZIP_NAMES_MAX_BYTES (32 * WEIR_MIB)
#define WEIR_CONCAT_AHEAD_MAX 8 /* sources opened before they are needed */

/* csv: one row. Larger than any honest one, small enough that a row and what is made of it fit a
 * function of 128 MB. */
#define WEIR_ROW_MAX_BYTES (16 * WEIR_MIB)
#define WEIR_COLUMNS_MAX 16384          /* what spreadsheets can hold */
#define WEIR_CSV_SKIP_LINES_MAX 1000000 /* before the header; they have to fit a row's size */
#define WEIR_CSV_NAMES_MAX_BYTES (1 * WEIR_MIB) /* of columns, in a configuration */
/* validate: columns that are counted by name where there is no header; all others as one */
#define WEIR_TALLY_NAMES_MAX 1024
/* What is to be unique: the keys seen so far, unless unique_memory says otherwise. A million UUIDs,
 * or a million and a half of numbers, and a function of 128 MB has room for the rest of the work.
 */
#define WEIR_UNIQUE_MEMORY_BYTES (32 * WEIR_MIB)
#define WEIR_UNIQUE_MEMORY_MIN_BYTES (4 * WEIR_KIB)
#define WEIR_UNIQUE_MEMORY_MAX_BYTES (4095 * WEIR_MIB) /* keys are told by 32 bits */
#define WEIR_UNIQUE_MAX 16                             /* such keys; and columns of one */
#define WEIR_UNIQUE_AHEAD_MAX_BYTES (4 * WEIR_MIB)     /* of a block that is ahead of its turn */
#define WEIR_UNIQUE_KEY_MAX_BYTES (1 * WEIR_MIB)       /* of one row; honest ones have a hundred */
#define WEIR_SUMMARY_MAX_BYTES (8 * WEIR_MIB) /* every column of the widest table, escaped */
/* Rules for objects by their keys: they are gone through for each. Their schemas are all loaded
 * when the function starts, which takes some 20 ms each where they lie on S3. */
#define WEIR_RULES_MAX 256
#define WEIR_RULES_SCHEMAS_MAX 64
#define WEIR_RULE_NAME_MAX_BYTES 64 /* of a schema, in an object's metadata */
/* Looked at to find the delimiter: hundreds of usual records */
#define WEIR_CSV_SNIFF_BYTES (64 * WEIR_KIB)
/* The text in `errors`; how many more is counted */
#define WEIR_ROW_ERRORS_MAX_BYTES (4 * WEIR_KIB)

/* stream: a leaky ring. Large enough for a few units, small enough to be one of many. */
#define WEIR_LEAKY_RING_MIN_BYTES (4 * WEIR_KIB)
#define WEIR_LEAKY_RING_MAX_BYTES ((size_t)1 << 30)
/* What is kept for a reader that loses the newest; half the ring, where that is less */
#define WEIR_LEAKY_KEPT_BYTES (256 * WEIR_KIB)
/* A line; a quarter of the ring, where that is less. Each reader that is overtaken in one keeps its
 * rest, so that it is what thousands of them may cost, and a thousand usual lines all the same */
#define WEIR_LEAKY_UNIT_MAX_BYTES (256 * WEIR_KIB)

/* json: cells and documents. */
#define WEIR_JSON_DEPTH_MAX 128 /* nesting; where serde_json stops too */
/* Entries of one cell: 8 MiB of tape. The cell, its row and what is made of it lie beside them in
 * 128 MB; honest cells have thousands. */
#define WEIR_JSON_VALUES_MAX ((size_t)1 << 19)
#define WEIR_CONFIG_MAX_BYTES (1 * WEIR_MIB) /* a configuration: people write it */
/* An invocation's event at its largest */
#define WEIR_JSON_DOC_MAX_BYTES (6 * WEIR_MIB + 64 * WEIR_KIB)
/* Entries of a document: SQS's largest batch has 10,000 records of about 20, and as many names.
 * As cJSON, where an item has 64 bytes and its texts, they take 34 MiB. */
#define WEIR_DOC_VALUES_MAX ((size_t)300000)

/* schema: what is compiled once and kept. */
#define WEIR_SCHEMA_MAX_BYTES (1 * WEIR_MIB)
#define WEIR_SCHEMA_NODES_MAX 65536
/* Twice what that many nodes take; compiled patterns count too */
#define WEIR_SCHEMA_MEMORY_MAX_BYTES (32 * WEIR_MIB)
#define WEIR_SCHEMA_NAMES_MAX 1024 /* $id and $anchor: each is compared with each */
/* $ref to allOf to $ref to ...: such a chain is walked for each value */
#define WEIR_SCHEMA_REFS_MAX 64
/* Schemas within each other while one value is checked: what a stack of 1 MiB holds. Values nest
 * up to WEIR_JSON_DEPTH_MAX deep, with a few schemas for each. */
#define WEIR_SCHEMA_FRAMES_MAX 1024
#define WEIR_PATTERN_MAX_BYTES                                                                     \
    (64 * WEIR_KIB) /* one pattern, translated: PCRE2 stops there too                              \
                     */
#define WEIR_PATTERN_STACK_MAX_BYTES (1 * WEIR_MIB) /* memory to backtrack in, per thread */
/* PCRE2 match limit of each place where a match may start: milliseconds, not hours, for a pattern
 * that explodes */
#define WEIR_PATTERN_MATCH_LIMIT 100000
/* What checking one row may cost: a value, a piece of a text or an array, a part of a match are a
 * step each, and take a quarter of a microsecond at their worst. So this is about a second, for
 * verdict and problems together; a valid row of the largest size has room in it, with a pattern
 * over all of it. */
#define WEIR_ROW_STEPS_MAX 4000000

/* schema: what is inferred from a sample. It has to fit a schema: half of the nodes that one may
 * have, and all its columns among them; a row that nests deeper is described as far as this. */
#define WEIR_INFER_NODES_MAX (WEIR_SCHEMA_NODES_MAX / 2)
#define WEIR_INFER_TEXT_MAX_BYTES (4 * WEIR_MIB) /* names, and texts of enums */
#define WEIR_INFER_DEPTH_MAX 16
#define WEIR_INFER_MEMBERS_MAX 1024 /* of an object: more of them are data, not names */
#define WEIR_INFER_ENUM_MAX 64      /* texts of an enum that may be asked for, and ... */
#define WEIR_INFER_ENUM 16          /* ... that are looked for */
#define WEIR_INFER_ENUM_TIMES 10    /* each comes so often in the mean, or it is no set of them */
#define WEIR_INFER_ENUM_TEXT_BYTES 64
#define WEIR_INFER_ROWS 10000 /* of a sample, unless told otherwise: a second at the most */

/* What finding out about the columns of a header may cost: the most columns there can be, and a
 * schema that says something in hundreds of places about each */
#define WEIR_BIND_STEPS_MAX 50000000

/* net: one HTTP end. */
/* Received and not yet taken; then the socket is paused */
#define WEIR_HTTP_RECV_BYTES (256 * WEIR_KIB)
/* One read or write of a socket at most. What is read stays in the L2 cache until it is where it is
 * wanted: reads of 256 KiB took twice the CPU for a large object. */
#define WEIR_HTTP_READ_BYTES (64 * WEIR_KIB)
#define WEIR_HTTP_HEADERS_MAX_BYTES (64 * WEIR_KIB)
#define WEIR_HTTP_IDLE_MAX 16L     /* connections kept for the next request, on one loop */
#define WEIR_HTTP_CONNECT_MS 10000 /* TCP and TLS; a region far away needs one second */
#define WEIR_HTTP_STALL_MS 60000   /* no byte for so long while some are due: the peer is gone */
#define WEIR_HTTP_STALL_MAX_MS 3600000 /* what WEIR_STALL_MS may set instead */

/* net: lines to a receiver over TCP. */
#define WEIR_TCP_CONNECTIONS 1      /* at once, unless told otherwise: lines arrive in order then */
#define WEIR_TCP_CONNECTIONS_MAX 32 /* more help no receiver */
/* Lines that are sent and not yet confirmed are kept, to be sent again: all of them together, and
 * those of one connection, which is what has to be sent again at once. */
#define WEIR_TCP_KEPT_BYTES (2 * WEIR_MIB)
#define WEIR_TCP_UNIT_MIN_BYTES (32 * WEIR_KIB)
#define WEIR_TCP_UNIT_MAX_BYTES (512 * WEIR_KIB)
#define WEIR_TCP_LINE_MAX_BYTES                                                                    \
    (4 * WEIR_MIB) /* a log line of the largest size, all of it escaped */
#define WEIR_TCP_CONNECT_MS 10000
/* Without a byte taken or a confirmation: a receiver under load may be a while at it */
#define WEIR_TCP_STALL_MS 60000
#define WEIR_TCP_SETTLE_MS 5 /* between two looks at a connection that is closing */
#define WEIR_TCP_PAUSE_MS 50 /* before the next connection after one failed; doubles up to ... */
#define WEIR_TCP_PAUSE_MAX_MS 2000 /* ... this: a receiver that restarts is back in seconds */
#define WEIR_TCP_PATIENCE_MS                                                                       \
    20000                       /* of failures only, where no deadline is given; and at least ... */
#define WEIR_TCP_FAILURES_MIN 5 /* ... so many of them */
#define WEIR_TCP_ERRORS 3       /* the last ones, for people */

/* net: programs. */
#define WEIR_CHILD_TAIL_BYTES 4096 /* of stderr: what is kept and logged, however much comes */
#define WEIR_CHILD_GRACE_MS 2000   /* after its exit somebody else may hold its stdout so long */
#define WEIR_CHILD_TERM_MS 2000    /* SIGTERM to SIGKILL */
#define WEIR_CHILD_ENV_MAX 1024    /* variables; a shell's have a hundred */

/* aws: S3's own rules (UploadPart), and our memory. */
#define WEIR_S3_PART_MIN_BYTES (5 * WEIR_MIB) /* S3: every part but the last */
#define WEIR_S3_PART_BYTES (8 * WEIR_MIB)     /* x 10,000 parts = 78 GiB */
/* Memory of one upload, unless WEIR_S3_UPLOAD_BUDGET_BYTES says otherwise: two parts, one that
 * fills while the other is sent, in a function of 128 MB; and the least that it may say: one part
 * of the smallest size. Both with the list of as many parts as S3 allows. */
#define WEIR_S3_UPLOAD_BYTES                                                                       \
    (2 * (WEIR_S3_PART_BYTES + WEIR_S3_SLOT_BYTES) + WEIR_S3_PARTS_MAX * WEIR_S3_PART_LIST_BYTES)
#define WEIR_S3_UPLOAD_MIN_BYTES                                                                   \
    (WEIR_S3_PART_MIN_BYTES + WEIR_S3_SLOT_BYTES + WEIR_S3_PARTS_MAX * WEIR_S3_PART_LIST_BYTES)
/* What a part adds to that list, which the completion sends: 141 bytes with a quoted MD5 and a
 * CRC64NVME. A server with longer ETags has a longer list. */
#define WEIR_S3_PART_LIST_BYTES ((size_t)144)
/* What sending a part takes beside its bytes: the buffers of its connection, both ways, libcurl's
 * state, its texts. Measured as 270 KiB; c-ares, which the static build looks names up with, keeps
 * 110 for each request beside that. */
#define WEIR_S3_SLOT_BYTES (7 * WEIR_HTTP_READ_BYTES)
/* Reading by several connections (WEIR_S3_READ_CONNECTIONS): what one of them is asked for at a
 * time, as S3's guide advises, and not less than ... */
#define WEIR_S3_RANGE_BYTES (8 * WEIR_MIB)
#define WEIR_S3_RANGE_MIN_BYTES (1 * WEIR_MIB) /* ... this: requests have to be worth it */
#define WEIR_S3_READ_CONNECTIONS_MAX 16        /* no more than are kept: WEIR_HTTP_IDLE_MAX */
/* What reading a range takes beside its bytes: its receive buffer, libcurl's state and buffer,
 * TLS's, its texts, and c-ares's. Measured as 345 KiB, and 380 under TLS, 110 more in the static
 * build. */
#define WEIR_S3_READ_SLOT_BYTES (9 * WEIR_HTTP_READ_BYTES)
/* Memory of such a reading, unless WEIR_S3_READ_BUDGET_BYTES says otherwise: four ranges */
#define WEIR_S3_READ_BYTES (4 * (WEIR_S3_RANGE_BYTES + WEIR_S3_READ_SLOT_BYTES))
#define WEIR_S3_SLOTS_MAX 64    /* requests at a time: more are more connections, not more speed */
#define WEIR_S3_PARTS_MAX 10000 /* S3 */
#define WEIR_S3_KEY_MAX_BYTES 1024         /* S3 */
#define WEIR_S3_LIST_MAX ((size_t)1 << 18) /* objects of one list: what an archive may have */
/* Pages of a list without a key, in a row: S3 may have to skip what was deleted, but not for ever
 */
#define WEIR_S3_LIST_EMPTY_MAX 1000
#define WEIR_S3_XML_MAX_BYTES (1 * WEIR_MIB) /* an answer of S3 that is not an object */
#define WEIR_S3_ABORT_MS 60000    /* how long an abort is tried again when the server is away */
#define WEIR_S3_LOOKUP_MS 20000   /* how long an answer that was lost is asked after, before that */
#define WEIR_S3_PAUSE_MS 200      /* before an abort is sent again; doubles up to ... */
#define WEIR_S3_PAUSE_MAX_MS 5000 /* ... this: a server that restarts is back in seconds */
/* Retries: the standard mode of the AWS SDKs */
#define WEIR_S3_ATTEMPTS 3              /* of one request; AWS_MAX_ATTEMPTS */
#define WEIR_S3_ATTEMPTS_MAX 100        /* more is a loop, not patience */
#define WEIR_S3_QUOTA_TOKENS 500        /* what all retries share: a server that is gone ... */
#define WEIR_S3_RETRY_TOKENS 5          /* ... is given up after 100 of them ... */
#define WEIR_S3_TIMEOUT_TOKENS 10       /* ... or after 50 that heard nothing */
#define WEIR_S3_BACKOFF_MS 1000         /* the first pause at most; doubles up to ... */
#define WEIR_S3_BACKOFF_MAX_MS 20000    /* ... this */
#define WEIR_S3_RETRY_AFTER_MAX_MS 5000 /* what a server may add to a pause (x-amz-retry-after) */
/* A broken GetObject that has moved so far is none that fails in a row: the rest of it is new */
#define WEIR_S3_PROGRESS_BYTES (64 * WEIR_KIB)
#define WEIR_S3_SKEW_MIN_MS 240000    /* S3 allows 15 minutes, other servers 5 */
#define WEIR_S3_REGION_MAX_BYTES 63   /* a label of a host's name */
#define WEIR_S3_REGIONS_MAX 4         /* buckets whose region was learnt: a job has one or two */
#define WEIR_S3_UNDO_REQUEST_MS 15000 /* one try: a server that hangs must leave time for more */
#define WEIR_S3_SETTLE_MS 3000        /* a server may still be at work on a create that broke off */
#define WEIR_S3_COMPLETE_STALL_MS 300000      /* joining thousands of parts may take S3 minutes */
#define WEIR_S3_UPLOAD_ID_MAX_BYTES 1024      /* AWS's are under 200 */
#define WEIR_S3_PART_XML_MAX_BYTES 512        /* one part's number, ETag and checksum in Complete */
#define WEIR_S3_ETAG_MAX_BYTES 128            /* MD5, or MD5-parts, in all stores known */
#define WEIR_S3_VERSION_ID_MAX_BYTES 1024     /* S3 */
#define WEIR_S3_QUERY_MAX 8                   /* parameters of a request of ours */
#define WEIR_S3_METADATA_MAX_BYTES 2048       /* S3: of all x-amz-meta-*, names and values */
#define WEIR_S3_OBJECT_HEADERS_MAX 16         /* what settings say of every object */
#define WEIR_S3_HEADERS_MAX 24                /* its own headers, besides the signer's */
#define WEIR_S3_BUCKET_MAX_BYTES 255          /* what the oldest buckets and other servers allow */
#define WEIR_S3_XML_DEPTH_MAX 16              /* an answer of S3 has 4 */
#define WEIR_S3_URL_MAX_BYTES (16 * WEIR_KIB) /* a key, all of it encoded, and an upload id */
#define WEIR_SIGV4_PAIRS_MAX 32               /* headers, or query parameters, of one request */
#define WEIR_SIGV4_TEXT_MAX_BYTES (64 * WEIR_KIB) /* to be signed: session tokens are long */
#define WEIR_AWS_CREDENTIALS_MS 30000        /* to find the credentials: a program may ask people */
#define WEIR_AWS_CREDENTIALS_PAUSE_MS 100    /* before an agent is asked again; then twice that */
#define WEIR_AWS_CREDENTIALS_EARLY_MS 600000 /* renewed so long before they end, as the SDKs do */
#define WEIR_AWS_CREDENTIALS_AGAIN_MS 60000  /* and when that failed, not at every request */
#define WEIR_AWS_CREDENTIALS_MAX_BYTES (64 * WEIR_KIB) /* of an answer with a key and a token */
#define WEIR_AWS_PROFILES_MAX_BYTES (1 * WEIR_MIB)     /* of ~/.aws/config: people write it */
#define WEIR_AWS_PATH_MAX_BYTES 4096                   /* of a file or a URL: PATH_MAX */
#define WEIR_AWS_PROCESS_ARGS_MAX 64                   /* of a credential_process */
#define WEIR_AWS_SECRET_MAX_BYTES 1024                 /* AWS's have 40 */
/* S3's rules for uploads by form: one PUT's largest object, all fields but the file, and as long as
 * a signing key lives */
#define WEIR_POST_FORM_FILE_MAX_BYTES ((int64_t)5 * 1024 * 1024 * 1024)
#define WEIR_POST_FORM_MAX_BYTES (20 * WEIR_KIB)
#define WEIR_POST_FORM_EXPIRES_MAX_S 604800
#define WEIR_CONTENT_TYPE_MAX_BYTES 255 /* RFC 6838: 127 for either half */

/* event: Lambda's. */
#define WEIR_EVENT_RECORDS_MAX 10000 /* SQS's largest batch; also the S3 records in one message */
#define WEIR_RESPONSE_MAX_BYTES (6 * WEIR_MIB)
/* A handler may fill it, so that one too large is told as such */
#define WEIR_RESPONSE_ROOM_BYTES (32 * WEIR_MIB)

#define WEIR_PRELUDE_MAX_BYTES (64 * WEIR_KIB) /* a streamed answer's status, headers, cookies */

/* event: metrics. */
#define WEIR_METRICS_MAX 20 /* in one document; CloudWatch takes 100, elb_logs has 13 */
#define WEIR_METRICS_LINE_MAX_BYTES (16 * WEIR_KIB) /* these, and names from the environment */

/* hello: what an event and a setting may ask of it. */
#define WEIR_HELLO_GREETING_MAX_BYTES 64
#define WEIR_HELLO_SLEEP_MAX_MS 900000 /* Lambda's longest timeout */

/* elb_logs: a line. A load balancer takes 64 KiB of headers; a longer line is no access log's, and
 * goes on in pieces, as lines that cannot be parsed do. */
#define WEIR_ELB_LINE_MAX_BYTES (128 * WEIR_KIB)
/* Places to go on from that are remembered: one per edge of output, as much as can be on its way */
#define WEIR_ELB_MARKS_MAX 256
/* A state object: a key, escaped, and little else */
#define WEIR_ELB_STATE_MAX_BYTES (16 * WEIR_KIB)

/* archive: entries told in the answer; the rest of WEIR_RESPONSE_MAX_BYTES is for one more */
#define WEIR_ARCHIVE_LISTED_MAX_BYTES (5 * WEIR_MIB)

/* bootstrap: what the Runtime API sends beside the event, and what it gets back. */
#define WEIR_RUNTIME_TEXT_MAX_BYTES 256 /* the API's address, a request id: far shorter */
#define WEIR_RUNTIME_TRACE_MAX_BYTES (1 * WEIR_KIB) /* a trace id with all its fields has 200 */
/* An error as it is sent: its document, or X-Ray's cause */
#define WEIR_RUNTIME_ANSWER_MAX_BYTES (64 * WEIR_KIB)
/* What is queued for the API at once: a head with an X-Ray cause, or one piece of a
 * stream and the trailers of an error */
#define WEIR_HTTP1_OUT_MAX_BYTES (128 * WEIR_KIB)
#define WEIR_RUNTIME_POST_MS 30000 /* the API is on the same machine */
/* After a signal Lambda's window for all has 500 ms: to undo what was begun (WEIR_UNDO_MS), or for
 * an answer whose post has begun */
#define WEIR_RUNTIME_UNDO_MS 350
#define WEIR_RUNTIME_UNDO_MAX_MS 600000
#define WEIR_RUNTIME_FINISH_MS 200
/* A lost Runtime API: pauses of 50 ms, doubled each time, 3 s in all; then the process ends, and
 * Lambda starts another */
#define WEIR_RUNTIME_RETRY_MS 50
#define WEIR_RUNTIME_TRIES_MAX 8
#define WEIR_RUNTIME_REGISTER_MS                                                                   \
    1000 /* for an extensions API that takes a request and says nothing */
#define WEIR_RUNTIME_WORKERS_MAX 1024           /* Lambda: 64 for each vCPU, 16 vCPUs */
#define WEIR_RUNTIME_STACK_BYTES (1 * WEIR_MIB) /* of a worker; the deepest call takes a tenth */
#define WEIR_RUNTIME_MARGIN_MAX_MS 2000 /* of the time left, to report in; else a tenth of it */

/* relay: one loop for thousands of connections. */
/* New bytes are offered when they come, so often at most ... */
#define WEIR_RELAY_TICK_MS 18
/* ... else when they have waited for so long: a sixth of what people see as late, ... */
#define WEIR_RELAY_FRESH_MS 16
/* ... or when they are so many: the kernel makes no larger packet of them */
#define WEIR_RELAY_TICK_BYTES (64 * WEIR_KIB)
#define WEIR_RELAY_PACE_MS 10 /* files and stdin are read so often */
/* Clients that are held back are offered something so often, also when nothing comes */
#define WEIR_RELAY_HELD_TICK_MS 50
/* What a client has been sent and not read may be worth so much of its time: enough for a reader
 * that pauses between its reads, half of what people take for live */
#define WEIR_RELAY_UNREAD_MS 1000
#define WEIR_RELAY_BACKLOG 4096          /* a thousand connects a second, and a busy second */
#define WEIR_RELAY_CONNECTIONS_MAX 65536 /* ports of one peer */
#define WEIR_RELAY_NAME_MAX 64           /* of a source */
#define WEIR_RELAY_HEAD_MAX_BYTES 8192   /* a request's head; browsers send 2 KiB */
#define WEIR_RELAY_HEAD_MS 10000         /* for it to come */
#define WEIR_RELAY_WAIT_MS 15000         /* a client's, for a source that connects */
#define WEIR_RELAY_LINGER_CLOSE_MS 2000  /* for a peer to end its side */
#define WEIR_RELAY_LINGER_MS 10000       /* a source that nobody wants is kept, for whoever zaps */
#define WEIR_RELAY_PAUSE_MS 500          /* before a source is connected again; doubles to ... */
#define WEIR_RELAY_PAUSE_MAX_MS 15000    /* ... this */
#define WEIR_RELAY_DRAIN_MS 5000 /* after a signal, for clients to get what waits for them */
#define WEIR_RELAY_CHUNK_BYTES (64 * WEIR_KIB)
#define WEIR_RELAY_READ_BYTES (1 * WEIR_MIB) /* of stdin in a tick; others want to be served */
/* What a client may send after its request; then it talks something else */
#define WEIR_RELAY_IGNORED_MAX_BYTES (64 * WEIR_KIB)
/* ... and after an answer that it may still be too busy sending to read */
#define WEIR_RELAY_LINGER_MAX_BYTES (4 * WEIR_MIB)
/* Twice what 25,000 clients take in status.json */
#define WEIR_RELAY_STATUS_MAX_BYTES (16 * WEIR_MIB)
/* What all answers on their way have together: who asks shows no token. A document is composed
 * where the longest would still fit, so this is two of these */
#define WEIR_RELAY_REPLIES_MAX_BYTES (2 * WEIR_RELAY_STATUS_MAX_BYTES)
#define WEIR_RELAY_REPLY_MS                                                                        \
    60000 /* for an answer to be taken, however slowly: 16 MiB at 2 Mbit/s */

/* cli: the command. */
#define WEIR_CLI_LIST_MAX 64 /* --env and the like: a line nobody types */
/* A path, or s3://bucket/key, with a name put behind it: Linux takes no longer path */
#define WEIR_CLI_PATH_MAX_BYTES (8 * WEIR_KIB)
#define WEIR_CLI_FILES_MAX 4096 /* of one elb-logs: a day of a busy load balancer's logs */
#define WEIR_GENERATE_ROW_MAX_BYTES (8 * WEIR_KIB)  /* the rows of `var` have about 2,000 */
#define WEIR_GENERATE_BUFFER_BYTES (128 * WEIR_KIB) /* rows made and not yet written */
#define WEIR_INVOKE_INIT_MS 10000                   /* Lambda: exec to the first /next */
#define WEIR_INVOKE_STOP_MS 500                     /* Lambda: SIGTERM to SIGKILL */
/* After a signal: SIGTERM to SIGKILL. An upload is aborted in a request or two. */
#define WEIR_INVOKE_UNDO_MS 10000
#define WEIR_INVOKE_ENV_MAX 512 /* variables of a function; Lambda itself allows 4 KiB of them */
#define WEIR_RAPI_CONCURRENCY_MAX 64 /* invocations at once: what Lambda allows for a vCPU */
/* A runtime needs one for each of these, and two for being an extension */
#define WEIR_RAPI_CONNECTIONS_MAX 80
#define WEIR_STREAM_MAX_BYTES (200 * WEIR_MIB)      /* Lambda: a streamed response */
#define WEIR_RAPI_HEADERS_MAX_BYTES (64 * WEIR_KIB) /* one request's line and headers */

#define WEIR_TUNE_SIZES_MAX                                                                        \
    64 /* Lambda has 10,112 of them; a chart and a night have room for fewer */
#define WEIR_TUNE_RUNS_MAX 1000    /* of each */
#define WEIR_TUNE_MEMORY_MAX 10240 /* MB: Lambda's largest */
/* base64 of 10 bytes a size */
#define WEIR_TUNE_URL_MAX_BYTES (4 * WEIR_KIB)
#define WEIR_TUNE_TEXT_MAX_BYTES (64 * WEIR_KIB) /* the result's JSON, the chart */

/* local: the service on one machine. */
/* A record of the queue: a key of 1,024 bytes, each of them escaped twice, and what is around it */
#define WEIR_JOURNAL_RECORD_MAX_BYTES (32 * WEIR_KIB)
/* A journal shorter than this is not rewritten */
#define WEIR_QUEUE_REWRITE_BYTES (256 * WEIR_KIB)
#define WEIR_QUEUE_MESSAGES_MAX 10000 /* waiting, in flight and dead */
#define WEIR_QUEUE_NAMES_MAX 100000   /* files that are remembered: about 20 MB */
#define WEIR_WORKER_BATCH_MAX 10      /* messages in one event: SQS's default ceiling */
#define WEIR_OUTPUT_ERRORS_MAX 16     /* of an invocation: more than a batch has messages */
#define WEIR_OUTPUT_ERROR_BYTES 512   /* of each: an error of ours has 256, and what is before it */
#define WEIR_UPLOADS_FOLDERS_MAX 512  /* watched by inotify: a user may have 8192 or more */
#define WEIR_FORM_FIELDS_MAX 64       /* of an upload form: ours have nine */
#define WEIR_FORM_FIELDS_MAX_BYTES (20 * WEIR_KIB) /* S3: all that comes before the file */
#define WEIR_RESULTS_MAX 100                       /* validated files in the page's list */
#define WEIR_STATUS_MESSAGES_MAX 50    /* of each state in the page; the counts are of all */
#define WEIR_FRONT_CONNECTIONS_MAX 128 /* a few browsers with six each, and scripts */
#define WEIR_FRONT_CONNECTION_BYTES (256 * WEIR_KIB) /* an upload is read in pieces of this */
#define WEIR_FRONT_IDLE_S 120 /* a browser that slept so long in mid-upload has given up */
#define WEIR_FRONT_BODY_MAX_BYTES (64 * WEIR_KIB) /* of a request that is no upload */
/* upload: a form's JSON, and all of its fields around a file: twice what S3 takes */
#define WEIR_UPLOAD_HEAD_MAX_BYTES (64 * WEIR_KIB)
#define WEIR_API_HOST_MAX_BYTES                                                                    \
    260                           /* of a host whose request is signed: a name of DNS and a port */
#define WEIR_UPLOAD_FORM_MS 30000 /* a form is made in milliseconds; a cold start in seconds */

#endif
