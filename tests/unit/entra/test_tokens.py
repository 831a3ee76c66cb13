"""Tokens that are read: only what this key signed, for this tenant and resource, and nothing ever raises otherwise."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.access import LONGEST, TokenRequest, claims_of
from emulator.entra import keys, tokens

TENANT = "11111111-2222-4333-8444-555555555555"
AUDIENCE = "https://cognitiveservices.azure.com"
KEY = keys.read_key(keys.new_pem())
OTHER = keys.read_key(keys.new_pem())
CLAIMS = claims_of(TokenRequest(AUDIENCE, TENANT, 60.0), 1_000.0, "id")
GOOD = tokens.sign(KEY, CLAIMS)
PUBLIC = KEY.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def is_refused(token):
    try:
        tokens.read(KEY, token, TENANT)
    except tokens.InvalidToken:
        return True
    return False


def part(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_what_was_signed_is_read():
    assert tokens.read(KEY, GOOD, TENANT) == CLAIMS
    assert jwt.get_unverified_header(GOOD) == {"alg": "RS256", "typ": "JWT", "kid": KEY.id}


@pytest.mark.parametrize("audience", [AUDIENCE, AUDIENCE + "/", "https://ai.azure.com", "https://ai.azure.com/"])
def test_the_audiences_of_the_service_are_taken(audience):
    assert not is_refused(tokens.sign(KEY, {**CLAIMS, "aud": audience}))


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://management.azure.com"},
        {"aud": AUDIENCE + ".example.com"},
        {"iss": "https://sts.windows.net/other/"},
        {"tid": "22222222-2222-4333-8444-555555555555"},
        {"tid": None},
    ],
)
def test_another_audience_issuer_or_tenant_is_refused(change):
    assert is_refused(tokens.sign(KEY, {**CLAIMS, **change}))


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat", "aud", "iss", "tid", "oid"])
def test_a_claim_that_is_left_out_is_refused(claim):
    assert is_refused(tokens.sign(KEY, {name: value for name, value in CLAIMS.items() if name != claim}))


def test_another_key_is_refused():
    assert is_refused(tokens.sign(OTHER, CLAIMS))


def test_no_signature_is_refused():
    assert is_refused(jwt.encode(CLAIMS, None, algorithm="none"))
    head, body, _ = GOOD.split(".")
    assert is_refused(f"{head}.{body}.")


def test_a_secret_made_of_the_public_key_is_refused():
    head, body = part({"alg": "HS256", "typ": "JWT"}), GOOD.split(".")[1]
    signature = hmac.new(PUBLIC, f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert is_refused(f"{head}.{body}.{part(signature)}")


def test_a_token_may_be_so_long_and_no_longer():
    fits = tokens.sign(KEY, {**CLAIMS, "x": "y" * 11_000})
    assert len(fits) <= LONGEST
    assert not is_refused(fits)
    assert is_refused(tokens.sign(KEY, {**CLAIMS, "x": "y" * 12_000}))


@pytest.mark.parametrize("deep", ["[" * 9_000, '{"a":' * 2_000])
def test_json_that_is_nested_too_deep_is_refused(deep):
    assert is_refused(f"{part(deep.encode())}.{part(deep.encode())[:3000]}.{part(b'x')}")


@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=255))
def test_one_changed_character_is_refused(at, instead):
    token = GOOD[:at] + instead + GOOD[at + 1 :]
    # The last character of a part has bits that nothing is made of.
    assert is_refused(token) or token == GOOD or tokens.read(KEY, token, TENANT) == CLAIMS


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_no_text_is_a_token_or_raises_otherwise(text):
    assert is_refused(text)


@given(ANY_JSON, ANY_JSON, st.binary(max_size=300))
def test_no_three_parts_are_a_token_or_raise_otherwise(head, body, signature):
    assert is_refused(f"{part(head)}.{part(body)}.{part(signature)}")
    assert is_refused(f"{part({'alg': 'RS256', 'x': head})}.{part(body)}.{part(signature)}")


@given(st.sampled_from(["aud", "tid"]), ANY_JSON)
def test_no_other_value_of_what_is_compared_is_taken(claim, value):
    assert is_refused(tokens.sign(KEY, {**CLAIMS, claim: value}))
