"""The official clients, pointed at a namespace; `openai` is imported when one is asked for, and nowhere else."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.settings import TRUST
from emulator.testing.host import Host

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

API_VERSION = "2025-04-01-preview"


def environ(root: str, api_key: str, authority: Path | None = None) -> dict[str, str]:
    """The variables that point the official clients, and Azure's managed identity, at a server or a namespace of it.

    `authority` is the file with what they must trust, where that is not what the machine trusts.
    """
    return {
        "OPENAI_BASE_URL": f"{root}/openai/v1",
        "OPENAI_API_KEY": api_key,
        "AZURE_OPENAI_ENDPOINT": root,
        "AZURE_OPENAI_API_KEY": api_key,
        "OPENAI_API_VERSION": API_VERSION,
        "IDENTITY_ENDPOINT": f"{root}/_emulator/entra/msi",
        "IDENTITY_HEADER": api_key,
        **dict.fromkeys(TRUST if authority else (), str(authority)),
    }


class Clients:
    """Where a namespace is reached, and clients that are set up for it. Whoever makes an async client closes it."""

    api_key: str
    _opened: list[Any]
    _host: Host

    @property
    def root(self) -> str:
        """The namespace's address, in front of every path of the API."""
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """Base URL of the Azure dialect, as `OPENAI_BASE_URL` has it."""
        return f"{self.root}/openai/v1"

    @property
    def openai_base_url(self) -> str:
        """Base URL of the OpenAI dialect."""
        return f"{self.root}/v1"

    @property
    def azure_endpoint(self) -> str:
        """The endpoint of an Azure resource, as `AZURE_OPENAI_ENDPOINT` has it."""
        return self.root

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that point the official clients here."""
        return environ(self.root, self.api_key, self._host.authority)

    def client(self, **options: Any) -> "OpenAI":
        """`openai.OpenAI` for this namespace; `options` are its own. It is closed with the emulator."""
        import openai

        client = openai.OpenAI(**self._plain(openai.DefaultHttpxClient, options))
        self._keep(client, options)
        return client

    def async_client(self, **options: Any) -> "AsyncOpenAI":
        """`openai.AsyncOpenAI` for this namespace; use it as `async with`."""
        import openai

        return openai.AsyncOpenAI(**self._plain(openai.DefaultAsyncHttpxClient, options))

    def azure_client(self, **options: Any) -> "AzureOpenAI":
        """`openai.AzureOpenAI` for this namespace; `options` are its own. It is closed with the emulator."""
        import openai

        client = openai.AzureOpenAI(**self._azure(openai.DefaultHttpxClient, options))
        self._keep(client, options)
        return client

    def async_azure_client(self, **options: Any) -> "AsyncAzureOpenAI":
        """`openai.AsyncAzureOpenAI` for this namespace; use it as `async with`."""
        import openai

        return openai.AsyncAzureOpenAI(**self._azure(openai.DefaultAsyncHttpxClient, options))

    def _plain(self, http: Any, options: dict[str, Any]) -> dict[str, Any]:
        return self._direct(http, {"base_url": self.base_url, "api_key": self.api_key, **options})

    def _azure(self, http: Any, options: dict[str, Any]) -> dict[str, Any]:
        # Beside an endpoint the client takes no base URL, and the environment may have one.
        own = {"azure_endpoint": self.azure_endpoint, "api_key": self.api_key, "api_version": API_VERSION}
        return self._direct(http, {**own, "base_url": None, **options})

    def _direct(self, http: Any, options: dict[str, Any]) -> dict[str, Any]:
        if "http_client" in options:
            return options
        # No proxy stands before a test's server, and loading certificates would take most of the set-up's time.
        if self.root.startswith("http:"):
            options["http_client"] = http(trust_env=False, verify=False)
        elif self._host.authority:
            trusted = ssl.create_default_context(cafile=str(self._host.authority))
            options["http_client"] = http(trust_env=False, verify=trusted)
        return options

    def _keep(self, client: Any, options: dict[str, Any]) -> None:
        if "http_client" not in options:
            self._host.clients.add(client)
            self._opened.append(client)
