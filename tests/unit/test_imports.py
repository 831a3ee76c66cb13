"""What an import loads: a start is as quick as the little that it needs."""

import pytest

from bench import imports


@pytest.mark.parametrize("module", imports.FORBIDDEN)
def test_an_import_loads_nothing_that_the_first_request_does_not_need(module: str) -> None:
    assert imports.unwanted(module) == []
