#!/bin/sh
# Install what the tests need, and run all of them: style, types, floors, tests.
set -eu
cd "$(dirname "$0")"

. ./setup.sh

# What judges what we make: each is another implementation, or a client people use.
packages ca-certificates curl wget git openssl gnutls-bin libnss3-tools golang-go \
    default-jdk-headless ca-certificates-java p11-kit p11-kit-modules \
    debootstrap nodejs mkcert lynx ruby php-cli \
    php-curl libwww-perl liblwp-protocol-https-perl cargo chromium firefox-esr \
    zsh fish ksh busybox skopeo \
    postgresql softhsm2 opensc easy-rsa caddy haproxy nginx-light prometheus systemd \
    golang-github-smallstep-certificates-dev golang-github-smallstep-nosql-dev \
    jq uuid-runtime \
    pebble lego uacme dehydrated acme-tiny ruby-acme-client apache2 knot dnsmasq-base \
    bind9-dnsutils socat bsdextrautils golang-golang-x-crypto-dev
# Where Node is not Debian's own, npm came with it.
command -v npm >/dev/null 2>&1 || packages npm

venv
say "installing tlsmith and what its tests need into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[all,test]'

# Clients that Debian has not, or has in an older version.
more=.tlsmith-test
if command -v npm >/dev/null 2>&1 && [ ! -x $more/npm/node_modules/node/bin/node ]; then
    say "installing Node, Deno and Bun from npm"
    npm install --silent --no-audit --no-fund --prefix $more/npm node deno bun ||
        say "they could not be installed: they are not asked"
fi
sh tests/interop/acme/install.sh
if [ ! -x $more/new-pip/bin/pip ]; then
    say "installing a new pip"
    .venv/bin/python -m venv $more/new-pip
    $more/new-pip/bin/python -m pip install --quiet --upgrade pip
fi

say "style"
.venv/bin/ruff format --check --quiet .
.venv/bin/ruff check --quiet .
say "types"
.venv/bin/mypy
say "floors"
.venv/bin/lint-imports --no-cache
say "tests"
exec .venv/bin/python -m pytest -n 2 --cov --cov-report=term "$@"
