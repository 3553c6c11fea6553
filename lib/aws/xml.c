#include "aws/xml.h"

#include "core/hex.h"
#include "core/utf8.h"

#include <stdint.h>
#include <string.h>

void weir_xml_init(struct weir_xml *xml, const char *p, size_t len)
{
    p = p != NULL ? p : ""; /* an empty buffer has no bytes to point to */
    *xml = (struct weir_xml){.p = p, .end = p + len};
}

static enum weir_xml_event bad(struct weir_xml *xml)
{
    xml->end = NULL; /* and so for good */
    return WEIR_XML_BAD;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

static bool starts(const struct weir_xml *xml, const char *s)
{
    size_t n = strlen(s);

    return (size_t)(xml->end - xml->p) >= n && memcmp(xml->p, s, n) == 0;
}

/* Go behind the next s; false when there is none. *at receives where it began. */
static bool skip_past(struct weir_xml *xml, const char *s, const char **at)
{
    size_t n = strlen(s);
    const char *found = memmem(xml->p, (size_t)(xml->end - xml->p), s, n);

    if (found == NULL) {
        return false;
    }
    *at = found;
    xml->p = found + n;
    return true;
}

static bool read_name(struct weir_xml *xml)
{
    const char *start = xml->p;

    while (xml->p < xml->end && is_name(*xml->p)) {
        if (*xml->p == ':') {
            start = xml->p + 1;
        }
        xml->p++;
    }
    xml->name = (struct weir_str){start, (size_t)(xml->p - start)};
    return xml->name.len > 0;
}

static enum weir_xml_event read_close(struct weir_xml *xml)
{
    xml->p += 2;
    if (!read_name(xml)) {
        return bad(xml);
    }
    while (xml->p < xml->end && is_space(*xml->p)) {
        xml->p++;
    }
    if (xml->p == xml->end || *xml->p != '>' || xml->depth == 0) {
        return bad(xml);
    }
    xml->p++;
    if (!weir_str_eq(xml->open[xml->depth - 1], xml->name)) {
        return bad(xml);
    }
    xml->leave = true;
    return WEIR_XML_CLOSE;
}

static enum weir_xml_event read_open(struct weir_xml *xml)
{
    xml->p++;
    if (!read_name(xml) || xml->depth == WEIR_S3_XML_DEPTH_MAX ||
        (xml->depth == 0 && xml->rooted)) {
        return bad(xml);
    }
    /* Attributes are only skipped: '>' may stand in their quotes. */
    while (xml->p < xml->end && *xml->p != '>' && *xml->p != '/') {
        char c = *xml->p++;
        if (c == '<') {
            return bad(xml);
        }
        if (c == '"' || c == '\'') {
            const char *quote = memchr(xml->p, c, (size_t)(xml->end - xml->p));
            if (quote == NULL) {
                return bad(xml);
            }
            xml->p = quote + 1;
        }
    }
    if (starts(xml, "/>")) {
        xml->p += 2;
        xml->closing = true;
    } else if (starts(xml, ">")) {
        xml->p++;
    } else {
        return bad(xml);
    }
    xml->rooted = true;
    xml->open[xml->depth++] = xml->name;
    return WEIR_XML_OPEN;
}

/* Text up to the next '<'. Around the root only white space may stand; *skip says that it did. */
static enum weir_xml_event read_text(struct weir_xml *xml, bool *skip)
{
    const char *start = xml->p;
    const char *lt = memchr(start, '<', (size_t)(xml->end - start));

    xml->p = lt != NULL ? lt : xml->end;
    xml->text = start;
    xml->text_len = (size_t)(xml->p - start);
    xml->cdata = false;
    if (xml->depth > 0) {
        return WEIR_XML_TEXT;
    }
    for (size_t i = 0; i < xml->text_len; i++) {
        if (!is_space(start[i])) {
            return bad(xml);
        }
    }
    *skip = true;
    return WEIR_XML_TEXT;
}

static enum weir_xml_event read_special(struct weir_xml *xml, bool *skip)
{
    const char *start = xml->p, *at;

    if (starts(xml, "<![CDATA[") && xml->depth > 0) {
        start += 9;
        xml->p = start;
        if (!skip_past(xml, "]]>", &at)) {
            return bad(xml);
        }
        xml->text = start;
        xml->text_len = (size_t)(at - start);
        xml->cdata = true;
        return WEIR_XML_TEXT;
    }
    if (starts(xml, "<!--")) {
        xml->p += 4;
        *skip = skip_past(xml, "-->", &at);
    } else if (starts(xml, "<?")) {
        *skip = skip_past(xml, "?>", &at);
    }
    return *skip ? WEIR_XML_TEXT : bad(xml); /* a DOCTYPE ends here, too */
}

enum weir_xml_event weir_xml_next(struct weir_xml *xml)
{
    if (xml->leave) {
        xml->leave = false;
        xml->depth--;
    }
    if (xml->closing) {
        xml->closing = false;
        xml->leave = true;
        xml->name = xml->open[xml->depth - 1];
        return WEIR_XML_CLOSE;
    }
    for (;;) {
        bool skip = false;
        enum weir_xml_event event;

        if (xml->end == NULL) {
            return WEIR_XML_BAD;
        }
        if (xml->p == xml->end) {
            return xml->depth == 0 && xml->rooted ? WEIR_XML_END : bad(xml);
        }
        if (*xml->p != '<') {
            event = read_text(xml, &skip);
        } else if (starts(xml, "</")) {
            event = read_close(xml);
        } else if (starts(xml, "<!") || starts(xml, "<?")) {
            event = read_special(xml, &skip);
        } else {
            event = read_open(xml);
        }
        if (!skip) {
            return event;
        }
    }
}

bool weir_xml_at(const struct weir_xml *xml, const char *path)
{
    for (size_t i = 0; i < xml->depth; i++) {
        size_t n = strcspn(path, "/");
        if (xml->open[i].len != n || memcmp(xml->open[i].p, path, n) != 0) {
            return false;
        }
        path += n;
        if (*path == '/') {
            path++;
        } else if (i + 1 < xml->depth) {
            return false;
        }
    }
    return xml->depth > 0 && *path == '\0';
}

/* A character as UTF-8; 0 for one that XML does not allow. */
static size_t put_utf8(uint32_t c, char to[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) || c == 0xFFFE || c == 0xFFFF ||
        (c < 0x20 && c != '\t' && c != '\n' && c != '\r')) {
        return 0;
    }
    return weir_utf8_put(c, to);
}

/* The value of "#65" or "#x41"; 0 when it is no number (which is no character either). */
static uint32_t parse_number(const char *p, size_t n)
{
    uint32_t base = 10, value = 0;

    if (n > 0 && *p == 'x') {
        base = 16;
        p++;
        n--;
    }
    if (n == 0 || n > 8) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        int digit = weir_hex_digit(p[i]);
        if (digit < 0 || (uint32_t)digit >= base) {
            return 0;
        }
        value = value * base + (uint32_t)digit; /* 8 digits fit */
    }
    return value;
}

/* What is between '&' and ';'. Returns the bytes written, 0 when it is no entity. */
static size_t decode_entity(const char *p, size_t n, char to[4])
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

    if (n > 1 && p[0] == '#') {
        uint32_t c = parse_number(p + 1, n - 1);
        return c == 0 ? 0 : put_utf8(c, to);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].name) == n && memcmp(p, names[i].name, n) == 0) {
            to[0] = names[i].c;
            return 1;
        }
    }
    return 0;
}

long weir_xml_decode(const struct weir_xml *xml, char *to, size_t size)
{
    const char *p = xml->text, *end = p + xml->text_len;
    size_t len = 0;

    while (p < end) {
        char c[4] = {*p};
        size_t n = 1;
        if (*p == '\0') {
            return -1;
        }
        if (*p == '&' && !xml->cdata) {
            const char *semi = memchr(p, ';', (size_t)(end - p));
            n = semi != NULL ? decode_entity(p + 1, (size_t)(semi - p) - 1, c) : 0;
            if (n == 0) {
                return -1;
            }
            p = semi;
        }
        p++;
        if (n >= size - len) { /* the NUL needs its byte */
            return -1;
        }
        memcpy(to + len, c, n);
        len += n;
    }
    if (len == size) {
        return -1;
    }
    to[len] = '\0';
    return (long)len;
}

bool weir_xml_root(const char *p, size_t len, const char *name)
{
    struct weir_xml xml;
    enum weir_xml_event event;
    bool found = false;

    weir_xml_init(&xml, p, len);
    while ((event = weir_xml_next(&xml)) < WEIR_XML_END) {
        found = found || (event == WEIR_XML_OPEN && weir_xml_at(&xml, name));
    }
    return event == WEIR_XML_END && found;
}

bool weir_xml_find(const char *p, size_t len, const char *path, char *to, size_t size)
{
    struct weir_xml xml;
    enum weir_xml_event event;
    size_t used = 0;

    weir_xml_init(&xml, p, len);
    to[0] = '\0';
    while ((event = weir_xml_next(&xml)) < WEIR_XML_END) {
        if (!weir_xml_at(&xml, path)) {
            continue;
        }
        if (event == WEIR_XML_CLOSE) {
            return true;
        }
        if (event == WEIR_XML_TEXT) { /* in pieces when there is CDATA or a comment in it */
            long n = weir_xml_decode(&xml, to + used, size - used);
            if (n < 0) {
                break;
            }
            used += (size_t)n;
        }
    }
    to[0] = '\0';
    return false;
}
