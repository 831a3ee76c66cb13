import litellm

openai = {"model": "openai/gpt-4o", "api_base": "http://127.0.0.1:9110/v1"}
azure = {"model": "azure/gpt-4o", "api_base": "http://127.0.0.1:9110", "api_version": "preview"}

for place in (openai, azure):
    print(litellm.responses(**place, api_key="any", input="Hello.").output_text)
