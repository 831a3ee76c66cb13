"""The endpoints under `/models`: the table of deployments as the wire shows it; nothing can be deployed here."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.call import answer, call_of
from emulator.core.deployments import Deployment, find, listed
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError


async def list_models(request: Request) -> Response:
    """GET /models: every model of the table, by its bare name and by each dated one, or the configured names only."""
    call = call_of(request)
    rows = listed(call.namespace.settings.deployments)
    return answer({"object": "list", "data": [shown(row, call.dialect) for row in rows]})


async def retrieve(request: Request) -> Response:
    """GET /models/{model}: any name is there, unless the settings name the only ones."""
    call = call_of(request)
    name: str = request.path_params["model"]
    only = call.namespace.settings.deployments
    if only and name not in only:
        raise ApiError("model_not_found", "model", model=name)
    return answer(shown(find(name), call.dialect))


def shown(deployment: Deployment, dialect: Dialect) -> dict[str, Any]:
    """The Model object; the Azure dialect adds what the model can do."""
    model: dict[str, Any] = {
        "id": deployment.name,
        "object": "model",
        "created": deployment.created,
        "owned_by": "system",
    }
    if dialect.model_facts:
        model |= {
            "created_at": deployment.created,
            "status": "succeeded",
            "lifecycle_status": "preview" if deployment.preview else "generally-available",
            "capabilities": _capabilities(deployment),
        }
    return model


def _capabilities(deployment: Deployment) -> dict[str, Any]:
    """The service's own five, then the facts that this emulator acts on."""
    return {
        "fine_tune": False,
        "inference": True,
        "completion": False,
        "chat_completion": not deployment.image,
        "embeddings": False,
        "responses": not deployment.image,
        "model": deployment.model,
        "vision": deployment.vision,
        "reasoning": deployment.reasoning,
        "reasoning_efforts": list(deployment.efforts) if deployment.reasoning else [],
        "image_generation": deployment.image,
        "image_generation_caller": deployment.image_caller,
        "tools": sorted(deployment.tools),
        "context_window": deployment.context_window,
    }
