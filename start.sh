#!/bin/sh
# Install tlsmith into .venv, make a certificate for localhost, have this machine trust
# the local CA, and prove it with real clients. Run again, it changes nothing.
set -eu
cd "$(dirname "$0")"

. ./setup.sh

venv
if [ ! -x .venv/bin/tlsmith ]; then
    say "installing tlsmith into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check .
fi
packages ca-certificates
say "making a certificate for localhost"
.venv/bin/tlsmith make localhost 127.0.0.1 ::1 --if-needed
say "trusting the local CA"
.venv/bin/tlsmith trust install
say "asking real clients"
# With the variables for those that bring roots of their own, such as pip and Node. One
# that rejects is a finding, with what mends it, and no failure of this script.
.venv/bin/tlsmith run -- .venv/bin/tlsmith trust status || [ $? = 1 ]
