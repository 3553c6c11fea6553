# The manual page of a verb, of what its --help prints:
#
#   awk -v verb=cp -v version=0.1.0 -f packaging/man.awk cli/help/weir.txt cli/help/cp.txt >weir-cp.1
#
# With weir.txt once more in the second place, and no verb, it is weir.1. How such a text is written, in 80 columns:
#
#   usage: ...                    and more lines of it, indented
#
#   A paragraph.
#
#   a heading:                    in lower case; there is none before the first options
#     -o, --out OUT  a text       an option, or another item: a term, two blanks, a text; lines that go on are
#                    that goes on indented further
#         --long-one A|B|C        a term that is too long has its line. What is written in lower case between bars is meant as
#                    a text       it is, what is in upper case stands for something; the last words tell the default
#       weir cp ...               four blanks: as it is
#
# "examples:" and "exit status:" are the last headings.

FNR == NR { # the table of verbs: what each one does, in a line
    if (match($0, /^  [a-z-]+  +/) && substr($0, 1, 6) != "      ")
        summary[$1] = substr($0, RLENGTH + 1)
    next
}
{ line[++n] = $0 }

# What roff would read as something else, and hyphens that can be copied.
function plain(s) {
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    return s
}

# A line of text, in which options and what stands between ` are bold.
function prose(s,    out, word) {
    while (match(s, /`[^`]+`|(^|[ (])--?[a-z][a-z0-9-]*/)) {
        word = substr(s, RSTART, RLENGTH)
        out = out plain(substr(s, 1, RSTART - 1))
        s = substr(s, RSTART + RLENGTH)
        if (word ~ /^`/)
            word = substr(word, 2, length(word) - 2)
        else if (word ~ /^[ (]/) {
            out = out substr(word, 1, 1)
            word = substr(word, 2)
        }
        out = out "\\fB" plain(word) "\\fR"
    }
    return begin(out plain(s))
}

# No line of text is a request.
function begin(s) { return s ~ /^[.']/ ? "\\&" s : s }

# An option: flags and words are bold, what stands for something is italic.
function option(term,    parts, count, i, comma, words, m, k, out) {
    count = split(term, parts, " ")
    for (i = 1; i <= count; i++) {
        out = out (i > 1 ? " " : "")
        if (parts[i] ~ /^-/) {
            comma = sub(/,$/, "", parts[i]) ? "," : ""
            out = out "\\fB" plain(parts[i]) "\\fR" comma
            continue
        }
        m = split(parts[i], words, "|")
        for (k = 1; k <= m; k++)
            out = out (k > 1 ? "|" : "") (words[k] ~ /^[A-Z]/ ? "\\fI" : "\\fB") plain(words[k]) "\\fR"
    }
    return out
}

function item(i,    indent, term, text) {
    indent = match(line[i], /[^ ]/) - 1
    term = substr(line[i], indent + 1)
    if (match(term, /  +/)) {
        text = substr(term, RSTART + RLENGTH)
        term = substr(term, 1, RSTART - 1)
    }
    print ".TP"
    if (heading == "verbs")
        print "\\fBweir\\-" plain(term) "\\fR(1)"
    else
        print term ~ /^-./ ? option(term) : "\\fB" plain(term) "\\fR"
    if (text != "")
        print prose(text)
}

function is_item(s) { return s ~ /^  [^ ]/ || s ~ /^      --/ }
function is_option(s) { return s ~ /^  -[^ ]/ || s ~ /^      --/ }
function is_literal(s) { return s ~ /^    [^ ]/ }

END {
    name = verb == "" ? "weir" : "weir-" verb
    what = verb == "" ? "data that flows, validated, copied, packed and relayed" : summary[verb]
    if (what == "") {
        print "man.awk: the table of verbs has no " verb >"/dev/stderr"
        exit 1
    }
    print ".\\\" Made from what `weir --help` prints."
    print ".TH " toupper(name) " 1 \"\" \"weir " version "\" \"weir\""
    print ".nh"
    print ".ad l"
    print ".SH NAME"
    print plain(name) " \\- " plain(what)
    print ".SH SYNOPSIS"
    print ".nf"
    for (i = 1; line[i] != ""; i++)
        print plain(substr(line[i], 8))
    print ".fi"
    print ".SH DESCRIPTION"
    for (i++; i <= n; i++) {
        if (line[i] == "") {
            if (i < n && line[i + 1] !~ /^ / && line[i + 1] !~ /:$/)
                print ".PP"
            continue
        }
        if (line[i] ~ /^[a-z].*:$/ && line[i + 1] ~ /^ /) {
            heading = substr(line[i], 1, length(line[i]) - 1)
            if (is_option(line[i + 1]))
                print ".SS " prose(heading)
            else
                print ".SH " plain(toupper(heading))
            continue
        }
        if (is_option(line[i]) && !options) {
            options = 1
            print ".SH OPTIONS"
        }
        if (is_literal(line[i])) {
            if (line[i - 1] == "")
                print ".PP"
            print ".nf"
            print ".RS 4"
            for (; is_literal(line[i]); i++)
                print begin(plain(substr(line[i], 5)))
            i--
            print ".RE"
            print ".fi"
        } else if (is_item(line[i]))
            item(i)
        else {
            text = line[i]
            sub(/^ +/, "", text)
            print prose(text)
        }
    }
    print ".SH SEE ALSO"
    if (verb == "")
        print "\\fBweir\\-help\\fR(1); each verb has a page of its own."
    else
        print "\\fBweir\\fR(1)"
}
