# What start.sh and test.sh share. On a bare Debian, as root, what is missing is
# installed; elsewhere it is named.

say() {
    printf '== %s\n' "$*"
}

# packages NAME...: have these Debian packages, where this is Debian and we are root.
packages() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    missing=""
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "these Debian packages are missing:$missing"
        return 0
    fi
    say "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $missing >/dev/null
}

# venv: have a virtual environment in .venv, of Python 3.11 or later.
venv() {
    [ -x .venv/bin/python ] && return 0
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
        then
            # Debian keeps what venv needs in a package of its own.
            "$python" -c 'import ensurepip, venv' 2>/dev/null || packages python3-venv
            "$python" -m venv .venv
            return 0
        fi
    done
    say "Python 3.11 or later is needed, and was not found"
    return 1
}
