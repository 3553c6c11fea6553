#include "schema/ecma.h"

/*
 * The names that \p{...} takes (ECMA-262, tables 69 to 71), exactly as they are written there.
 * PCRE2 knows most of them; it takes them in any case and with any _ left out, which ECMA-262 does
 * not.
 */

/* General categories: the short name, then its long ones. */
static const char *const categories[][4] = {{"C", "Other"}, {"Cc", "Control", "cntrl"},
    {"Cf", "Format"}, {"Cn", "Unassigned"}, {"Co", "Private_Use"}, {"Cs", "Surrogate"},
    {"L", "Letter"}, {"LC", "Cased_Letter"}, {"Ll", "Lowercase_Letter"}, {"Lm", "Modifier_Letter"},
    {"Lo", "Other_Letter"}, {"Lt", "Titlecase_Letter"}, {"Lu", "Uppercase_Letter"},
    {"M", "Mark", "Combining_Mark"}, {"Mc", "Spacing_Mark"}, {"Me", "Enclosing_Mark"},
    {"Mn", "Nonspacing_Mark"}, {"N", "Number"}, {"Nd", "Decimal_Number", "digit"},
    {"Nl", "Letter_Number"}, {"No", "Other_Number"}, {"P", "Punctuation", "punct"},
    {"Pc", "Connector_Punctuation"}, {"Pd", "Dash_Punctuation"}, {"Pe", "Close_Punctuation"},
    {"Pf", "Final_Punctuation"}, {"Pi", "Initial_Punctuation"}, {"Po", "Other_Punctuation"},
    {"Ps", "Open_Punctuation"}, {"S", "Symbol"}, {"Sc", "Currency_Symbol"},
    {"Sk", "Modifier_Symbol"}, {"Sm", "Math_Symbol"}, {"So", "Other_Symbol"}, {"Z", "Separator"},
    {"Zl", "Line_Separator"}, {"Zp", "Paragraph_Separator"}, {"Zs", "Space_Separator"}};

/* Binary properties. */
static const char *const binary[] = {"ASCII", "ASCII_Hex_Digit", "AHex", "Alphabetic", "Alpha",
    "Any", "Bidi_Control", "Bidi_C", "Bidi_Mirrored", "Bidi_M", "Case_Ignorable", "CI", "Cased",
    "Changes_When_Casefolded", "CWCF", "Changes_When_Casemapped", "CWCM", "Changes_When_Lowercased",
    "CWL", "Changes_When_NFKC_Casefolded", "CWKCF", "Changes_When_Titlecased", "CWT",
    "Changes_When_Uppercased", "CWU", "Dash", "Default_Ignorable_Code_Point", "DI", "Deprecated",
    "Dep", "Diacritic", "Dia", "Emoji", "Emoji_Component", "EComp", "Emoji_Modifier", "EMod",
    "Emoji_Modifier_Base", "EBase", "Emoji_Presentation", "EPres", "Extended_Pictographic",
    "ExtPict", "Extender", "Ext", "Grapheme_Base", "Gr_Base", "Grapheme_Extend", "Gr_Ext",
    "Hex_Digit", "Hex", "IDS_Binary_Operator", "IDSB", "IDS_Trinary_Operator", "IDST",
    "ID_Continue", "IDC", "ID_Start", "IDS", "Ideographic", "Ideo", "Join_Control", "Join_C",
    "Logical_Order_Exception", "LOE", "Lowercase", "Lower", "Math", "Noncharacter_Code_Point",
    "NChar", "Pattern_Syntax", "Pat_Syn", "Pattern_White_Space", "Pat_WS", "Quotation_Mark",
    "QMark", "Radical", "Regional_Indicator", "RI", "Sentence_Terminal", "STerm", "Soft_Dotted",
    "SD", "Terminal_Punctuation", "Term", "Unified_Ideograph", "UIdeo", "Uppercase", "Upper",
    "Variation_Selector", "VS", "White_Space", "space", "XID_Continue", "XIDC", "XID_Start",
    "XIDS"};

static bool starts_with(struct weir_str s, const char *with)
{
    size_t n = strlen(with);

    return s.len > n && memcmp(s.p, with, n) == 0;
}

static struct weir_str behind(struct weir_str s, const char *start)
{
    size_t n = strlen(start);

    return (struct weir_str){s.p + n, s.len - n};
}

static const char *category(struct weir_str name)
{
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        for (size_t k = 0; k < 4 && categories[i][k] != NULL; k++) {
            if (weir_str_eq(name, weir_str_of(categories[i][k]))) {
                return categories[i][0];
            }
        }
    }
    return NULL;
}

static bool word(struct weir_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char lower = (char)(s.p[i] | 0x20);
        if (!((lower >= 'a' && lower <= 'z') || s.p[i] == '_')) {
            return false;
        }
    }
    return s.len > 0;
}

const char *weir_ecma_property(struct weir_str name, struct weir_str *script)
{
    static const struct {
        const char *written, *pcre2;
    } scripts[] = {
        {"Script=", "sc="}, {"sc=", "sc="}, {"Script_Extensions=", "scx="}, {"scx=", "scx="}};
    static const char *const general[] = {"General_Category=", "gc="};

    *script = (struct weir_str){NULL, 0};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (starts_with(name, scripts[i].written)) {
            *script = behind(name, scripts[i].written);
            return word(*script) ? scripts[i].pcre2 : NULL;
        }
    }
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++) {
        if (starts_with(name, general[i])) {
            return category(behind(name, general[i]));
        }
    }
    for (size_t i = 0; i < sizeof binary / sizeof binary[0]; i++) {
        if (weir_str_eq(name, weir_str_of(binary[i]))) {
            return binary[i];
        }
    }
    return category(name);
}
