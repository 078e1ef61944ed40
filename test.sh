#!/bin/sh
# Install what the tests need, and run all of them: style, types, floors, tests.
set -eu
cd "$(dirname "$0")"

. ./setup.sh

# What judges what we make: each is another implementation, or a client people use.
packages ca-certificates curl wget git openssl gnutls-bin libnss3-tools golang-go \
    default-jdk-headless ca-certificates-java p11-kit p11-kit-modules debootstrap nodejs mkcert

venv
say "installing tlsmith and what its tests need into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[all,test]'

say "style"
.venv/bin/ruff format --check --quiet .
.venv/bin/ruff check --quiet .
say "types"
.venv/bin/mypy
say "floors"
.venv/bin/lint-imports --no-cache
say "tests"
exec .venv/bin/python -m pytest -n 2 --cov --cov-report=term "$@"
