"""The law of the short way: a run that nobody listens to comes to what its log comes to."""

from dataclasses import replace

from hypothesis import given

from emulator.core.log import EventLog
from emulator.run.outcome import end_at_once
from emulator.run.timeline import Gates, timeline
from emulator.script.planning import UNSEEN
from tests.plans import RESPONSE_ID, STARTED, empty_response, plans


@given(plans)
def test_ending_at_once_is_folding_the_whole_timeline(plan):
    plan = replace(plan, pace=UNSEEN)
    log, short = EventLog(empty_response()), empty_response()
    for due in timeline(plan, RESPONSE_ID, STARTED, background=False, gates=Gates()):
        log.emit(due.type, due.fields)
    assert end_at_once(plan, short, STARTED) == due.at
    assert short == log.response
    assert list(short) == list(log.response)
