#ifndef WEIR_CODEC_CHARSET_H
#define WEIR_CODEC_CHARSET_H

#include "core/err.h"
#include "stream/stage.h"

/*
 * Text of other encodings to UTF-8, before anything else looks at it. What is UTF-8 already needs
 * no stage.
 */
enum weir_charset {
    WEIR_CHARSET_UTF8,  /* no stage: bytes pass, and who reads them checks them */
    WEIR_CHARSET_AUTO,  /* a byte order mark of UTF-16 tells; else UTF-8 */
    WEIR_CHARSET_UTF16, /* the mark tells the order of bytes; little-endian without one */
    WEIR_CHARSET_UTF16LE,
    WEIR_CHARSET_UTF16BE,
    WEIR_CHARSET_LATIN1, /* ISO 8859-1 */
    WEIR_CHARSET_CP1252, /* Windows-1252; its five holes are control characters, as the WHATWG's
                          * Encoding Standard has it */
    WEIR_CHARSETS,
};

/** weir_charset_names: by enum weir_charset, ends with NULL: utf-8, auto, utf-16, utf-16le,
 *  utf-16be, latin-1, windows-1252. */
extern const char *const weir_charset_names[WEIR_CHARSETS + 1];

/**
 * weir_charset_new: a stage: text in that encoding in, UTF-8 out.
 *
 * A byte order mark comes out as U+FEFF. Half of a surrogate pair comes out as the three bytes that
 * it would have, which are not valid UTF-8: nothing is lost, and who checks finds them.
 *
 * charset  not WEIR_CHARSET_UTF8
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_NOMEM. The stage fails with WEIR_E_DATA when
 * UTF-16 ends in the middle of a unit, and when the mark is UTF-32's.
 */
int weir_charset_new(enum weir_charset charset, struct weir_stage *ret, struct weir_err *err);

#endif
