# The invalid rows of a validated file: row number, first column, errors, tab-separated; on awk alone (mawk will do).
# A record goes on while its quotes are odd in number; only records that may be invalid are taken apart.
{
    record = open ? record "\n" $0 : $0
    quotes += gsub(/"/, "\"")
    open = quotes % 2
    if (open) next
    if (rows_seen++ > 0 && index(record, ",false,")) invalid_row(rows_seen - 1, record)
    quotes = 0
}
END { if (open) exit 1 }

function invalid_row(number, text,    n, pos, rest, field, first, valid, last) {
    n = 0
    pos = 1
    while (pos <= length(text) + 1) {
        rest = substr(text, pos)
        if (substr(rest, 1, 1) == "\"") {
            match(rest, /^"([^"]|"")*"/)
            field = substr(rest, 2, RLENGTH - 2)
            gsub(/""/, "\"", field)
            pos += RLENGTH + 1
        } else {
            match(rest, /^[^,]*/)
            field = substr(rest, 1, RLENGTH)
            pos += RLENGTH + 1
        }
        if (n++ == 0) first = field
        valid = last
        last = field
    }
    gsub(/[\t\n]/, " ", last)
    if (valid == "false") print number "\t" first "\t" last
}
