"""Claims of access tokens: what one says, when it is valid, and which roles are enough."""

import pytest

from emulator.core.access import ROLES, TokenRequest, check_roles, check_times, claims_of, is_token
from emulator.core.dialects import AZURE, OPENAI
from emulator.core.errors import ApiError

TENANT = "11111111-2222-4333-8444-555555555555"
NOW = 1_763_035_200.5


def claims(**asked):
    return claims_of(TokenRequest("https://ai.azure.com", TENANT, 3600.0, **asked), NOW, "id")


def test_a_token_says_who_for_what_and_how_long():
    said = claims(client_id="app")
    assert (said["aud"], said["tid"], said["appid"]) == ("https://ai.azure.com", TENANT, "app")
    assert (said["iat"], said["nbf"], said["exp"]) == (1_763_035_200, 1_763_035_200, 1_763_038_800)
    assert said["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert said["roles"] == [ROLES[0]]


def test_each_identity_is_always_the_same_principal():
    assert claims()["oid"] == claims()["oid"]
    assert (
        len({claims(**asked)["oid"] for asked in ({}, {"client_id": "a"}, {"client_id": "b"}, {"object_id": "c"})}) == 4
    )
    assert claims(object_id="c")["oid"] == "c"
    assert claims(resource_id="/subscriptions/1")["xms_mirid"] == "/subscriptions/1"


@pytest.mark.parametrize(
    ("after", "valid"), [(-1.0, False), (0.0, True), (3599.0, True), (3599.5, False), (9e9, False)]
)
def test_it_is_valid_from_its_second_to_its_end(after, valid):
    if valid:
        check_times(claims(), NOW + after, "shown")
        return
    with pytest.raises(ApiError) as caught:
        check_times(claims(), NOW + after, "shown")
    assert AZURE.render(caught.value)[1].keys() == {"statusCode", "message"}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_that_may_use_the_api_is_enough(role):
    check_roles(claims(roles=("Reader", role)), "POST", "/responses")


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "/responses", "responses/write"),
        ("GET", "/responses/resp_1/input_items", "responses/read"),
        ("DELETE", "/files/file-1", "files/delete"),
    ],
)
@pytest.mark.parametrize("roles", [(), ("Reader", "Owner")])
def test_another_role_names_the_action_that_it_lacks(roles, method, path, action):
    said = claims(roles=roles)
    with pytest.raises(ApiError) as caught:
        check_roles(said, method, path)
    resource = path.split("/")[1]
    assert AZURE.render(caught.value) == (401, {"error": {"code": "PermissionDenied", "message": (
        f"The principal `{said['oid']}` lacks the required data action "
        f"`Microsoft.CognitiveServices/accounts/OpenAI/{action}` to perform `{method} /openai/{resource}` operation."
    )}})  # fmt: skip
    status, body = OPENAI.render(caught.value)
    assert (status, body["error"].keys()) == (401, {"message", "type", "param", "code"})


@pytest.mark.parametrize(
    ("credential", "found"),
    [("a.b.c", True), ("a.b.c.d.e", True), ("eyJhbGciOi", True), ("sk-key", False), ("my.key", False), ("", False)],
)
def test_a_token_is_known_by_its_look(credential, found):
    assert is_token(credential) is found
