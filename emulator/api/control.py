"""The emulator's own endpoints under `/_emulator`: is it alive, is it ready, what is it; they show no secret."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

import emulator
from emulator.api.call import answer, call_of
from emulator.api.openapi import PATH as OPENAPI
from emulator.api.wire import wire_faults_available
from emulator.core.clock import monotonic


async def livez(_: Request) -> Response:
    """GET /_emulator/livez: the loop turns."""
    return answer({"status": "alive"})


async def readyz(request: Request) -> Response:
    """GET /_emulator/readyz: 200 once requests are served and the store answers, else 503 with what is not ready."""
    waiting = request.app.state.not_ready()
    status = "waiting" if waiting else "ready"
    return answer({"status": status, "waiting_for": waiting}, 503 if waiting else 200)


async def info(request: Request) -> Response:
    """GET /_emulator/info: version, settings (without keys) and the namespace that was asked."""
    namespace = call_of(request).namespace
    settings = namespace.settings
    shown: dict[str, Any] = {
        "name": "responses-emulator",
        "version": emulator.__version__,
        "uptime": round(monotonic() - request.app.state.started, 3),
        "namespace": namespace.name,
        "now": namespace.clock.now(),
        "fixtures": len(namespace.fixtures),
        "webhooks": len(namespace.webhooks),
        "wire_faults": wire_faults_available(request.scope),
        "openapi": request.scope["root_path"] + OPENAPI,
        "settings": {
            "validation": settings.validation,
            "region": settings.region,
            "retention": settings.retention,
            "stream_every": settings.stream_every,
            "deployments": settings.deployments,
            "api_keys": f"{len(settings.api_keys)} configured" if settings.api_keys else "any",
            "entra": settings.entra,
            "tls": request.scope["scheme"] == "https",
            "store": "a file" if settings.db else "temporary",
        },
    }
    return answer(shown)
