#ifndef WEIR_HANDLERS_ELB_LOGS_ELB_JSON_H
#define WEIR_HANDLERS_ELB_LOGS_ELB_JSON_H

#include "core/err.h"
#include "handlers/elb_logs/elb_line.h"

#include <stdint.h>

/*
 * A line as one JSON object, with an LF behind it. Elastic Common Schema: nested objects, as
 * Logstash reads them ([event][id]); what a line does not have is left out. AWS: the names of AWS's
 * documentation, flat; what a line does not have is null. @timestamp and event.id are in both.
 */
enum weir_elb_names { WEIR_ELB_NAMES_ECS, WEIR_ELB_NAMES_AWS };

#define WEIR_ELB_ID_BYTES 20 /* of the file's part of an id, hexadecimal */

/* A log: what the ids of its lines are made of, with the offset (the same three give the same ids,
 * on every machine), and what it is called. "" for what there is none of. */
struct weir_elb_log {
    const char *bucket, *key, *etag;
    const char *place; /* path or s3://bucket/key, for lines that are rejected */
};

/* Where lines come from, as it is written. */
struct weir_elb_origin {
    char id[WEIR_ELB_ID_BYTES + 1]; /* what the ids of this log begin with */
    char place[1024];
};

/** weir_elb_origin_set: the origin of a log's lines; its place is cut at its room. Returns 0, or -1
 *  with *err set: WEIR_E_NOMEM. */
int weir_elb_origin_set(
    struct weir_elb_origin *ret, const struct weir_elb_log *log, struct weir_err *err);

/** WEIR_ELB_JSON_ROOM: what a line of len bytes may become: every byte escaped, the URL three
 *  times, and all the names. */
#define WEIR_ELB_JSON_ROOM(len) (20 * (len) + 8192)

/** weir_elb_json_line: write a line that was parsed; offset is the line's first byte in the file.
 *  to has WEIR_ELB_JSON_ROOM bytes for the line's length. Returns the end of what was written. */
char *weir_elb_json_line(char *to, const struct weir_elb_line *line, enum weir_elb_names names,
    const struct weir_elb_origin *origin, uint64_t offset);

/** weir_elb_json_reject: the same for a line that could not be parsed: it goes whole into
 *  `message`, with the tag _elbparsefailure, why, and where. */
char *weir_elb_json_reject(char *to, const char *p, size_t len, const char *why,
    const struct weir_elb_origin *origin, uint64_t offset);

#endif
