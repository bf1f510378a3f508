#!/usr/bin/env bash
# Installs the libraries of the protocols' servers, beside those servers and nowhere else, and runs the scenarios of
# scenarios/protocols against them. Needs node with npm, and python3; half a minute when all is there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-.venv/bin/python}
servers=tests/servers/protocols
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

[ -d "$servers/node_modules" ] || npm install --no-audit --no-fund --no-package-lock --loglevel=error --prefix "$servers"
[ -x "$servers/.venv/bin/python" ] || python3 -m venv "$servers/.venv"
"$servers/.venv/bin/pip" install --quiet --requirement "$servers/requirements.txt"
"$python" -m pytest -rs tests/integration/test_protocols.py "$@"
