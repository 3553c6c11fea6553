# What packaging/completion.sh looks up, of what the verbs' --help prints (packaging/man.awk says how that is written):
#
#   awk -f packaging/completion.awk cli/help/*.txt
#
# _weir_verbs, and three functions. _weir_options VERB: its options. _weir_value VERB OPTION: what follows it, as words, :file or
# :folder; nothing where only the user knows; 1 where nothing follows. _weir_argument VERB: the same for what is no option.

function kind(name) {
    sub(/\..*$/, "", name)
    if (name ~ /^(FILE|PATH|IN|OUT|SCHEMA|SRC|DST|EVENT|FORM)$/) return ":file"
    return name == "DIR" ? ":folder" : ""
}

# What an option's value may be: the words of A|word|word, or what A stands for.
function value(text,    words, count, i, out) {
    count = split(text, words, "|")
    for (i = 1; i <= count; i++)
        out = out (out == "" ? "" : " ") (words[i] ~ /^[A-Z]/ ? kind(words[i]) : words[i])
    sub(/ +$/, "", out)
    return out
}

FNR == 1 {
    verb = FILENAME
    sub(/.*\//, "", verb)
    sub(/\.txt$/, "", verb)
    if (verb != "weir") {
        verbs = verbs (verbs == "" ? "" : " ") verb
        options[verb] = ""
    }
}

# An argument of its own: in upper case, and not what an option or "--" is followed by.
FNR == 1 && verb != "weir" {
    for (i = 4; i <= NF; i++) {
        name = $i
        gsub(/\.\.\.$/, "", name)
        if ($(i - 1) !~ /^-/ && kind(name) != "" && argument[verb] == "")
            argument[verb] = kind(name)
    }
    if (verb == "help")
        argument[verb] = ":verb"
    else if ($0 ~ / -- PROGRAM/)
        argument[verb] = ":program"
}

verb != "weir" && /^(  -[a-z], |      )--/ {
    text = substr($0, match($0, /-/))
    sub(/  .*$/, "", text)
    count = split(text, words, " ")
    follows = words[count] ~ /^-/ ? "return 1" : "echo '" value(words[count]) "'"
    patterns = ""
    for (i = 1; i <= count && words[i] ~ /^-/; i++) {
        sub(/,$/, "", words[i])
        options[verb] = options[verb] words[i] " "
        patterns = patterns (patterns == "" ? "" : " | ") "'" verb " " words[i] "'"
    }
    values = values "    " patterns ") " follows " ;;\n"
}

END {
    count = split(verbs, names, " ")
    print "# bash completion for weir(1), made from what `weir VERB --help` prints."
    print "_weir_verbs='" verbs "'"
    print "_weir_options() {\n    case $1 in"
    for (i = 1; i <= count; i++)
        print "    " names[i] ") echo '" options[names[i]] "--help' ;;"
    print "    esac\n}"
    print "_weir_value() {\n    case \"$1 $2\" in\n" values "    *) return 1 ;;\n    esac\n}"
    print "_weir_argument() {\n    case $1 in"
    for (i = 1; i <= count; i++)
        if (argument[names[i]] != "")
            print "    " names[i] ") echo '" argument[names[i]] "' ;;"
    print "    esac\n}"
}
