import asyncio

from openai import AsyncAzureOpenAI
from semantic_kernel.agents import AzureResponsesAgent, OpenAIResponsesAgent

openai = OpenAIResponsesAgent.create_client(ai_model_id="gpt-4o", base_url="http://127.0.0.1:9110/v1", api_key="any")
azure = AsyncAzureOpenAI(azure_endpoint="http://127.0.0.1:9110", api_version="2025-04-01-preview", api_key="any")


async def main() -> None:
    for kind, client in ((OpenAIResponsesAgent, openai), (AzureResponsesAgent, azure)):
        agent = kind(ai_model_id="gpt-4o", client=client, instructions="You are a helpful assistant.")
        print(await agent.get_response(messages="Hello."))


asyncio.run(main())
