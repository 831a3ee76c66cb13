import pytest
from starlette.datastructures import Headers

from emulator.api.auth import check_credentials
from emulator.core.dialects import AZURE
from emulator.core.errors import ApiError


@pytest.mark.parametrize(
    "headers",
    [{}, {"api-key": " "}, {"authorization": "Bearer"}, {"authorization": "Bearer  "}, {"authorization": "Basic eDp5"}],
)
def test_an_empty_credential_is_none(headers):
    with pytest.raises(ApiError) as caught:
        check_credentials(Headers(headers), ())
    assert caught.value.name == "no_key"


def test_one_right_credential_of_two_is_enough():
    check_credentials(Headers({"api-key": "wrong", "authorization": "Bearer right"}), ("right",))


def test_a_wrong_access_token_is_told_from_a_wrong_key():
    with pytest.raises(ApiError) as caught:
        check_credentials(Headers({"authorization": "Bearer aaa.bbb.ccc"}), ("right",))
    assert AZURE.render(caught.value)[1].keys() == {"statusCode", "message"}


@pytest.mark.parametrize(("key", "shown"), [("short", "********"), ("a-long-wrong-key-1234", "********1234")])
def test_a_wrong_key_is_never_shown_whole(key, shown):
    with pytest.raises(ApiError) as caught:
        check_credentials(Headers({"api-key": key}), ("right",))
    assert caught.value.values["key"] == shown
