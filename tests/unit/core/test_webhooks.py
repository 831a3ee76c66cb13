"""Webhooks as values: the official client accepts every signature, ids are the same each time, pauses grow and end."""

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import machine_time
from emulator.core.ids import new_signing_secret
from emulator.core.states import ENDED
from emulator.core.webhooks import (
    ENDINGS,
    EVENTS,
    MOST_ATTEMPTS,
    PAUSES,
    body_of,
    delivery_id,
    event_id,
    headers_of,
    pause_after,
)
from emulator.settings import TABLE

CLIENT = openai.OpenAI(api_key="k")
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@given(NAMES, NAMES, st.sampled_from(EVENTS), st.integers(0, 2**40))
def test_the_official_client_accepts_what_is_signed_and_nothing_else(response_id, webhook_id, event, created_at):
    secret, body, at = new_signing_secret(), body_of(response_id, event, created_at), int(machine_time())
    headers = headers_of(delivery_id(event_id(response_id, event), webhook_id), body, secret, at)
    told = CLIENT.webhooks.unwrap(body, headers, secret=secret)
    assert (told.type, told.data.id, told.created_at) == (event, response_id, created_at)
    for changed in (
        {**headers, "webhook-id": "wh_other"},
        {**headers, "webhook-timestamp": str(at + 1)},
    ):
        with pytest.raises(openai.InvalidWebhookSignatureError):
            CLIENT.webhooks.unwrap(body, changed, secret=secret)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        CLIENT.webhooks.unwrap(body + b" ", headers, secret=secret)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        CLIENT.webhooks.unwrap(body, headers, secret=new_signing_secret())


def test_a_secret_that_is_made_can_be_set():
    made = {new_signing_secret() for _ in range(200)}
    assert len(made) == 200
    for secret in made:
        assert TABLE["webhook_secret"].parse(secret) == secret


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_" + "a" * 31, "whsec_" + "a" * 92, "whsec_" + "?" * 40,
                                    "c2VjcmV0" * 4, "whsec_" + "a" * 32 + "\n", "whsec_" + "a" * 33 + "="])  # fmt: skip
def test_a_secret_that_cannot_sign_cannot_be_set(secret):
    with pytest.raises(ValueError, match="is no signing secret"):
        TABLE["webhook_secret"].parse(secret)


def test_there_is_an_event_for_each_way_to_end():
    assert set(ENDINGS) == ENDED


@given(NAMES, NAMES)
def test_ids_are_the_same_each_time_and_differ_by_what_they_are_of(response_id, webhook_id):
    ids = {event_id(response_id, event) for event in EVENTS}
    assert len(ids) == len(EVENTS)
    assert ids == {event_id(response_id, event) for event in EVENTS}
    assert len({delivery_id(one, webhook_id) for one in ids}) == len(EVENTS)


def test_pauses_grow_and_end():
    pauses = [pause_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert pauses == sorted(PAUSES) == list(PAUSES)
    assert pause_after(MOST_ATTEMPTS) is None
