from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled
from openai import AsyncAzureOpenAI, AsyncOpenAI

set_tracing_disabled(True)  # traces go to the internet

openai = AsyncOpenAI(base_url="http://127.0.0.1:9110/v1", api_key="any")
azure = AsyncAzureOpenAI(azure_endpoint="http://127.0.0.1:9110", api_version="2025-04-01-preview", api_key="any")

for client in (openai, azure):
    model = OpenAIResponsesModel(model="gpt-4o", openai_client=client)
    agent = Agent(name="Assistant", instructions="You are a helpful assistant.", model=model)
    print(Runner.run_sync(agent, "Hello.").final_output)
