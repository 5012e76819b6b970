# shellcheck shell=bash
# Functions that the scripts share; sourced, never run. Sets `root`, the top of the tree, and `venv`, the folder
# of the Python packages (in build/, or in $MIGTUI_CACHE where several trees share one).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${MIGTUI_CACHE:-$root/build}/venv

# fail TEXT…: says it on standard error and ends the script.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}


# Prints what is missing of the groups "$@" of packages.txt; of alternatives, the first that apt knows.
missing_packages() {
    local installed group packages package
    installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n')
    while read -r group packages; do
        [[ " $* " == *" $group "* ]] || continue
        for package in ${packages//|/ }; do
            grep -qxF "installed $package" <<<"$installed" && continue 2
        done
        echo "$packages"
    done < <(grep -v '^#' "$root/scripts/packages.txt")
}

# need_packages GROUP…: installs the Debian packages of the groups that are missing. Without a missing one it
# runs no apt at all, so a second run works offline.
need_packages() {
    command -v dpkg-query >/dev/null || return 0 # another system: its own packages, found by pkg-config
    local missing packages package chosen=() as_root=()
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || as_root=(sudo)
    echo "installing ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq >&2
    for packages in "${missing[@]}"; do
        for package in ${packages//|/ }; do
            if apt-cache show "$package" >/dev/null 2>&1; then
                chosen+=("$package")
                continue 2
            fi
        done
        fail "no package $packages is to be had; see scripts/packages.txt"
    done
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "${chosen[@]}" >&2
}

# need_server: makes the Python environment with the test server and the test side's driver, when it isn't
# there or requirements.txt has changed. Every package is checked against its hash.
need_server() {
    local stamp
    stamp=$(sha256sum <"$root/scripts/requirements.txt")
    has_server "$stamp" && return
    need_packages server
    mkdir -p "${venv%/*}"
    (
        flock 9
        has_server "$stamp" && exit # another script made it meanwhile
        echo "making the Python environment of the tests" >&2
        python3 -m venv --clear "$venv" >&2 &&
            "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
                --requirement "$root/scripts/requirements.txt" >&2 &&
            echo "$stamp" >"$venv/made-from"
    ) 9>"$venv.lock"
}

has_server() {
    [[ -f $venv/made-from && $(<"$venv/made-from") == "$1" ]] && "$venv/bin/python3" -c '' 2>/dev/null
}
