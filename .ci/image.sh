#!/usr/bin/env bash
# Builds the image and tries it (tests/image). With the tool of the workshop beside the repository it starts an engine
# and takes the local base image, since no public one can be pulled there; elsewhere it is plain docker.
# More arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export IMAGE=${IMAGE:-responses-emulator:test}
tool=../shared/tools/docker-engine
flags=()
if [ -x "$tool" ]; then
  mkdir -p build
  exports=$("$tool" 2> >(tee build/docker-engine.log >&2))
  eval "$exports"
  # CI leaves nothing running that it started itself.
  if [ "${CI:-}" = true ] && grep -q 'starting dockerd' build/docker-engine.log; then trap '"$tool" stop' EXIT; fi
  flags=(--network host --build-arg BASE_IMAGE=local/python-base:bookworm)
  flags+=(--secret id=ca,src=/etc/ssl/certs/ca-certificates.crt)
fi
if ! docker info >/dev/null 2>&1; then
  echo "make image-test: there is no docker engine to be had" >&2
  exit 1
fi
make --no-print-directory image IMAGE_FLAGS="${IMAGE_FLAGS:-} ${flags[*]}"
make --no-print-directory image IMAGE="$IMAGE-sandbox" IMAGE_FLAGS="${IMAGE_FLAGS:-} ${flags[*]} --build-arg EXTRAS=sandbox"
IMAGE_UNDER_TEST=$IMAGE "${VENV:-.venv}/bin/python" -m pytest tests/image --capture=no "$@"
