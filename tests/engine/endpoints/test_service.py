import time

import joblib
import pytest
from google.api_core import exceptions
from google.protobuf import json_format

from tests.engine.local_api import MACHINE, PARENT, LocalApi, refusal
from vertex_flow.engine.api.errors import out_of_disk


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture
def endpoint(api):
    return api.create_endpoint()


@pytest.fixture(scope="module")
def rose(api):
    return api.upload_flowers("rose")


@pytest.fixture(scope="module")
def garden(api, rose):
    """An endpoint that serves roses."""
    endpoint = api.create_endpoint("garden")
    api.deploy(endpoint, rose)
    return endpoint


def said(api, endpoint):
    return api.predict(endpoint, {"instances": [1]}).json()["predictions"][0][0]


def status(api, endpoint):
    """How the server of an endpoint's only deployed model is doing."""
    return api.endpoints.get_endpoint(name=endpoint).deployed_models[0].status


def crash(api, endpoint, until, times):
    """Crash a server; each but the last time it is waited for until it can be asked again."""
    for _ in range(times):
        until(lambda: status(api, endpoint).available_replica_count == 1)
        last = api.predict(endpoint, {"instances": ["crash"]})
    return last


def log_of(api, endpoint, deployed_id):
    return api.home.log("endpoints", endpoint.rpartition("/")[2], deployed_id)


def test_an_endpoint_is_created_and_read(api):
    name = api.create_endpoint("own")

    assert api.endpoints.get_endpoint(name=name).display_name == "own"


def test_an_id_of_the_users_own_is_kept(api):
    operation = api.endpoints.create_endpoint(
        parent=PARENT, endpoint={"display_name": "x"}, endpoint_id="own-id"
    )

    assert api.finish(operation).name == f"{PARENT}/endpoints/own-id"


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"endpoint": {}}, "display_name is required."),
        (
            {"endpoint": {"display_name": "x"}, "endpoint_id": "Own"},
            "endpoint_id 'Own' is invalid: use up to 63 lower-case letters, digits and hyphens "
            "with a letter first and no hyphen last, or up to 10 digits.",
        ),
        (
            {"endpoint": {"display_name": "x", "traffic_split": {"1": 100}}},
            "A new Endpoint has neither deployed_models nor a traffic_split: deploy a model with "
            "deployModel.",
        ),
    ],
)
def test_an_endpoint_that_lacks_something_is_refused(api, request_, text):
    call = api.endpoints.create_endpoint

    assert refusal("INVALID_ARGUMENT", call, {"parent": PARENT, **request_}) == text


def test_a_private_endpoint_is_refused(api):
    text = refusal(
        "INVALID_ARGUMENT",
        api.endpoints.create_endpoint,
        parent=PARENT,
        endpoint={"display_name": "x", "network": "projects/1/global/networks/n"},
    )

    assert "does not support 'endpoint.network'" in text


def test_endpoints_are_listed(api, endpoint):
    assert endpoint in [each.name for each in api.endpoints.list_endpoints(parent=PARENT)]


def test_a_patch_changes_what_the_mask_names(api, endpoint):
    changed = api.endpoints.update_endpoint(
        endpoint={"name": endpoint, "display_name": "new", "labels": {"a": "b"}},
        update_mask={"paths": ["labels"]},
    )

    assert (changed.display_name, dict(changed.labels)) == ("flowers", {"a": "b"})


def test_an_endpoint_is_deleted(api, endpoint):
    api.endpoints.delete_endpoint(name=endpoint).result(timeout=60)

    text = refusal("NOT_FOUND", api.endpoints.get_endpoint, name=endpoint)
    assert text == f'The Endpoint "{endpoint}" does not exist.'


def test_an_endpoint_with_a_model_is_not_deleted(api, garden):
    text = refusal("FAILED_PRECONDITION", api.endpoints.delete_endpoint, name=garden)

    [deployed] = api.endpoints.get_endpoint(name=garden).deployed_models
    assert text == (
        f'Endpoint "{garden}" has deployed or being-deployed DeployedModel(s): {deployed.id}. '
        "Undeploy them first."
    )


def test_a_prediction_says_who_gave_it(api, garden, rose):
    answer = api.predict(garden, {"instances": [1, 2], "parameters": {"a": 1}}).json()

    [deployed] = api.endpoints.get_endpoint(name=garden).deployed_models
    assert answer == {
        "predictions": [["rose", {"a": 1}]] * 2,
        "metadata": {"a": 1},
        "deployedModelId": deployed.id,
        "model": rose,
        "modelDisplayName": "iris",
        "modelVersionId": "1",
    }


def test_googles_client_predicts(api, garden):
    answer = api.predictions.predict(endpoint=garden, instances=[1])

    assert json_format.MessageToDict(answer._pb)["predictions"] == [["rose", None]]


def test_the_container_contract_is_kept(api, garden):
    asked = ("AIP_MODE", "AIP_FRAMEWORK", "AIP_STORAGE_URI", "AIP_VERSION_NAME")
    came = [
        api.predict(garden, {"instances": [f"env:{name}"]}).json()["predictions"][0]
        for name in asked
    ]

    [deployed] = api.endpoints.get_endpoint(name=garden).deployed_models
    assert came == ["PREDICTION", "CUSTOM_CONTAINER", "", deployed.id]


def test_a_raw_prediction_is_passed_through(api, garden):
    answer = api.http.post(
        f"{garden}:rawPredict", content=b"petals", headers={"content-type": "text/plain"}
    )

    assert answer.json() == {"length": 6}


def test_a_raw_prediction_says_who_gave_it(api, garden, rose):
    answer = api.http.post(f"{garden}:rawPredict", json={"instances": [1]})

    assert (
        answer.headers["x-vertex-ai-model"],
        answer.headers["x-vertex-ai-model-version-id"],
    ) == (
        rose,
        "1",
    )


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ("bad", (400, "INVALID_ARGUMENT", "no such flower")),
        ("broken", (500, "INTERNAL", "out of petals")),
        (
            "odd",
            (
                500,
                "INTERNAL",
                'The model server did not answer with JSON of the form {"predictions": [...]}: '
                "b'[\"not an object\"]'",
            ),
        ),
    ],
)
def test_a_servers_error_reaches_the_caller(api, garden, instance, expected):
    assert api.error(api.predict(garden, {"instances": [instance]})) == expected


def test_a_prediction_that_takes_too_long_is_given_up(api, rose):
    operation = api.endpoints.create_endpoint(
        parent=PARENT,
        endpoint={
            "display_name": "hasty",
            "client_connection_config": {"inference_timeout": {"seconds": 1}},
        },
    )
    endpoint = api.finish(operation).name
    api.deploy(endpoint, rose)
    came = api.error(api.predict(endpoint, {"instances": ["slow"]}))

    assert came == (504, "DEADLINE_EXCEEDED", "The prediction took more than 1 s.")


def test_a_deployment_that_cannot_be_stored_leaves_the_endpoint_free(api, rose, monkeypatch):
    endpoint = api.create_endpoint()

    def refuse(message):
        raise out_of_disk()

    with monkeypatch.context() as patch:
        patch.setattr(api.store, "save", refuse)
        refusal("RESOURCE_EXHAUSTED", api.deploy, endpoint, rose)

    api.finish(api.endpoints.delete_endpoint(name=endpoint))


def test_a_cancelled_deployment_stops_the_server(api, endpoint):
    operation = api.endpoints.deploy_model(
        endpoint=endpoint,
        deployed_model={
            "model": api.upload_flowers("hang"),
            "dedicated_resources": MACHINE,
            "id": "6",
        },
    )
    api.http.post(f"{operation.operation.name}:cancel")

    with pytest.raises(exceptions.Cancelled):
        api.finish(operation)


def test_explanations_are_refused(api, garden):
    came = api.error(api.http.post(f"{garden}:explain", json={"instances": [1]}))

    assert came[:2] == (501, "UNIMPLEMENTED")


def test_an_endpoint_without_a_model_cannot_predict(api, endpoint):
    came = api.error(api.predict(endpoint, {"instances": [1]}))

    text = f'Endpoint "{endpoint}" has no deployed model: deploy one first.'
    assert came == (400, "FAILED_PRECONDITION", text)


def test_an_endpoint_without_traffic_cannot_predict(api, endpoint, rose):
    api.deploy(endpoint, rose, split={})
    came = api.error(api.predict(endpoint, {"instances": [1]}))

    assert came[2].startswith(f'Endpoint "{endpoint}" has an empty traffic_split')


def test_an_unknown_endpoint_is_not_found(api):
    came = api.error(api.predict(f"{PARENT}/endpoints/1", {"instances": [1]}))

    assert came == (404, "NOT_FOUND", f'The Endpoint "{PARENT}/endpoints/1" does not exist.')


def test_traffic_is_split(api, endpoint, rose):
    first = api.deploy(endpoint, rose)
    api.deploy(endpoint, api.upload_flowers("lily"), split={first.id: 50, "0": 50})

    assert {said(api, endpoint) for _ in range(40)} == {"rose", "lily"}


def test_traffic_moves_by_a_patch(api, endpoint, rose):
    api.deploy(endpoint, rose)
    second = api.deploy(endpoint, api.upload_flowers("lily"), split={})
    api.endpoints.update_endpoint(
        endpoint={"name": endpoint, "traffic_split": {second.id: 100}},
        update_mask={"paths": ["traffic_split"]},
    )

    assert said(api, endpoint) == "lily"


def test_a_patch_to_an_unknown_model_is_refused(api, garden):
    text = refusal(
        "INVALID_ARGUMENT",
        api.endpoints.update_endpoint,
        endpoint={"name": garden, "traffic_split": {"7": 100}},
        update_mask={"paths": ["traffic_split"]},
    )

    assert text.startswith("traffic_split names '7', which is not deployed here:")


def test_a_model_is_undeployed(api, endpoint, rose):
    deployed = api.deploy(endpoint, rose)
    api.undeploy(endpoint, deployed.id, {})

    assert list(api.endpoints.get_endpoint(name=endpoint).deployed_models) == []


def test_undeploying_stops_the_server(api, endpoint, rose):
    deployed = api.deploy(endpoint, rose)
    port = api.predict(endpoint, {"instances": ["env:AIP_HTTP_PORT"]}).json()["predictions"][0]
    api.undeploy(endpoint, deployed.id, {})

    import httpx

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_undeploying_what_is_not_there_lists_what_is(api, garden):
    text = refusal(
        "INVALID_ARGUMENT",
        api.endpoints.undeploy_model,
        endpoint=garden,
        deployed_model_id="7",
        traffic_split={},
    )

    assert text.startswith(f"Endpoint \"{garden}\" has no DeployedModel '7'; deployed: ")


def test_a_version_is_deployed_by_its_alias(api, endpoint, rose):
    deployed = api.deploy(endpoint, f"{rose}@default")

    assert (deployed.model, deployed.model_version_id) == (rose, "1")


def test_a_deployed_model_takes_the_models_name(api, endpoint, rose):
    assert api.deploy(endpoint, rose).display_name == "iris"


def test_a_deployed_model_has_no_status_of_the_users_own(api, endpoint, rose):
    deployed = api.deploy(endpoint, rose, status={"message": "mine"})

    assert "status" not in deployed


def test_a_deployed_model_keeps_an_id_of_the_users_own(api, endpoint, rose):
    assert api.deploy(endpoint, rose, id="42").id == "42"


@pytest.mark.parametrize(
    ("deployed", "text"),
    [
        (
            {},
            "deployed_model.dedicated_resources is required: set machine_spec.machine_type, for "
            "example n1-standard-2, and min_replica_count.",
        ),
        (
            {"dedicated_resources": {"min_replica_count": 1}},
            "deployed_model.dedicated_resources.machine_spec.machine_type is required, for "
            "example n1-standard-2.",
        ),
        (
            {"dedicated_resources": {"machine_spec": {"machine_type": "n1-standard-2"}}},
            "deployed_model.dedicated_resources.min_replica_count has to be at least 1.",
        ),
        (
            {"dedicated_resources": MACHINE, "id": "rose"},
            "deployed_model.id 'rose' is invalid: use digits only.",
        ),
    ],
)
def test_a_deployment_that_lacks_something_is_refused(api, endpoint, rose, deployed, text):
    came = refusal(
        "INVALID_ARGUMENT",
        api.endpoints.deploy_model,
        endpoint=endpoint,
        deployed_model={"model": rose, **deployed},
    )

    assert came == text


def test_automatic_resources_are_refused(api, endpoint, rose):
    text = refusal(
        "INVALID_ARGUMENT",
        api.endpoints.deploy_model,
        endpoint=endpoint,
        deployed_model={"model": rose, "automatic_resources": {"min_replica_count": 1}},
    )

    assert "does not support 'deployed_model.automatic_resources'" in text


def test_replica_counts_that_contradict_are_refused(api, endpoint, rose):
    text = refusal(
        "FAILED_PRECONDITION",
        api.endpoints.deploy_model,
        endpoint=endpoint,
        deployed_model={
            "model": rose,
            "dedicated_resources": {**MACHINE, "min_replica_count": 2, "max_replica_count": 1},
        },
    )

    assert text.endswith("max_replica_count 1 is below min_replica_count 2.")


def test_an_id_that_is_taken_is_refused(api, garden, rose):
    [deployed] = api.endpoints.get_endpoint(name=garden).deployed_models
    text = refusal("ALREADY_EXISTS", api.deploy, garden, rose, id=deployed.id)

    assert text == f'The DeployedModel "{deployed.id}" already exists in this Endpoint.'


def test_resources_can_change(api, endpoint, rose):
    deployed = api.deploy(endpoint, rose)
    operation = api.endpoints.mutate_deployed_model(
        endpoint=endpoint,
        deployed_model={
            "id": deployed.id,
            "dedicated_resources": {**MACHINE, "max_replica_count": 3},
        },
        update_mask={"paths": ["dedicated_resources"]},
    )

    changed = api.finish(operation).deployed_model
    assert changed.dedicated_resources.max_replica_count == 3


def mutate(api, endpoint, deployed_id, path, **resources):
    operation = api.endpoints.mutate_deployed_model(
        endpoint=endpoint,
        deployed_model={"id": deployed_id, "dedicated_resources": resources},
        update_mask={"paths": [path]},
    )
    return api.finish(operation).deployed_model


def test_one_of_the_resources_can_change(api, endpoint, rose):
    deployed = api.deploy(endpoint, rose)
    path = "dedicated_resources.max_replica_count"
    changed = mutate(api, endpoint, deployed.id, path, max_replica_count=4).dedicated_resources

    assert (changed.max_replica_count, changed.machine_spec.machine_type) == (4, "n1-standard-2")


def test_the_machine_cannot_change(api, endpoint, rose):
    deployed = api.deploy(endpoint, rose)
    path = "dedicated_resources.machine_spec"
    machine = {"machine_type": "n1-standard-4"}
    text = refusal(
        "INVALID_ARGUMENT", mutate, api, endpoint, deployed.id, path, machine_spec=machine
    )

    assert text.startswith("update_mask: the machine_spec of a DeployedModel cannot be changed")


def test_replicas_that_are_not_there_are_noted_in_the_log(api, endpoint, rose):
    machine = {**MACHINE, "max_replica_count": 3}
    deployed = api.deploy(endpoint, rose, dedicated_resources=machine)

    noted = "vertex_flow: one process on this machine stands in for up to 3 replicas\n"
    assert noted in log_of(api, endpoint, deployed.id).read_text()


def test_the_longest_wait_for_an_answer_can_change(api, endpoint):
    longest = {"clientConnectionConfig": {"inferenceTimeout": "7s"}}
    operation = api.http.post(f"{endpoint}:update", json={"endpoint": longest}).json()

    assert operation["response"]["clientConnectionConfig"] == {"inferenceTimeout": "7s"}


def test_the_long_running_update_changes_nothing_else(api, endpoint):
    changed = {"endpoint": {"displayName": "x"}}
    came = api.error(api.http.post(f"{endpoint}:update", json=changed))

    assert came[2] == (
        "endpoints.update changes client_connection_config only, and not display_name: change "
        "those with endpoints.patch."
    )


def test_a_model_with_traffic_is_not_undeployed_beside_others(api, endpoint, rose):
    first = api.deploy(endpoint, rose)
    second = api.deploy(endpoint, rose, split={})
    text = refusal("INVALID_ARGUMENT", api.undeploy, endpoint, first.id, {})

    assert text == (
        f"The DeployedModel {first.id} still gets 100 % of the traffic: send a traffic_split that "
        f"gives it to {second.id}."
    )


def test_a_server_that_fails_leaves_the_traffic_alone(api, endpoint, rose):
    api.deploy(endpoint, rose)
    with pytest.raises(exceptions.GoogleAPICallError):
        api.deploy(endpoint, api.upload_flowers("fail"))

    assert said(api, endpoint) == "rose"


def test_a_server_that_fails_shows_its_log(api, endpoint):
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, api.upload_flowers("fail"), id="5")

    log = log_of(api, endpoint, "5")
    assert text == (
        f"Model server exited unexpectedly: {endpoint}/deployedModels/5 ended with exit code 1 "
        "before it was healthy.\n  vertex_flow: the command runs in this Python environment, not "
        "in europe-docker.pkg.dev/acme/serving/flowers:1\n"
        f"  the flowers are gone\nLog: {log}"
    )


def test_a_server_that_never_gets_healthy_is_given_up(api, endpoint):
    model = api.upload_flowers("hang", deployment_timeout="1s")
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, model, id="5")

    assert "did not answer 200 on /v1/endpoints/" in text


def test_a_program_that_is_missing_is_named(api, endpoint):
    model = api.upload("", image_uri="flowers", container_spec={"command": ["no-such-program"]})
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, model)

    assert "'no-such-program' is not a program that can be run here" in text


def test_an_image_without_a_command_is_refused(api, endpoint):
    model = api.upload("", image_uri="flowers:1")
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, model)

    assert text.startswith("The image flowers:1 has no container_spec.command")


def test_a_crash_breaks_the_request_off(api, endpoint, rose):
    api.deploy(endpoint, rose)
    came = api.error(api.predict(endpoint, {"instances": ["crash"]}))

    assert came[:2] == (503, "UNAVAILABLE")
    assert "broke off before it answered" in came[2]


def test_a_crashed_server_is_started_again(api, endpoint, rose, until):
    api.deploy(endpoint, rose)
    api.predict(endpoint, {"instances": ["crash"]})
    until(lambda: status(api, endpoint).available_replica_count == 1)

    assert said(api, endpoint) == "rose"


def test_a_server_that_restarts_says_so(api, endpoint, tmp_path):
    api.deploy(endpoint, api.upload_flowers(f"lazy={tmp_path / 'again'}"))
    api.predict(endpoint, {"instances": ["crash"]})
    came = api.error(api.predict(endpoint, {"instances": [1]}))

    assert came[:2] == (503, "UNAVAILABLE")
    assert "cannot be asked now: the server ended with exit code 3" in came[2]


def test_a_crash_shows_in_the_deployed_model(api, endpoint, tmp_path, until):
    api.deploy(endpoint, api.upload_flowers(f"lazy={tmp_path / 'again'}"))
    api.predict(endpoint, {"instances": ["crash"]})
    until(lambda: "; " in status(api, endpoint).message)
    shown = status(api, endpoint)

    assert (shown.available_replica_count, shown.message) == (
        0,
        "the server ended with exit code 3; restart 1 of 2 in 0.05 s",
    )


def test_a_crash_is_in_the_log(api, endpoint, rose, until):
    deployed = api.deploy(endpoint, rose)
    api.predict(endpoint, {"instances": ["crash"]})
    until(lambda: status(api, endpoint).available_replica_count == 1)

    log = log_of(api, endpoint, deployed.id).read_text()
    assert "the server ended with exit code 3; restart 1 of 2 in 0.05 s" in log


def test_a_server_that_crashes_too_often_is_given_up(api, endpoint, rose, until):
    api.deploy(endpoint, rose)
    last = crash(api, endpoint, until, 3)
    until(lambda: status(api, endpoint).message.startswith("given up"))
    came = api.error(api.predict(endpoint, {"instances": [1]}))

    assert last.status_code == 503
    assert came[:2] == (503, "UNAVAILABLE")
    assert "ended 3 times in a row, last with exit code 3" in came[2]


def test_a_server_that_was_given_up_may_try_again_later(api, endpoint, rose, until):
    api.deploy(endpoint, rose)
    crash(api, endpoint, until, 3)
    until(lambda: status(api, endpoint).message.startswith("given up"))
    time.sleep(0.6)

    assert said(api, endpoint) == "rose"


def test_a_deployed_model_comes_back_with_the_engine(tmp_path):
    first = LocalApi(tmp_path)
    endpoint = first.create_endpoint()
    first.deploy(endpoint, first.upload_flowers("rose"))
    first.close()
    second = LocalApi(tmp_path)
    try:
        assert said(second, endpoint) == "rose"
    finally:
        second.close()


def test_a_closed_engine_leaves_no_server(tmp_path):
    api = LocalApi(tmp_path)
    endpoint = api.create_endpoint()
    api.deploy(endpoint, api.upload_flowers("rose"))
    asked = {"instances": ["env:AIP_HTTP_PORT"]}
    port = api.predict(endpoint, asked).json()["predictions"][0]
    api.close()

    import httpx

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_a_scikit_learn_model_is_served(api, endpoint, tmp_path):
    dummy = pytest.importorskip("sklearn.dummy")
    model = dummy.DummyClassifier(strategy="most_frequent").fit([[0], [1]], ["lily", "lily"])
    joblib.dump(model, tmp_path / "model.joblib")
    api.deploy(endpoint, api.upload(tmp_path))

    assert api.predict(endpoint, {"instances": [[5]]}).json()["predictions"] == ["lily"]


@pytest.fixture(scope="module")
def tensorflow(api, tmp_path_factory):
    """An endpoint with a TensorFlow model that sums pairs."""
    tf = pytest.importorskip("tensorflow")
    module, folder = tf.Module(), tmp_path_factory.mktemp("pairs")
    signature = [tf.TensorSpec((None, 2), tf.float32, name="pair")]
    module.total = tf.function(lambda pair: tf.reduce_sum(pair, 1), input_signature=signature)
    tf.saved_model.save(module, str(folder), signatures=module.total)
    endpoint = api.create_endpoint("pairs")
    image_uri = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"
    api.deploy(endpoint, api.upload(folder, image_uri=image_uri))
    return endpoint


def test_a_tensorflow_model_is_served(api, tensorflow):
    assert api.predict(tensorflow, {"instances": [[1, 2]]}).json()["predictions"] == [3.0]


def test_a_wrong_shape_is_refused_in_words(api, tensorflow):
    came = api.error(api.predict(tensorflow, {"instances": [[1, 2, 3]]}))

    text = "instance 0 has the shape (3,); input 'pair' takes float32 of shape (2,)."
    assert came == (400, "INVALID_ARGUMENT", text)


def test_the_server_outlives_a_wrong_shape(api, tensorflow):
    api.predict(tensorflow, {"instances": [[1, 2, 3]]})

    assert api.predict(tensorflow, {"instances": [[3, 4]]}).json()["predictions"] == [7.0]
