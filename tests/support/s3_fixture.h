#ifndef WEIR_TESTS_S3_FIXTURE_H
#define WEIR_TESTS_S3_FIXTURE_H

#include "aws/config.h"
#include "aws/object.h"
#include "aws/s3_sink.h"
#include "aws/s3_source.h"
#include "core/limits.h"
#include "stream/pipe.h"
#include "tests/support/canned_http.h"
#include "tests/support/memory_ends.h"

/*
 * What the tests of the S3 ends share: a loop, a server with answers made beforehand, a
 * configuration that points to it, and the answers themselves. One attempt per request and no
 * pauses, unless the test sets AWS_MAX_ATTEMPTS before s3_serve; memory for two parts.
 */

/* Memory for two parts of up to 100 bytes. */
#define S3_TWO_PARTS_BYTES                                                                         \
    (2 * (WEIR_S3_SLOT_BYTES + 100) + WEIR_S3_PARTS_MAX * WEIR_S3_PART_LIST_BYTES)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OK "HTTP/1.1 200 OK\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define PART_OK OK "ETag: \"0123\"\r\n" EMPTY
#define GONE "HTTP/1.1 204 No Content\r\n\r\n"
#define CREATED                                                                                    \
    OK "Content-Length: 87\r\n\r\n<InitiateMultipartUploadResult><UploadId>U/1</UploadId>"         \
       "</InitiateMultipartUploadResult>"
#define COMPLETED                                                                                  \
    OK "Content-Length: 63\r\n\r\n<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
#define FAILED_200                                                                                 \
    OK "Content-Length: 55\r\n\r\n \n  <Error><Code>InternalError</Code><Message/></Error>"
#define STATUS(line, code, n)                                                                      \
    "HTTP/1.1 " line "\r\nContent-Length: " n "\r\n\r\n<Error><Code>" code "</Code></Error>"
#define BROKEN_500 STATUS("500 Internal Server Error", "InternalError", "41")
#define DENIED STATUS("403 Forbidden", "AccessDenied", "40")
#define NO_BUCKET STATUS("404 Not Found", "NoSuchBucket", "40")
#define NO_KEY STATUS("404 Not Found", "NoSuchKey", "37")
#define PROXY_404 "HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\n<h1>Oh no!</h1>"
#define REPLACED STATUS("412 Precondition Failed", "PreconditionFailed", "46")
#define NO_UPLOAD STATUS("404 Not Found", "NoSuchUpload", "40")

/* The beginnings of requests */
#define CREATE "POST /b/k?uploads="
#define PART "PUT /b/k?partNumber="
#define COMPLETE "POST /b/k?uploadId=U%2F1"
#define UNDO "DELETE /b/k?uploadId="
#define LIST "GET /b?max-uploads=100&prefix=k&uploads="
#define PUT "PUT /b/k HTTP"
#define HEAD "HEAD /b/k HTTP"
#define GET "GET /b/k HTTP"

struct s3_fixture {
    struct weir_loop *loop;
    struct weir_s3_config cfg;
    struct canned_http *server;
    struct weir_err err;
};

/** s3_setup, s3_teardown: for cmocka; *state becomes a struct s3_fixture. */
int s3_setup(void **state);
int s3_teardown(void **state);

/** s3_serve: a new server with these answers, and the configuration that the environment says. What
 *  a table's row has left over at its end does not count. */
void s3_serve(struct s3_fixture *fx, const struct canned_reply *replies, size_t n);

/** s3_asked: how many requests began so; *last receives the number of the last. May be NULL. */
size_t s3_asked(struct s3_fixture *fx, const char *first_line, size_t *last);

/** s3_expect_undone: an upload was aborted, and nothing was asked after that. A part that was under
 * way on a connection of its own may be read later than it was sent. */
void s3_expect_undone(struct s3_fixture *fx);

/** s3_has_header: has request i this line among its headers? */
bool s3_has_header(struct s3_fixture *fx, size_t i, const char *line);

/** s3_get: read an object through a pipe; got (NULL: dropped) receives the bytes and is the
 *  caller's. Returns the pipe's result, fx->err its error. */
int s3_get(struct s3_fixture *fx, const struct weir_object *object, struct weir_source_info *info,
    struct weir_buf *got);

/** s3_data: what the tests write: letters. */
extern uint8_t s3_data[64];

/** s3_put: write len bytes of s3_data through a pipe; the source fails before byte fail_at - 1. */
int s3_put(struct s3_fixture *fx, size_t len, size_t part_bytes, size_t fail_at);

#endif
