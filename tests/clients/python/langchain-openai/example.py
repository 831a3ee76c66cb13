from langchain_openai import AzureChatOpenAI, ChatOpenAI

openai = ChatOpenAI(model="gpt-4o", base_url="http://127.0.0.1:9110/v1", api_key="any", use_responses_api=True)
azure = AzureChatOpenAI(
    azure_deployment="gpt-4o",
    azure_endpoint="http://127.0.0.1:9110",
    api_version="2025-04-01-preview",
    api_key="any",
    use_responses_api=True,
)

for chat in (openai, azure):
    print(chat.invoke("Hello.").text)
