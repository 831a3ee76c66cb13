import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.ids import Ids, ItemIds, as_uuid, padding

NOW = 1_763_000_000.5


def test_a_response_id_has_the_shape_of_autumn_2025():
    assert re.fullmatch(r"resp_[0-9a-f]{16}00[0-9a-f]{32}", Ids().response(NOW))


def test_a_chained_response_keeps_the_partition_of_its_parent():
    ids = Ids()
    parent = ids.response(NOW)
    child = ids.response(NOW, parent)
    assert child != parent
    assert child[:23] == parent[:23]


def test_a_parent_of_the_old_form_gives_no_partition():
    child = Ids().response(NOW, "resp_67cb61fa3a448190bcf2c42d96f0d1a8")
    assert len(child) == len("resp_") + 50


@given(st.text(min_size=1, max_size=20))
def test_the_same_seed_gives_the_same_ids(seed):
    one, other = Ids(seed), Ids(seed)
    assert [one.response(NOW), one.digits()] == [other.response(NOW), other.digits()]


def test_items_share_the_head_of_their_response():
    response_id = Ids().response(NOW)
    item_id = ItemIds(response_id).item("msg_")
    assert len(item_id) == len("msg_") + 50
    assert item_id[4:22] == response_id[5:23]


@pytest.mark.parametrize("response_id", ["resp_67cb61fa3a448190bcf2c42d96f0d1a8", Ids("s").response(NOW)])
def test_item_ids_are_the_same_each_time_and_never_twice(response_id):
    def some(stream):
        ids = ItemIds(response_id, stream)
        return [ids.item("msg_") for _ in range(50)] + [ids.call() for _ in range(50)]

    assert some("out") == some("out")
    assert len(set(some("out") + some("in"))) == 200


def test_digits_can_be_written_as_a_uuid():
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", as_uuid(Ids().digits()))


def test_a_token_has_letters_and_digits_only():
    assert re.fullmatch(r"assistant-[0-9A-Za-z]{22}", Ids().token("assistant-", 22))


def test_padding_depends_on_the_response_only():
    assert padding("resp_1") == padding("resp_1") != padding("resp_2")
    assert re.fullmatch(r"[0-9A-Za-z]{64}", padding("resp_1"))
