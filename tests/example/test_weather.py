"""Tests of the app: the plugin sets OPENAI_BASE_URL, so the app's own client reaches the test's own emulator."""

import openai
from weather import ask, tell

from emulator.testing import error, function_call, message


def test_the_agent_uses_its_tool(emulator):
    emulator.when(input="weather").then(function_call("get_weather", location="Oslo"))
    emulator.when(tool_output="get_weather").then(message("It is {{ tool_output.temperature }} degrees in Oslo."))
    assert ask("What is the weather in Oslo?") == "It is 18 degrees in Oslo."
    emulator.assert_called({"tools": ["get_weather"]}, exactly=2)
    emulator.assert_all_fixtures_used()


def test_the_agent_waits_when_it_is_told_to(emulator):
    emulator.when(input="hello").sequence(error(429, retry_after_ms=1), message("Here you are."))
    assert ask("hello") == "Here you are."
    assert [seen.status for seen in emulator.requests] == [200, 429]  # newest first


def test_a_job_ends_when_its_time_has_come(emulator):
    emulator.clock.freeze()
    emulator.when(background=True).then(message("Done."), background={"queued": "1h"})
    client = emulator.client()
    job = client.responses.create(model="o3", input="A long job", background=True)
    assert client.responses.retrieve(job.id).status == "queued"
    emulator.clock.advance("1h")
    assert client.responses.retrieve(job.id).output_text == "Done."
    emulator.clock.advance("30d")  # and a month later it is gone
    try:
        client.responses.retrieve(job.id)
    except openai.NotFoundError:
        return
    raise AssertionError(job.id)


def test_a_cut_stream_is_taken_up_where_it_broke(emulator):
    emulator.when(input="story").then(message("Once upon a time there was a cat."), stream={"chunk": "word"})
    emulator.faults.add("cut", at_event=6, clean=True, times=1)
    assert "".join(tell("Tell me a story")) == "Once upon a time there was a cat."
    assert [seen.method for seen in emulator.requests] == ["GET", "POST"]
