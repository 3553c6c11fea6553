#ifndef WEIR_AWS_XML_H
#define WEIR_AWS_XML_H

#include "core/limits.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The little XML that S3's answers need: a scanner over a whole document that yields elements and
 * texts, and two look-ups by path. It knows no DTD (a DOCTYPE is refused, so there is nothing to
 * expand), no namespaces (a prefix is skipped), checks that elements nest and that the root is
 * closed, and allocates nothing.
 */

enum weir_xml_event {
    WEIR_XML_OPEN,  /* name */
    WEIR_XML_TEXT,  /* text, still with its entities unless cdata is set */
    WEIR_XML_CLOSE, /* name */
    WEIR_XML_END,   /* the document is over, well-formed */
    WEIR_XML_BAD,   /* it is not */
};

struct weir_xml {
    const char *p, *end;  /* what is left */
    struct weir_str name; /* of the event */
    const char *text;
    size_t text_len;
    bool cdata;
    size_t depth; /* open elements, the one of an OPEN or CLOSE event counted */
    bool closing; /* <a/>: the CLOSE is next */
    bool leave;   /* the last event was a CLOSE */
    bool rooted;  /* the root was seen */
    struct weir_str open[WEIR_S3_XML_DEPTH_MAX];
};

/** weir_xml_init: scan a document; it outlives the scanner. */
void weir_xml_init(struct weir_xml *xml, const char *p, size_t len);

/** weir_xml_next: the next event. After WEIR_XML_END and WEIR_XML_BAD it stays there. */
enum weir_xml_event weir_xml_next(struct weir_xml *xml);

/** weir_xml_at: is the open element the one of a path from the root, as "Error/Code"? */
bool weir_xml_at(const struct weir_xml *xml, const char *path);

/**
 * weir_xml_decode: a text event's text with its entities replaced (the five of XML, and numbers).
 *
 * to, size  receives the text and a NUL
 *
 * Returns its length, or -1 when it does not fit, has an entity that is none, or a character that
 * XML or a C string does not allow.
 */
long weir_xml_decode(const struct weir_xml *xml, char *to, size_t size);

/** weir_xml_root: is the whole document well-formed, with a root of this name? */
bool weir_xml_root(const char *p, size_t len, const char *name);

/**
 * weir_xml_find: the text of the first element at a path, as "Error/Code".
 *
 * Returns true with the text in to (cut to nothing, and false, when it does not fit). What follows
 * the element is not looked at: an error's code is worth having from a broken document.
 */
bool weir_xml_find(const char *p, size_t len, const char *path, char *to, size_t size);

#endif
