from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

openai = OpenAIProvider(base_url="http://127.0.0.1:9110/v1", api_key="any")
azure = OpenAIProvider(base_url="http://127.0.0.1:9110/openai/v1", api_key="any")

for provider in (openai, azure):
    agent = Agent(OpenAIResponsesModel("gpt-4o", provider=provider))
    print(agent.run_sync("Hello.").output)
