"""The app under test: an agent with a tool, and a reader that resumes its stream; it knows nothing of the emulator."""

import json
from collections.abc import Iterator

import openai

MODEL = "gpt-4o"
TOOLS = [
    {
        "type": "function",
        "name": "get_weather",
        "description": "The weather at a place.",
        "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    }
]


def get_weather(location: str) -> dict:
    """The weather there, as a service might give it."""
    return {"location": location, "temperature": 18}


def ask(question: str) -> str:
    """Let the model answer, and call the tool as often as it wants."""
    with openai.OpenAI() as client:
        response = client.responses.create(model=MODEL, input=question, tools=TOOLS)
        while calls := [item for item in response.output if item.type == "function_call"]:
            outputs = [
                {
                    "type": "function_call_output",
                    "call_id": call.call_id,
                    "output": json.dumps(get_weather(**json.loads(call.arguments))),
                }
                for call in calls
            ]
            response = client.responses.create(
                model=MODEL, input=outputs, tools=TOOLS, previous_response_id=response.id
            )
        return response.output_text


def tell(prompt: str) -> Iterator[str]:
    """The words of a background response as they come; a lost connection is taken up where it broke."""
    with openai.OpenAI() as client:
        stream = client.responses.create(model=MODEL, input=prompt, background=True, stream=True)
        response_id, last, ended = "", -1, False
        while not ended:
            try:
                for event in stream:
                    last = event.sequence_number
                    if event.type == "response.created":
                        response_id = event.response.id
                    elif event.type == "response.output_text.delta":
                        yield event.delta
                    ended = event.type == "response.completed"
            except openai.APIConnectionError:
                pass  # older versions of the client raise an error of httpx here
            if not ended:
                stream = client.responses.retrieve(response_id, stream=True, starting_after=last)
