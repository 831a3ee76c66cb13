from llama_index.llms.openai import OpenAIResponses

openai = OpenAIResponses(model="gpt-4o", api_base="http://127.0.0.1:9110/v1", api_key="any")
azure = OpenAIResponses(model="gpt-4o", api_base="http://127.0.0.1:9110/openai/v1", api_key="any")

for llm in (openai, azure):
    print(llm.complete("Hello."))
