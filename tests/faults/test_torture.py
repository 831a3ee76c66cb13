"""The connection of a stream is dropped at every event in turn; whoever resumes ends with the identical response."""

import openai
import pytest

from tests.faults.meeting import HOW

HARD = ("reset; at_event={}", "cut; at_event={}", "cut; clean=false; at_event={}", "bad_chunk; at_event={}")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("fault", HARD)
def test_a_resumed_stream_ends_with_the_identical_response(place, how, fault):
    whole = place.meet(how, stream=True, background=True, input="one two three")
    for index in range(1, len(whole.events)):
        seen = place.meet(how, fault.format(index), stream=True, background=True, input="one two three")
        assert len(seen.events) == index
        assert seen.failure is None or isinstance(seen.failure, openai.APIConnectionError)
        response_id, last = seen.events[0].response.id, seen.events[-1].sequence_number
        rest = place.ask(how, lambda client, response_id=response_id, last=last: client.responses.retrieve(
            response_id, stream=True, starting_after=last
        ))  # fmt: skip
        assert rest.failure is None
        numbers = [event.sequence_number for event in (*seen.events, *rest.events)]
        assert numbers == list(range(len(whole.events)))
        kept = place.ask(how, lambda client, response_id=response_id: client.responses.retrieve(response_id)).response
        assert rest.events[-1].response.to_dict() == kept.to_dict()
        assert kept.output_text == whole.events[-1].response.output_text
