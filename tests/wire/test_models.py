"""The list of models is the how-to page's table, and every other name is a model too unless the settings say no."""

import openai
import pytest

from emulator.core.deployments import BY_NAME, TABLE


def test_the_list_holds_every_model_of_the_table_by_both_names(client):
    ids = [model.id for model in client.models.list()]
    assert ids == list(BY_NAME)
    assert {"gpt-4o", "gpt-4o-2024-08-06", "gpt-5-codex-2025-09-11", "o4-mini-2025-04-16"} <= set(ids)
    assert len(ids) == len(set(ids)) == len(TABLE) + sum(len(row.versions) for row in TABLE)


@pytest.mark.parametrize("path", ["/openai/v1", "/openai", "/v1"])
def test_a_model_of_the_list_is_what_is_retrieved(server, path):
    http = server.http(path)
    for model in http.get("/models").json()["data"]:
        assert http.get(f"/models/{model['id']}").json() == model
        assert isinstance(model["created"], int)
        assert list(model)[:4] == ["id", "object", "created", "owned_by"]


def test_the_azure_dialect_says_what_a_model_can_do(server):
    azure, plain = server.http("/openai/v1"), server.http("/v1")
    model = azure.get("/models/o3-mini").json()
    assert (model["status"], model["lifecycle_status"]) == ("succeeded", "generally-available")
    able = model["capabilities"]
    assert (able["inference"], able["reasoning"], able["vision"]) == (True, True, False)
    assert able["context_window"] == 200_000
    assert azure.get("/models/gpt-4o").json()["capabilities"]["model"] == "gpt-4o-2024-08-06"
    assert azure.get("/models/gpt-image-1").json()["capabilities"]["image_generation"] is True
    assert set(plain.get("/models/o3-mini").json()) == {"id", "object", "created", "owned_by"}


@pytest.mark.parametrize("name", ["my-deployment", "ft:gpt-4o:team/1", "模型"])
def test_any_other_name_is_a_model_too(client, name):
    assert client.models.retrieve(name).id == name


def test_only_the_configured_deployments_are_there(start_server):
    server = start_server(deployments=("chat", "gpt-4o"))
    client = server.client()
    assert [model.id for model in client.models.list()] == ["chat", "gpt-4o"]
    assert client.models.retrieve("chat").id == "chat"
    with pytest.raises(openai.NotFoundError) as azure:
        client.models.retrieve("o3")
    assert azure.value.code == "DeploymentNotFound"
    with pytest.raises(openai.NotFoundError) as plain:
        server.client("/v1").models.retrieve("o3")
    assert (plain.value.code, plain.value.param) == ("model_not_found", "model")
