"""The real azure-identity against the emulator's managed identity: the page's token provider, and its refresh."""

import asyncio
import time  # noqa: TID251 (it is moved here)

import openai
import pytest
from azure.identity import (
    ClientSecretCredential,
    CredentialUnavailableError,
    DefaultAzureCredential,
    get_bearer_token_provider,
)
from azure.identity import ManagedIdentityCredential as Identity
from azure.identity.aio import DefaultAzureCredential as AsyncCredential
from azure.identity.aio import get_bearer_token_provider as async_token_provider

from emulator.settings import Settings
from emulator.testing import Emulator

SCOPE = "https://cognitiveservices.azure.com/.default"
BAD_TOKEN = "Access token is missing, invalid, audience is incorrect"
DAY = 86_400


@pytest.fixture(scope="module")
def host():
    with Emulator(entra="only") as running:
        yield running


@pytest.fixture
def emulator(host, monkeypatch):
    """A namespace of a server that takes nothing but tokens, with its managed identity in the environment."""
    for variable in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_TOKEN_CREDENTIALS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with host.namespace() as fresh:
        for name, value in fresh.environ.items():
            monkeypatch.setenv(name, value)
        yield fresh


@pytest.fixture
def provider():
    with DefaultAzureCredential() as credential:
        yield get_bearer_token_provider(credential, SCOPE)


@pytest.fixture
def later(monkeypatch):
    """Let the machine's clock show a later time, for the server and the client alike."""
    now = time.time
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: now() + seconds)


def ask(client):
    return client.responses.create(model="gpt-4o", input="hello").output_text


def asked(emulator):
    return [request.status for request in reversed(emulator.requests)]


def test_a_token_provider_is_a_key(emulator, provider):
    client = emulator.client(api_key=provider)
    assert ask(client) == 'You said: "hello"'
    assert provider() == provider(), "it is kept until it is about to expire"
    with client.responses.stream(model="gpt-4o", input="hello") as stream:
        assert stream.get_final_response().output_text == 'You said: "hello"'


def test_azures_own_class_takes_it_too(emulator, provider):
    # The variable holds a key, which the client would send beside the token.
    assert ask(emulator.azure_client(api_key=None, azure_ad_token_provider=provider)) == 'You said: "hello"'


def test_the_async_clients_do_the_same(emulator):
    async def run():
        async with AsyncCredential() as credential:
            provider = async_token_provider(credential, SCOPE)
            async with emulator.async_client(api_key=provider) as client:
                made = await client.responses.create(model="gpt-4o", input="hello")
            key = {"api_key": None, "azure_ad_token_provider": provider}
            async with emulator.async_azure_client(**key) as client:
                found = await client.responses.retrieve(made.id)
            return found.output_text

    assert asyncio.run(run()) == 'You said: "hello"'


def test_a_key_is_refused(emulator):
    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(emulator.client(max_retries=0))
    assert caught.value.code == "AuthenticationTypeDisabled"


def test_as_time_passes_the_provider_refreshes_before_the_token_expires(emulator, provider, later):
    client = emulator.client(api_key=provider)
    tokens = []
    for seconds in (0, DAY // 2 - 60, DAY - 60, DAY + 60):
        later(seconds)
        assert ask(client)
        tokens.append(provider())
    assert asked(emulator) == [200] * 4
    assert tokens[0] == tokens[1]
    assert tokens[1] != tokens[3]


def test_an_emulated_clock_that_moves_alone_is_a_401_until_somebody_signs_in_anew(emulator, provider):
    client = emulator.client(api_key=provider, max_retries=0)
    assert ask(client)
    emulator.clock.advance("25h")
    for _ in range(2):  # the package goes by the machine's clock: it thinks that its token is fresh
        with pytest.raises(openai.AuthenticationError, match=BAD_TOKEN) as caught:
            ask(client)
        assert caught.value.code is None
    with DefaultAzureCredential() as anew:
        assert ask(emulator.client(api_key=get_bearer_token_provider(anew, SCOPE)))
    assert asked(emulator) == [200, 401, 401, 200]


def test_a_short_life_makes_the_provider_ask_each_time_so_the_clock_may_move(emulator, monkeypatch):
    endpoint = emulator.environ["IDENTITY_ENDPOINT"]
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoint}?lifetime=4m")  # the package refreshes 5 minutes ahead
    with DefaultAzureCredential() as credential:
        provider = get_bearer_token_provider(credential, SCOPE)
        client = emulator.client(api_key=provider, max_retries=0)
        first = provider()
        assert ask(client)
        emulator.clock.advance("4m")
        assert ask(client)
    with pytest.raises(openai.AuthenticationError):
        ask(emulator.client(api_key=first, max_retries=0))


def test_an_identity_without_a_role_is_told_what_it_lacks(emulator, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", emulator.environ["IDENTITY_ENDPOINT"] + "?roles=none")
    with DefaultAzureCredential() as credential, pytest.raises(openai.AuthenticationError) as caught:
        ask(emulator.client(api_key=get_bearer_token_provider(credential, SCOPE), max_retries=0))
    assert caught.value.code == "PermissionDenied"
    assert "Microsoft.CognitiveServices/accounts/OpenAI/responses/write" in caught.value.message


@pytest.mark.parametrize(
    "identity",
    [
        {"client_id": "c"},
        {"identity_config": {"object_id": "o"}},
        {"identity_config": {"resource_id": "/subscriptions/1"}},
    ],
)
def test_an_identity_of_the_user_is_one_too(emulator, identity):
    with Identity(**identity) as credential:
        assert ask(emulator.client(api_key=get_bearer_token_provider(credential, SCOPE)))


def test_what_the_endpoint_refuses_is_in_the_error_of_the_package(emulator, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", emulator.environ["IDENTITY_ENDPOINT"] + "?lifetime=soon")
    with Identity() as credential, pytest.raises(CredentialUnavailableError, match="'lifetime' is no duration"):
        credential.get_token(SCOPE)


def test_python_asks_the_issuer_itself(emulator):
    assert ask(emulator.client(api_key=emulator.access_token()))
    token = emulator.access_token(roles="none", lifetime="1m")
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(emulator.client(api_key=token, max_retries=0))
    assert caught.value.code == "PermissionDenied"
    with pytest.raises(openai.AuthenticationError, match=BAD_TOKEN):
        ask(emulator.client(api_key=emulator.access_token("https://vault.azure.net"), max_retries=0))


def test_an_application_with_a_secret_signs_in_by_https(monkeypatch, tmp_path):
    tenant = Settings().entra_tenant
    with Emulator(entra="only", tls_auto=True, tls_dir=tmp_path) as secure:
        for name, value in secure.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        authority = {"authority": f"{secure.root}/_emulator/entra", "disable_instance_discovery": True}
        with ClientSecretCredential(tenant, "app", "any secret", **authority) as credential:
            provider = get_bearer_token_provider(credential, SCOPE)
            assert ask(secure.client(api_key=provider)) == 'You said: "hello"'
        with ClientSecretCredential("99999999" + tenant[8:], "app", "any secret", **authority) as credential:
            provider = get_bearer_token_provider(credential, SCOPE)
            with pytest.raises(openai.AuthenticationError, match=BAD_TOKEN):
                ask(secure.client(api_key=provider, max_retries=0))
