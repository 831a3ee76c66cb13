import asyncio

from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient

openai = OpenAIChatClient(model="o4-mini", base_url="http://127.0.0.1:9110/v1", api_key="any")
azure = OpenAIChatClient(
    model="o4-mini", azure_endpoint="http://127.0.0.1:9110", api_version="2025-04-01-preview", api_key="any"
)


async def main() -> None:
    for client in (openai, azure):
        print((await Agent(client=client, instructions="You are a helpful assistant.").run("Hello.")).text)


asyncio.run(main())
