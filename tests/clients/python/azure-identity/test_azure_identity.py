"""The token provider of azure-identity with the official client, against a server that takes access tokens only."""

import json
import os

import openai
import pytest
from azure.identity import (
    ChainedTokenCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    get_bearer_token_provider,
)
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential
from azure.identity.aio import get_bearer_token_provider as async_bearer_token_provider
from openai import AsyncAzureOpenAI, AzureOpenAI, OpenAI
from pydantic import BaseModel

SCOPE = "https://cognitiveservices.azure.com/.default"
VERSION = "2025-04-01-preview"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(autouse=True)
def managed_identity(url, monkeypatch):
    """What a host on Azure has in its environment."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/_emulator/entra/msi")
    monkeypatch.setenv("IDENTITY_HEADER", "any")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")


@pytest.fixture(params=["v1", "azure class"])
def client(request, url):
    """The client with a token provider, as the page has it, and through Azure's own class."""
    with DefaultAzureCredential() as credential:
        provider = get_bearer_token_provider(credential, SCOPE)
        if request.param == "v1":
            made = OpenAI(base_url=f"{url}/openai/v1/", api_key=provider, max_retries=0)
        else:
            made = AzureOpenAI(azure_endpoint=url, azure_ad_token_provider=provider, api_version=VERSION, max_retries=0)
        with made:
            yield made


def test_text_with_a_token(client):
    assert "This is a test" in client.responses.create(model="gpt-4o", input="This is a test").output_text


async def test_text_with_an_async_token(url):
    async with AsyncDefaultAzureCredential() as credential:
        provider = async_bearer_token_provider(credential, SCOPE)
        async with AsyncAzureOpenAI(
            azure_endpoint=url, azure_ad_token_provider=provider, api_version=VERSION
        ) as client:
            answer = await client.responses.create(model="gpt-4o", input="This is a test")
    assert "This is a test" in answer.output_text


def test_stream_with_a_token(client):
    with client.responses.create(model="gpt-4o", input="This is a test", stream=True) as stream:
        assert [event.type for event in stream][-1] == "response.completed"


def test_tools_with_a_token(client):
    asked = client.responses.create(model="gpt-4o", input="What's the weather in Oslo?", tools=[WEATHER])
    (call,) = asked.output
    assert "Oslo" in json.loads(call.arguments)["location"]
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "70 degrees"}
    told = client.responses.create(model="gpt-4o", previous_response_id=asked.id, input=[output])
    assert "70 degrees" in told.output_text


def test_structured_with_a_token(client):
    assert client.responses.parse(model="gpt-4o", input="Alice is 30", text_format=Person).output_parsed


def test_chaining_with_a_token(client):
    first = client.responses.create(model="gpt-4o", input="Tell me a joke")
    second = client.responses.create(model="gpt-4o", input="Explain it", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.total_tokens


def test_identity_of_a_user_assigned_identity(url):
    with ManagedIdentityCredential(client_id="11111111-2222-3333-4444-555555555555") as credential:
        token = credential.get_token(SCOPE)
    assert token.token.count(".") == 2


def test_identity_at_the_end_of_a_chain(url):
    with ChainedTokenCredential(ManagedIdentityCredential()) as credential:
        provider = get_bearer_token_provider(credential, SCOPE)
        assert provider() == provider()  # it is kept until it is about to end


def test_errors_without_a_token(url):
    with (
        OpenAI(base_url=f"{url}/openai/v1/", api_key=os.environ["EMULATOR_KEY"], max_retries=0) as client,
        pytest.raises(openai.PermissionDeniedError, match="disabled"),
    ):
        client.responses.create(model="gpt-4o", input="x")


def test_errors_with_a_token_for_another_audience(url):
    with DefaultAzureCredential() as credential:
        provider = get_bearer_token_provider(credential, "https://vault.azure.net/.default")
        with (
            OpenAI(base_url=f"{url}/openai/v1/", api_key=provider, max_retries=0) as client,
            pytest.raises(openai.AuthenticationError),
        ):
            client.responses.create(model="gpt-4o", input="x")
