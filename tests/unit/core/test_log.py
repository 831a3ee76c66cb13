import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.fold import fold
from emulator.core.log import EventLog
from emulator.core.states import ENDED, STATUSES, TRANSITIONS, LogClosed, check_move

END = "response.completed"


def new_log(status="in_progress", **options):
    return EventLog({"id": "resp_1", "status": status, "output": []}, **options)


def test_numbers_begin_at_zero_and_have_no_gap():
    log = new_log("queued")
    lines = [
        log.append("response.created", response={}),
        log.append("response.in_progress", response={"status": "in_progress"}),
        log.append("response.output_text.delta", delta="a"),
        log.append(END, response={"status": "completed"}),
    ]
    assert [orjson.loads(line)["sequence_number"] for line in lines] == [0, 1, 2, 3]
    assert log.next_seq == 4


def test_a_lifecycle_event_carries_the_whole_response():
    line = new_log().append("response.created", response={})
    assert orjson.loads(line)["response"] == {"id": "resp_1", "status": "in_progress", "output": []}


def test_the_type_stands_first_in_a_line_because_views_look_for_it_there():
    assert (
        new_log()
        .append("response.output_text.delta", delta="x")
        .startswith(b'{"type":"response.output_text.delta","sequence_number":0,')
    )


@pytest.mark.parametrize("status", sorted(ENDED))
def test_a_log_that_has_ended_takes_no_more_events(status):
    log = new_log(status)
    with pytest.raises(LogClosed):
        log.append("response.output_text.delta", delta="x")
    assert log.next_seq == 0


@pytest.mark.parametrize("seen", sorted(STATUSES))
@pytest.mark.parametrize("then", sorted(STATUSES))
def test_the_table_of_transitions_is_the_only_way(seen, then):
    if then in TRANSITIONS[seen]:
        check_move(seen, then)
    else:
        with pytest.raises(LogClosed):
            check_move(seen, then)


def test_a_run_that_is_in_progress_never_becomes_queued_again():
    with pytest.raises(LogClosed):
        new_log().append("response.queued", response={"status": "queued"})


def test_an_item_out_of_order_is_refused():
    with pytest.raises(ValueError, match="item 1 is done"):
        new_log().append("response.output_item.done", output_index=1, item={})


@given(st.lists(st.text(max_size=5), max_size=5), st.integers(0, 20))
def test_what_is_saved_is_folded_again_but_not_encoded_again(texts, saved):
    whole, resumed = new_log(), new_log(saved=saved)
    lines = []
    for log in (whole, resumed):
        written = [log.append("response.created", response={})]
        for index, text in enumerate(texts):
            written.append(log.append("response.output_item.done", output_index=index, item={"text": text}))
        written.append(log.append(END, response={"status": "completed"}))
        lines.append(written)
    assert lines[1] == [line if number >= saved else b"" for number, line in enumerate(lines[0])]
    assert whole.fold() == resumed.fold()
    assert fold([orjson.loads(line) for line in lines[0]]) == whole.response
