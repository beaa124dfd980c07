#!/bin/sh
# install.sh SET: bring .venv to requirements/SET.lock (run, dev, browser, bench). Called by make; needs only Python and a shell.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
set_name=$1

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

make_venv() {
    command -v "$python" >/dev/null || fail "$python: not found. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv), or say which: make PYTHON=/path/to/python3"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$python is Python $(version_of "$python"); Sightline needs 3.11 or newer. Name another one: make PYTHON=python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments: its package 'python3-venv' is missing." \
            "Install it (Debian, Ubuntu: apt install python3-venv), then run the same make command again."
    printf 'Sightline: making .venv with Python %s\n' "$(version_of "$python")"
    "$python" -m venv .venv
}

[ "$set_name" != dev ] || command -v curl >/dev/null ||
    fail "curl: not found. The tests run the examples of the pages, and some of these call it." \
        "Install it (Debian, Ubuntu: apt install curl), then run the same make command again."
[ -x .venv/bin/python ] || make_venv
printf 'Sightline: installing requirements/%s.lock (once)\n' "$set_name"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$set_name.lock"
# The package itself, from this checkout; its build tools are in run.lock, so nothing is resolved.
[ "$set_name" != run ] ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
touch ".venv/$set_name.stamp"
