# fish completion for ksail: asks the program itself, which answers from its command table.
function __ksail_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l directive
    for line in (command $words[1] __complete $words[2..-1] 2>/dev/null)
        switch $line
            case ':*'
                set directive (string sub -s 2 -- $line)
            case '*'
                echo $line
        end
    end
    switch "$directive"
        case files
            __fish_complete_path (commandline -ct)
        case directories
            __fish_complete_directories (commandline -ct)
    end
end
complete -c ksail -f -a '(__ksail_complete)'
