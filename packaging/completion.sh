# shellcheck shell=bash disable=SC2154 # _weir_verbs is of the tables
# What is offered for a word of a command line, by the tables of packaging/completion.awk. It needs no other package.

# _weir_offer WORD KIND: what WORD may become
_weir_offer() {
    case $2 in
    '') ;;
    :file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
    :folder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$1") ;;
    :program) mapfile -t COMPREPLY < <(compgen -c -- "$1") ;;
    :verb) mapfile -t COMPREPLY < <(compgen -W "$_weir_verbs" -- "$1") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1") ;;
    esac
}

_weir() {
    local verb=${COMP_WORDS[1]-} word=${COMP_WORDS[COMP_CWORD]} option='' kind argument i
    COMPREPLY=()
    if [ "$COMP_CWORD" -le 1 ]; then
        _weir_offer "$word" "$_weir_verbs --help --version"
        return
    fi
    argument=$(_weir_argument "$verb")
    # What follows "--" is no option, and a program's arguments are files to us.
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            [ "$i" -eq $((COMP_CWORD - 1)) ] || argument=:file
            _weir_offer "$word" "$argument"
            return
        fi
    done
    # Bash breaks --option=value into three.
    option=${COMP_WORDS[COMP_CWORD - 1]}
    if [ "$word" = = ]; then
        word=''
    elif [ "$option" = = ]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if kind=$(_weir_value "$verb" "$option"); then
        _weir_offer "$word" "$kind"
    elif [[ $word == -* ]]; then
        _weir_offer "$word" "$(_weir_options "$verb")"
    elif [ "$argument" != :program ]; then
        _weir_offer "$word" "$argument"
    fi
}

complete -F _weir weir
