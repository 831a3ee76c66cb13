"""The pytest plugin in projects of users: isolation, environment, marker, ini options, what a failure shows."""

import pytest

from emulator.testing import Emulator
from tests.plugin.conftest import ROOT

pytest_plugins = ["pytester"]


def test_each_test_has_a_namespace_and_an_environment_of_its_own(project, run):
    project.makepyfile(
        """
        import os
        import openai

        NAMES = set()

        def test_one(emulator):
            NAMES.add(emulator.name)
            with openai.OpenAI() as client:
                made = client.responses.create(model="gpt-4o", input="hello")
            assert emulator.client().responses.retrieve(made.id).id == made.id
            assert os.environ["OPENAI_BASE_URL"] == emulator.base_url

        def test_two(emulator):
            NAMES.add(emulator.name)
            assert len(NAMES) == 2
            assert os.environ["OPENAI_BASE_URL"] == emulator.base_url
            assert os.environ["AZURE_OPENAI_ENDPOINT"] == emulator.azure_endpoint
            assert os.environ["OPENAI_API_KEY"] == os.environ["AZURE_OPENAI_API_KEY"] == emulator.api_key
            assert os.environ["OPENAI_API_VERSION"]

        def test_after_it_the_environment_is_as_before():
            assert "OPENAI_BASE_URL" not in os.environ

        def test_all_share_one_server(emulator, emulator_server):
            assert emulator.url == emulator_server.url
            assert emulator.name != emulator_server.name
        """
    )
    run("-W", "error").assert_outcomes(passed=4)


def test_what_a_test_sets_itself_goes_back_too(project, run):
    project.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.emulator
        def test_it_had_its_own_first(monkeypatch):
            monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere")

        def test_it_is_as_before():
            assert "OPENAI_BASE_URL" not in os.environ

        def test_it_had_it_later(emulator, request):
            request.getfixturevalue("monkeypatch").setenv("OPENAI_BASE_URL", "http://elsewhere")

        def test_it_is_as_before_again():
            assert "OPENAI_BASE_URL" not in os.environ
        """
    )
    run("-W", "error").assert_outcomes(passed=4)


def test_the_marker_sets_the_namespace_up(project, run):
    project.makefile(".yaml", scripts="- when: {input: hello}\n  then: [{message: From the file.}]\n")
    project.makepyfile(
        """
        import openai
        import pytest

        @pytest.mark.emulator(fixtures="scripts.yaml", unmatched="reject")
        class TestScripted:
            def test_a_file_lies_beside_the_test(self, emulator):
                assert emulator.client().responses.create(model="gpt-4o", input="hello").output_text == "From the file."

            def test_what_does_not_match_is_refused(self, emulator):
                with pytest.raises(openai.NotFoundError, match="No fixture matched"):
                    emulator.client().responses.create(model="gpt-4o", input="bye")

            @pytest.mark.emulator(unmatched="answer")
            def test_the_closest_marker_wins(self, emulator):
                assert emulator.client().responses.create(model="gpt-4o", input="bye").output_text

        @pytest.mark.emulator(clock="2025-01-01T00:00:00Z")
        def test_it_needs_no_argument():
            with openai.OpenAI() as client:
                assert client.responses.create(model="gpt-4o", input="hello").created_at == 1735689600
        """
    )
    run().assert_outcomes(passed=4)


def test_a_marker_that_makes_no_sense_is_an_error_in_one_line(project, run):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.emulator(fixture=[])
        def test_unknown(emulator): ...

        @pytest.mark.emulator("scripts.yaml")
        def test_no_keyword(emulator): ...
        """
    )
    result = run()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["*the marker emulator knows fixtures, unmatched, clock=..., not fixture", "*, not scripts.yaml"]
    )


def test_the_ini_file_has_fixtures_for_every_test(project, run):
    project.makefile(".yaml", scripts="- when: {input: hello}\n  then: [{message: From the file.}]\n")
    project.makeini("[pytest]\nemulator_fixtures = scripts.yaml\nemulator_unmatched = reject\n")
    project.makepyfile(
        """
        import openai
        import pytest

        def test_scripted(emulator):
            assert emulator.client().responses.create(model="gpt-4o", input="hello").output_text == "From the file."
            with pytest.raises(openai.NotFoundError):
                emulator.client().responses.create(model="gpt-4o", input="bye")
        """
    )
    run().assert_outcomes(passed=1)


@pytest.mark.parametrize("way", ["flag", "ini", "variable"])
def test_a_server_that_runs_elsewhere_is_shared(project, run, monkeypatch, way):
    project.makefile(".yaml", scripts="- when: {input: hello}\n  then: [{message: From the file.}]\n")
    project.makepyfile(
        """
        def test_it(emulator, record_property):
            assert emulator.client().responses.create(model="gpt-4o", input="hello").output_text == "From the file."
            record_property("url", emulator.url)
            print("url", emulator.url)
        """
    )
    ini = "[pytest]\nemulator_fixtures = scripts.yaml\n"
    with Emulator() as server:
        if way == "variable":
            monkeypatch.setenv("EMULATOR_URL", server.url)
        project.makeini(ini + (f"emulator_url = {server.url}\n" if way == "ini" else ""))
        result = run("-s", *(["--emulator-url", server.url] if way == "flag" else []))
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([f"*url {server.url}"])


def test_a_failed_test_shows_what_it_asked_for_and_why_nothing_matched(project, run):
    project.makepyfile(
        """
        import openai
        import pytest

        @pytest.fixture
        def app(emulator):
            emulator.when(input="weather").then({"message": "Sunny."}, name="tell the weather")
            return emulator.client()

        @pytest.mark.emulator(unmatched="reject")
        def test_it(app):
            app.models.list()
            app.responses.create(model="gpt-4o", input="wether")

        def test_good(app):
            app.models.list()
        """
    )
    result = run()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*- Responses emulator -*",
            "GET /models 200",
            "POST /responses 404",
            "*No fixture matched*tell the weather*",
        ]
    )


def test_it_stops_at_once_with_streams_open(project, run):
    project.makepyfile(
        """
        def test_it(emulator):
            emulator.when(input="story").then({"message": "Once upon a time"}, stream={"every": "1h"})
            emulator.open = emulator.client().responses.create(model="gpt-4o", input="story", stream=True)
            assert next(emulator.open).type == "response.created"
        """
    )
    result = run()
    result.assert_outcomes(passed=1)
    assert result.duration < 20


def test_nothing_is_imported_until_it_is_used(project, run_process):
    project.makepyfile(
        """
        import sys

        def test_it():
            assert "emulator.pytest_plugin" in sys.modules
            heavy = {"emulator.testing", "emulator.settings", "openai", "pydantic", "sqlalchemy", "starlette"}
            assert not (heavy | {"uvicorn"}) & set(sys.modules)
        """
    )
    run_process().assert_outcomes(passed=1)


def test_pytest_does_not_compile_the_package_anew(project, run_process):
    project.makeconftest('import pytest\n\npytest.register_assert_rewrite("emulator")\n')
    project.makepyfile(
        """
        import emulator.testing

        def test_it():
            assert type(emulator.testing.__loader__).__name__ == "SourceFileLoader"
        """
    )
    run_process("-W", "ignore::pytest.PytestAssertRewriteWarning").assert_outcomes(passed=1)


def test_it_serves_async_tests(project, run):
    project.makepyfile(
        """
        import asyncio
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_it(emulator):
            async with emulator.async_client() as client:
                made = await client.responses.create(model="gpt-4o", input="x", background=True)
                emulator.responses[made.id].complete()
                assert (await client.responses.retrieve(made.id)).status == "completed"
            await asyncio.to_thread(emulator.assert_called, exactly=1, within="2s")
        """
    )
    run("-W", "error").assert_outcomes(passed=1)


def test_the_example_of_the_tutorial_passes(project, run):
    for file in (ROOT / "tests" / "example").glob("*.py"):
        (project.path / file.name).write_text(file.read_text())
    run("-W", "error").assert_outcomes(passed=4)


def test_four_workers_share_a_server_without_cross_talk(project, run_process):
    project.makepyfile(
        """
        import json
        import urllib.request
        import pytest

        def ask(emulator, **body):
            data = json.dumps({"model": "gpt-4o", **body}).encode()
            headers = {"api-key": emulator.api_key, "content-type": "application/json"}
            request = urllib.request.Request(emulator.base_url + "/responses", data, headers)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)

        @pytest.mark.parametrize("number", range(200))
        def test_it(emulator, number):
            emulator.clock.freeze(1_700_000_000 + number)
            emulator.when(input="same words").sequence(
                {"message": f"first of {number}"}, {"message": f"second of {number}"}
            )
            first = ask(emulator, input="the same words")
            second = ask(emulator, input="the same words", previous_response_id=first["id"])
            said = [made["output"][0]["content"][0]["text"] for made in (first, second)]
            assert said == [f"first of {number}", f"second of {number}"]
            assert first["created_at"] == 1_700_000_000 + number
            assert [seen.response_id for seen in emulator.requests] == [second["id"], first["id"]]
            assert [each.hits for each in emulator.fixtures] == [2]
        """
    )
    with Emulator() as server:
        result = run_process("-n", "4", "--emulator-url", server.url)
    result.assert_outcomes(passed=200)


def test_workers_have_a_server_each_without_one_to_share(project, run_process):
    project.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(emulator, number):
            assert os.environ["PYTEST_XDIST_WORKER"]
            assert emulator.clock.mode == "real"
        """
    )
    run_process("-n", "2").assert_outcomes(passed=6)


def test_the_ini_file_has_settings_for_the_server(project, run):
    project.makeini("[pytest]\nemulator_settings =\n  entra = only\n  retention=1h\n")
    project.makepyfile(
        """
        import os
        import openai
        import pytest
        from azure.identity import ManagedIdentityCredential, get_bearer_token_provider

        def test_a_managed_identity_is_all_that_it_takes(emulator):
            with ManagedIdentityCredential() as credential:
                provider = get_bearer_token_provider(credential, "https://ai.azure.com/.default")
                with openai.OpenAI(base_url=os.environ["OPENAI_BASE_URL"], api_key=provider) as client:
                    assert client.responses.create(model="gpt-4o", input="hello").output_text

        def test_a_key_is_none(emulator):
            with pytest.raises(openai.PermissionDeniedError):
                emulator.client(max_retries=0).models.list()
        """
    )
    run("-W", "error").assert_outcomes(passed=2)


def test_a_setting_that_does_not_exist_is_an_error_in_one_line(project, run):
    project.makeini("[pytest]\nemulator_settings = entro = only\n")
    project.makepyfile("def test_it(emulator): ...")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Responses emulator: there is no setting 'entro': did you mean entra?*"])
