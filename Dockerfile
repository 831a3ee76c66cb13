# The emulator as an image: non-root, nothing to write but /tmp and /data, no build tools (docs/how-to/docker.md).
# Both stages take the same base, because a virtual environment is tied to its interpreter. It must have Python 3.11
# or newer with pip and venv.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
# Extras of pyproject.toml to install as well, with commas: `sandbox` brings matplotlib and numpy for code that is run,
# `entra` what signs and checks access tokens, `tls` what makes a certificate, `many-fixtures` what finds thousands.
ARG EXTRAS=
WORKDIR /src
COPY pyproject.toml constraints.txt ./
# The dependencies come first, so that a change of the code does not fetch them again. The secret is a bundle of
# certificates for builds behind a proxy that signs with its own; without it nothing changes.
RUN --mount=type=secret,id=ca,target=/run/secrets/ca,required=false \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca; fi; \
    EXTRAS="${EXTRAS}" python3 -c 'import os, tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
extras = [project["optional-dependencies"][name] for name in os.environ["EXTRAS"].split(",") if name]; \
print(*sum(extras, project["dependencies"]), sep="\n")' \
        > /tmp/requirements.txt \
    && python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir -c constraints.txt hatchling \
    && python3 -m venv --without-pip /opt/emulator \
    && /opt/build/bin/pip --python /opt/emulator/bin/python install --no-cache-dir --no-compile \
        -c constraints.txt -r /tmp/requirements.txt
COPY README.md LICENSE ./
COPY emulator emulator
# The bytecode is made here and never checked against its source again: the root may be read-only, and a start that
# compiles is a slow one.
RUN /opt/build/bin/hatchling build -t wheel -d /dist \
    && /opt/build/bin/pip --python /opt/emulator/bin/python install --no-cache-dir --no-compile --no-deps --no-index \
        /dist/*.whl \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/emulator/lib

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
# The version of emulator/__init__.py; tests/image compares the two.
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="responses-emulator" \
      org.opencontainers.image.description="A local, offline emulator of the Azure OpenAI and OpenAI Responses API for tests." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
# Group 0 owns what is written, so that any user id works as long as its group is 0 (as OpenShift starts it).
RUN mkdir -p /data /fixtures && chown 10001:0 /data /fixtures && chmod 2775 /data /fixtures
COPY --from=build /opt/emulator /opt/emulator
ENV PATH=/opt/emulator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    EMULATOR_HOST=0.0.0.0 \
    EMULATOR_FIXTURES=/fixtures
WORKDIR /data
USER 10001:0
EXPOSE 9110
STOPSIGNAL SIGTERM
# The first check comes one interval after the start, so the interval is how long a waiting job waits. There is no
# start period: newer engines would check only every five seconds in it.
HEALTHCHECK --interval=2s --timeout=6s --retries=15 CMD ["responses-emulator", "readyz"]
ENTRYPOINT ["responses-emulator"]
CMD ["serve"]
