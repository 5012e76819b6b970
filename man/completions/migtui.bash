# bash completion of migtui; made by: migtui completion bash

_migtui_environments() {
    migtui config show 2>/dev/null | sed -n 's/^environments\.\([^. ]*\)\.name .*/\1/p'
}

_migtui() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case " $_migtui_commands " in *" $word "*) command=$word; break ;; esac
    done
    case $prev in
        --config | -c) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --format) COMPREPLY=($(compgen -W 'text json ndjson' -- "$cur")); return ;;
        --timeout) COMPREPLY=(); return ;;
        --operator) COMPREPLY=(); return ;;
        --env | -e) COMPREPLY=($(compgen -W "$(_migtui_environments)" -- "$cur")); return ;;
        --to) COMPREPLY=(); return ;;
        --count | -n) COMPREPLY=(); return ;;
        --run) COMPREPLY=(); return ;;
        --plan) COMPREPLY=(); return ;;
        --out | -o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --confirm-text) COMPREPLY=(); return ;;
        --confirm) COMPREPLY=(); return ;;
        --reason | -m) COMPREPLY=(); return ;;
        --ticket) COMPREPLY=(); return ;;
        --limit | -l) COMPREPLY=(); return ;;
        --id) COMPREPLY=(); return ;;
        --script) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --say) COMPREPLY=(); return ;;
        --signed-text) COMPREPLY=(); return ;;
        --key) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --anchor) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --method) COMPREPLY=($(compgen -W 'archive mongodump exec' -- "$cur")); return ;;
        --into) COMPREPLY=(); return ;;
    esac
    local words=' --config --format --quiet --no-color --timeout --operator --help'
    case $command in
        '') words="$_migtui_commands$words" ;;
        init) words="$words" ;;
        new) words="$words" ;;
        verify-dir) words=" --write$words" ;;
        console) words=" --readonly --ascii --plain --script --say$words" ;;
        status) words=" --env --exit-code$words" ;;
        diff) words="$(_migtui_environments)$words" ;;
        plan) words=" --env --out --to --count --down --undo --resume --run$words" ;;
        apply) words="$(compgen -f -- "$cur") --env --yes --plan --confirm-text --confirm --take-over --break-glass --reason --ticket --to --count --detach$words" ;;
        rollback) words=" --env --yes --plan --confirm-text --confirm --take-over --break-glass --reason --ticket --to --count --run --detach$words" ;;
        resume) words=" --env --yes --plan --confirm-text --confirm --take-over --break-glass --reason --ticket --detach$words" ;;
        recover) words=" --env --yes --plan --confirm-text --confirm --take-over --break-glass --reason --ticket --undo --resume --detach$words" ;;
        mark) words=" --env --reason --yes --confirm-text$words" ;;
        gate) words="$(compgen -f -- "$cur") --env --to --count --down --run --undo --resume --accept-drift --reason --confirm-text --yes$words" ;;
        drift) words=" --env$words" ;;
        request) words="$(compgen -f -- "$cur") --env --reason --ticket --plan --to --count --down --run --undo --resume --key$words" ;;
        requests) words=" --env --limit --signed-text --key$words" ;;
        approve) words=" --env --reason --key --yes$words" ;;
        reject) words=" --env --reason$words" ;;
        withdraw) words=" --env --reason$words" ;;
        promote) words=" --env --yes --plan --confirm-text --confirm --take-over --break-glass --reason --ticket --detach --key$words" ;;
        glass) words="close --env --reason --key --limit$words" ;;
        runs) words=" --env --limit$words" ;;
        log) words=" --env --follow$words" ;;
        attach) words=" --env$words" ;;
        stop) words=" --env$words" ;;
        history) words=" --env --limit$words" ;;
        audit) words="list verify export --env --limit --out --anchor$words" ;;
        backup) words="list take verify inspect drill prune --env --method --no-verify --reason --ticket --detach --limit --yes --confirm-text$words" ;;
        restore) words="$(compgen -f -- "$cur") --env --into --yes --confirm-text --reason --ticket --detach$words" ;;
        doctor) words=" --env$words" ;;
        config) words="show check --origin$words" ;;
        schema) words="migration status plan events$words" ;;
        completion) words="bash zsh fish$words" ;;
        demo) words=" --headless --keep$words" ;;
        version) words="$words" ;;
        help) words="$_migtui_commands$words" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

_migtui_commands='init new verify-dir console status diff plan apply rollback resume recover mark gate drift request requests approve reject withdraw promote glass runs log attach stop history audit backup restore doctor config schema completion demo version help'
complete -F _migtui migtui
