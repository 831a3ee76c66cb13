"""The image generation tool: what a request may ask of it, and its item with a picture; it asks no image model.

`fields`: `prompt` (left out: the user's last words), and what the request asks for where it is left out: `size`,
`quality`, `background`, `output_format`. `result` is a picture in base64 (left out: one is drawn that shows the
prompt), `partials` those of the partial images; `status` is there where the generation did not succeed.
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import replace

from emulator.core import deployments, emit
from emulator.core.errors import ApiError, quoted_list
from emulator.core.hosted import HostedCall
from emulator.core.ids import ItemIds
from emulator.tools.base import Chunks, Object, Tool, ToolContext
from emulator.tools.drawing import COARSE, FORMATS, NeedsPillowError, Sketch, drawn

KIND = "image_generation_call"
EVENT = f"response.{KIND}"
PHASES = ("in_progress", "generating", "completed")
SIZES = ("1024x1024", "1024x1536", "1536x1024")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "size": (*SIZES, "auto"),
    "output_format": FORMATS,
    "quality": ("low", "medium", "high", "auto"),
}
# What `auto`, or nothing, comes to.
AUTO: Mapping[str, str] = {"size": "1024x1024", "quality": "high", "background": "opaque", "output_format": "png"}
SHOWN = ("background", "output_format", "quality", "size")


class ImageGeneration(Tool):
    """Emits `image_generation_call` items."""

    def check(self, tool: Object, param: str, context: ToolContext) -> None:
        """Options that go together, an image to edit, and in the Azure dialect its deployment and limits."""
        if context.dialect.image_header is not None:
            _check_azure(tool, param, context, context.dialect.image_header)
        for name, choices in CHOICES.items():
            if tool.get(name) not in (None, *choices):
                raise ApiError("invalid_value", f"{param}.{name}", value=tool[name], supported=quoted_list(choices))
        if tool.get("background") == "transparent" and tool.get("output_format") == "jpeg":
            reason = "a transparent background needs the output format png or webp."
            raise ApiError("invalid", f"{param}.background", reason=reason)
        if tool.get("output_format") == "png" and tool.get("output_compression", 100) != 100:
            reason = "a compression below 100 needs the output format jpeg or webp."
            raise ApiError("invalid", f"{param}.output_compression", reason=reason)
        if tool.get("action") == "edit" and not (_images(context) or _earlier(context) or context.before.depth):
            raise ApiError("invalid", f"{param}.action", reason="there is no image to edit.")

    async def prepare(self, step: HostedCall, context: ToolContext) -> tuple[HostedCall, ...]:
        """The step with its picture; JPEG and WEBP are refused where they cannot be written."""
        if "partials" in step.fields:  # it was made ready before other work of the run
            return (step,)
        offered = next(iter(context.offered("image_generation")), {})
        asked = {name: offered.get(name) for name in AUTO}
        chosen = {name: value if value not in (None, "auto") else AUTO[name] for name, value in asked.items()}
        fields = {"prompt": _prompt(context), "action": _action(offered, context), **chosen, **step.fields}
        if fields.get("status") == "failed":
            return (replace(step, fields=fields),)
        number = (offered.get("partial_images") or 0) if context.request.stream else 0
        if "result" in fields:  # it cannot be made coarser without being read
            return (replace(step, fields={**fields, "partials": [fields["result"]] * number}),)
        sketch = _sketch(fields, offered, context)
        try:
            drawings = await asyncio.to_thread(_draw, sketch, number)
        except NeedsPillowError:
            what = f"The output format '{sketch.format}'"
            raise ApiError("extra_missing", "tools", what=what, extra="pictures") from None
        return (replace(step, fields={**fields, "result": drawings[-1], "partials": drawings[:-1]}),)

    def emit(self, step: HostedCall, index: int, ids: ItemIds, chunks: Chunks, status: str) -> emit.Emissions:
        """The events of one `image_generation_call` item; at first nothing of it is known."""
        fields, item_id = step.fields, ids.item("ig_")
        failed = fields.get("status") == "failed"
        shown = {name: fields.get(name, AUTO.get(name)) for name in SHOWN}
        done = {
            "id": item_id,
            "type": KIND,
            "status": fields.get("status", "completed"),
            "action": fields.get("action", "generate"),
            **shown,
            "result": None if failed else fields.get("result"),
            "revised_prompt": fields.get("prompt"),
        }
        begun = {"id": item_id, "type": KIND, "status": "in_progress", "result": None}
        at = {"item_id": item_id, "output_index": index}
        parts = [
            (f"{EVENT}.partial_image", {**at, "partial_image_index": number, "partial_image_b64": partial, **shown})
            for number, partial in enumerate(fields.get("partials", ()))
        ]
        return emit.phases(begun, done, index, EVENT, PHASES[:2] if failed else PHASES, parts=parts)


def _check_azure(tool: Object, param: str, context: ToolContext, header: str) -> None:
    """The header that names the deployment that draws, who may ask it, and what the page says it cannot do."""
    strict = context.settings.validation == "strict"
    name = context.headers.get(header)
    if not name:
        raise ApiError("image_deployment_missing", "tools", header=header)
    known = name in deployments.BY_NAME
    if known and not deployments.BY_NAME[name].image:
        raise ApiError("image_deployment", "tools", header=header, got=name)
    if not known and (strict or context.settings.deployments):
        deployments.find(name, context.settings.deployments or tuple(deployments.BY_NAME))
    elif not known:
        context.warnings.append(f"unknown_deployment: {ascii(name)[1:-1]}")
    if not context.deployment.image_caller:
        if strict:
            raise ApiError("unsupported_tool", "tools", tool="image_generation", model=context.deployment.model)
        context.warnings.append(f"unsupported_tool: image_generation with {ascii(context.deployment.name)[1:-1]}")
    if context.request.stream and context.settings.azure_image_stream == "refuse":
        raise ApiError("image_streaming", "stream")
    edits = tool.get("action") != "generate" and _earlier(context) is not None
    if edits and context.settings.azure_image_edits == "refuse":
        raise ApiError("image_editing", param)


def _images(context: ToolContext) -> int:
    """How many images the request's own messages bring."""
    parts = (part for item in context.items if item["type"] == "message" for part in item["content"])
    return sum(part.get("type") == "input_image" for part in parts)


def _earlier(context: ToolContext) -> str | None:
    """What the last picture of an earlier turn shows, in the request's own items or its chain; None: there is none."""
    own = [item.get("revised_prompt") or "" for item in context.items if item["type"] == KIND]
    return own[-1] if own else context.before.picture


def _action(offered: Object, context: ToolContext) -> str:
    """`edit` where there is something to edit, unless the request says otherwise."""
    asked = offered.get("action")
    if asked not in (None, "auto"):
        return str(asked)
    return "edit" if _images(context) or _earlier(context) is not None else "generate"


def _prompt(context: ToolContext) -> str:
    for item in reversed(context.items):
        if item["type"] == "message" and item["role"] == "user":
            return "\n".join(part["text"] for part in item["content"] if part.get("type") == "input_text")
    return ""


def _sketch(fields: Object, offered: Object, context: ToolContext) -> Sketch:
    width, _, height = fields["size"].partition("x")
    header = context.dialect.image_header
    model = (header and context.headers.get(header)) or offered.get("model") or "gpt-image-1"
    compression = offered.get("output_compression")
    return Sketch(
        prompt=fields["prompt"],
        title=f"{model} {fields['size']} {fields['quality']}",
        notes=_notes(offered, context) if fields["action"] == "edit" else (),
        size=(int(width), int(height)),
        format=fields["output_format"],
        compression=100 if compression is None else compression,
        transparent=fields["background"] == "transparent",
    )


def _notes(offered: Object, context: ToolContext) -> tuple[str, ...]:
    """What an edited picture says of that which it was made from."""
    images, earlier = _images(context), _earlier(context)
    said = [f"edit of: {earlier}"] if earlier is not None else []
    if images:
        said.append(f"edit of {images} input image{'s' * (images > 1)}")
    more = [name for name in ("input_image_mask", "input_fidelity") if offered.get(name)]
    if more:
        said.append(f"with {' and '.join(more)}")
    return tuple(said)


def _draw(sketch: Sketch, partials: int) -> list[str]:
    """The partial pictures, from the coarsest, then the picture itself; each in base64."""
    sketches = [*(replace(sketch, coarse=coarse) for coarse in COARSE[:partials]), sketch]
    return [base64.b64encode(drawn(one)).decode() for one in sketches]


TOOL = ImageGeneration()
