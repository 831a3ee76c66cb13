#!/usr/bin/env bash
# Run tests/sdk with another openai package: `bash tests/sdk/with_version.sh 2.8.1 [flags of pytest]`; `newest` is one too.
# It sets up .venv-openai-VERSION, which a second run takes as it is. PYTHON names the Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=${1:?usage: bash tests/sdk/with_version.sh VERSION [flags of pytest]}
shift
venv=.venv-openai-$version
wanted=openai==$version
if [ "$version" = newest ]; then wanted=openai; fi

if [ ! -e "$venv/.made" ] || [ pyproject.toml -nt "$venv/.made" ] || [ constraints.txt -nt "$venv/.made" ]; then
  echo "with_version: installing the project and $wanted into $venv" >&2
  "${PYTHON:-python3}" -m venv "$venv"
  echo '*' >"$venv/.gitignore"
  # Everything as it was tested, but for the client and what comes with it.
  grep -v '^openai==' constraints.txt >"$venv/constraints.txt"
  "$venv/bin/python" -m pip --disable-pip-version-check install -q --upgrade \
    -c "$venv/constraints.txt" -e '.[test]' "$wanted"
  touch "$venv/.made"
fi
"$venv/bin/python" -c 'import openai; print("with_version: openai", openai.__version__)' >&2
exec "$venv/bin/python" -m pytest tests/sdk "$@"
