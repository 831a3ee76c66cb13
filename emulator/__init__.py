"""The Responses emulator: names that users import, loaded when first asked for; no code of its own."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.app import create_app as create_app

__version__ = "0.1.0"
__all__ = ["__version__", "create_app"]


def __getattr__(name: str) -> Any:
    """`emulator.create_app` without paying for the web framework at `import emulator`."""
    if name == "create_app":
        from emulator.app import create_app

        return create_app
    raise AttributeError(f"module 'emulator' has no attribute {name!r}")
