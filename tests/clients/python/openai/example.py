from openai import AzureOpenAI, OpenAI

openai = OpenAI(base_url="http://127.0.0.1:9110/v1", api_key="any")
azure = OpenAI(base_url="http://127.0.0.1:9110/openai/v1", api_key="any")
dated = AzureOpenAI(azure_endpoint="http://127.0.0.1:9110", api_version="2025-04-01-preview", api_key="any")

for client in (openai, azure, dated):
    response = client.responses.create(model="gpt-4o", input="Hello.")
    print(response.output_text)
