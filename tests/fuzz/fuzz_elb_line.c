/*
 * Lines of anything: the parser must come back, every field must lie in the line, and what is
 * written must be one line of valid JSON within its room, in both forms.
 */
#include "core/limits.h"
#include "handlers/elb_logs/elb_json.h"
#include "json/doc.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* U+0000 is valid JSON that cJSON cannot hold. */
static void must_be_json(char *out, const char *end)
{
    must(end > out && end[-1] == '\n' && memchr(out, '\n', (size_t)(end - out)) == end - 1);
    struct weir_err err = {0};
    cJSON *tree = weir_doc_parse("line", out, (size_t)(end - out), &err);
    must(tree != NULL || strstr(err.msg, "0000") != NULL);
    cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_elb_origin origin = {.id = "0123456789abcdef0123", .place = "s3://logs/key"};
    struct weir_elb_line line;

    if (size > 4096 || memchr(data, '\n', size) != NULL) {
        return 0;
    }
    char *copy = malloc(size > 0 ? size : 1), *out = malloc(WEIR_ELB_JSON_ROOM(size));
    must(copy != NULL && out != NULL);
    memcpy(copy, data, size);
    if (weir_elb_line_parse(copy, size, &line) == NULL) {
        must(line.n >= 1 && line.n <= WEIR_ELB_FIELDS_MAX);
        for (size_t i = 0; i < line.n; i++) {
            const struct weir_str s = line.fields[i];
            must(s.p >= copy && s.len <= size && s.p + s.len <= copy + size);
        }
        must_be_json(out, weir_elb_json_line(out, &line, WEIR_ELB_NAMES_ECS, &origin, size));
        must_be_json(out, weir_elb_json_line(out, &line, WEIR_ELB_NAMES_AWS, &origin, size));
    }
    must_be_json(out, weir_elb_json_reject(out, copy, size, "why", &origin, size));
    free(copy);
    free(out);
    return 0;
}
