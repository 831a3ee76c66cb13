"""Microsoft's own server of the protocol with the same answers as fixtures.yaml; it runs in the oracle's environment.

`python answers.py PORT` serves on loopback until SIGTERM; nothing of the emulator is imported.
"""

import asyncio
import sys
from typing import Any

from azure.ai.agentserver.responses import (
    InMemoryResponseProvider,
    ResponseEventStream,
    ResponsesAgentServerHost,
    ResponsesServerOptions,
)

# The grace that a run has when its client leaves: none of ours needs it.
app = ResponsesAgentServerHost(
    store=InMemoryResponseProvider(), options=ResponsesServerOptions(shutdown_grace_period_seconds=1)
)


@app.response_handler
async def answer(request: Any, context: Any, cancelled: asyncio.Event) -> Any:
    """Says `Here you are.`; `wait` in the prompt waits to be cancelled, `fail` fails after a message."""
    prompt = await context.get_input_text()
    events = ResponseEventStream(response_id=context.response_id, request=request)
    yield events.emit_created()
    yield events.emit_in_progress()
    if "wait" in prompt:
        await cancelled.wait()
        return
    message = events.add_output_item_message()
    yield message.emit_added()
    part = message.add_text_content()
    yield part.emit_added()
    for delta in ("Here ", "you ", "are."):
        yield part.emit_delta(delta)
    yield part.emit_text_done("Here you are.")
    yield part.emit_done()
    yield message.emit_done()
    if "fail" in prompt:
        yield events.emit_failed(code="server_error", message="The model crashed.")
        return
    yield events.emit_completed()


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]))
