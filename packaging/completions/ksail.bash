# bash completion for ksail: asks the program itself, which answers from its command table.
_ksail() {
  local line directive='' word
  # With COMP_WORDBREAKS as it is by default, "--name=x" is three words: put them together again.
  local -a words=()
  local i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == '=' && ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then
      words[-1]+='='
    elif [[ ${#words[@]} -gt 0 && ${words[-1]} == --*= && ${COMP_WORDS[i - 1]} == '=' ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  local current=${words[-1]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
    :*) directive=${line#:} ;;
    *)
      word=${line%%$'\t'*}
      # Readline replaces only what follows the "=".
      [[ $current == --*=* ]] && word=${word#*=}
      COMPREPLY+=("$word")
      ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  local prefix=$current
  [[ $current == --*=* ]] && prefix=${current#*=}
  case $directive in
  files) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$prefix"); compopt -o filenames 2>/dev/null ;;
  directories) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$prefix"); compopt -o filenames 2>/dev/null ;;
  esac
  return 0
}
complete -F _ksail ksail ./ksail
