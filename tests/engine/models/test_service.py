import asyncio

import pytest
from google.api_core import exceptions
from google.cloud.aiplatform_v1 import types

from tests.engine.local_api import MACHINE, PARENT, SKLEARN, LocalApi, refusal
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.background import Background
from vertex_flow.engine.models.service import Models
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "model.joblib").write_bytes(b"weights")
    return folder


@pytest.fixture
def iris(api, folder):
    """A model with versions 1 and 2; the second is the default."""
    name = api.upload(folder)
    api.upload(folder, parent_model=name, version_aliases=["default", "best"])
    return name


def aliases(api, name):
    found = api.models.list_model_versions(name=name)
    return {each.version_id: sorted(each.version_aliases) for each in found}


def test_an_upload_answers_with_the_model_and_its_first_version(api, folder):
    operation = api.models.upload_model(
        parent=PARENT,
        model={
            "display_name": "iris",
            "artifact_uri": str(folder),
            "container_spec": {"image_uri": SKLEARN},
        },
    )

    assert operation.result(timeout=60).model_version_id == "1"


def test_the_first_version_is_the_default(api, folder):
    assert aliases(api, api.upload(folder)) == {"1": ["default"]}


def test_a_version_that_does_not_ask_for_it_is_not_the_default(api, folder):
    name = api.upload(folder)
    api.upload(folder, parent_model=name)

    assert aliases(api, name) == {"1": ["default"], "2": []}


def test_an_alias_moves_to_the_version_that_asks_for_it(api, iris):
    assert aliases(api, iris) == {"1": [], "2": ["best", "default"]}


def test_a_model_is_read_by_version(api, iris):
    assert api.models.get_model(name=f"{iris}@1").version_id == "1"


def test_a_model_is_read_by_alias(api, iris):
    assert api.models.get_model(name=f"{iris}@best").version_id == "2"


def test_a_model_is_read_by_its_default_version(api, iris):
    assert api.models.get_model(name=iris).version_id == "2"


@pytest.mark.parametrize(("asked", "name"), [("@1", "@1"), ("@best", "@2"), ("", ""), ("@-", "")])
def test_a_version_is_named_with_its_id_where_it_is_asked_for(api, iris, asked, name):
    assert api.models.get_model(name=f"{iris}{asked}").name == f"{iris}{name}"


def test_listed_versions_are_named_with_their_ids(api, iris):
    found = api.models.list_model_versions(name=iris)

    assert [each.name for each in found] == [f"{iris}@2", f"{iris}@1"]


def test_a_model_can_be_deployed_on_machines_of_its_own(api, iris):
    kinds = api.models.get_model(name=iris).supported_deployment_resources_types

    assert kinds == [types.Model.DeploymentResourcesType.DEDICATED_RESOURCES]


def test_what_only_a_copy_has_does_not_count_in_an_upload(api, folder):
    claimed = {"original_model_info": {"model": "x"}, "model_source_info": {"copy": True}}
    found = api.models.get_model(name=api.upload(folder, **claimed))

    assert "original_model_info" not in found
    assert not found.model_source_info.copy


def test_an_id_of_the_users_own_is_kept(api, folder):
    name = api.upload(folder, model_id="own_iris")

    assert name == f"{PARENT}/models/own_iris"


def test_an_id_that_is_taken_is_refused(api, folder):
    api.upload(folder, model_id="taken")

    assert refusal("ALREADY_EXISTS", api.upload, folder, model_id="taken").endswith(
        '/models/taken" already exists: set parent_model to add a version to it.'
    )


def test_an_id_is_taken_by_one_of_two_uploads_at_the_same_time(home, store, folder):
    call = Router(Models(home, store, Operations(store, Background())).bindings()).call
    model = {
        "displayName": "iris",
        "artifactUri": str(folder),
        "containerSpec": {"imageUri": SKLEARN},
    }
    body = {"modelId": "own", "model": model}

    async def together():
        path = f"/v1/{PARENT}/models:upload"
        return await asyncio.gather(
            call("POST", path, {}, body), call("POST", path, {}, body), return_exceptions=True
        )

    first, second = asyncio.run(together())
    assert first["response"]["modelVersionId"] == "1"
    assert second.status == "ALREADY_EXISTS"


def test_an_invalid_id_is_refused(api, folder):
    text = refusal("INVALID_ARGUMENT", api.upload, folder, model_id="1st")

    assert text.startswith("model_id '1st' is invalid: use up to 63 lower-case letters,")


def test_a_list_has_each_model_once(api, iris):
    found = [each.name for each in api.models.list_models(parent=PARENT)]

    assert found.count(iris) == 1


def test_a_list_shows_the_default_version(api, iris):
    shown = {each.name: each.version_id for each in api.models.list_models(parent=PARENT)}

    assert shown[iris] == "2"


def test_a_list_is_filtered(api, folder):
    name = api.upload(folder, display_name="only-one")
    found = api.models.list_models({"parent": PARENT, "filter": 'display_name="only-one"'})

    assert [each.name for each in found] == [name]


def test_a_read_mask_leaves_the_rest_out(api, iris):
    found = api.http.get(f"{iris}:listVersions", params={"readMask": "versionId"}).json()

    assert found["models"] == [{"versionId": "2"}, {"versionId": "1"}]


def test_an_unknown_read_mask_is_refused(api):
    came = api.error(api.http.get(f"{PARENT}/models", params={"readMask": "displayname"}))

    text = "read_mask: Model has no field 'displayname'. Did you mean 'display_name'?"
    assert came == (400, "INVALID_ARGUMENT", text)


def test_a_patch_changes_what_the_mask_names(api, iris):
    changed = api.models.update_model(
        model={"name": iris, "display_name": "lily", "description": "not in the mask"},
        update_mask={"paths": ["display_name", "labels"]},
    )

    assert (changed.display_name, changed.description) == ("lily", "")


def test_a_patch_of_the_model_reaches_every_version(api, iris):
    api.models.update_model(
        model={"name": iris, "display_name": "lily"}, update_mask={"paths": ["display_name"]}
    )

    assert api.models.get_model(name=f"{iris}@1").display_name == "lily"


def test_a_patch_of_a_version_leaves_the_others_alone(api, iris):
    api.models.update_model(
        model={"name": f"{iris}@1", "version_description": "first"},
        update_mask={"paths": ["version_description"]},
    )

    found = api.models.list_model_versions(name=iris)
    assert [each.version_description for each in found] == ["", "first"]


def test_a_patch_of_what_cannot_change_is_refused(api, iris):
    text = refusal(
        "INVALID_ARGUMENT",
        api.models.update_model,
        model={"name": iris},
        update_mask={"paths": ["artifact_uri"]},
    )

    assert text == (
        "update_mask: 'artifact_uri' of a Model cannot be updated; "
        "description, display_name, labels can."
    )


def test_a_patch_without_a_mask_is_refused(api, iris):
    came = api.error(api.http.patch(iris, json={"displayName": "lily"}))

    text = "update_mask is required; of a Model, description, display_name, labels can change."
    assert came == (400, "INVALID_ARGUMENT", text)


def test_an_etag_changes_with_the_model(api, iris):
    before = api.models.get_model(name=iris).etag
    api.models.update_model(
        model={"name": iris, "description": "x"}, update_mask={"paths": ["description"]}
    )

    assert before != api.models.get_model(name=iris).etag


def test_aliases_are_added_and_taken_away(api, iris):
    api.models.merge_version_aliases(name=f"{iris}@2", version_aliases=["golden", "-best"])

    assert aliases(api, iris)["2"] == ["default", "golden"]


def test_the_default_moves_by_its_alias(api, iris):
    api.models.merge_version_aliases(name=f"{iris}@1", version_aliases=["default"])

    assert api.models.get_model(name=iris).version_id == "1"


def test_the_default_cannot_be_taken_away(api, iris):
    text = refusal(
        "INVALID_ARGUMENT",
        api.models.merge_version_aliases,
        name=f"{iris}@2",
        version_aliases=["-default"],
    )

    assert text == (
        "The alias 'default' cannot be removed: a model has exactly one default version. "
        "Add it to another version instead."
    )


def test_an_invalid_alias_is_refused(api, iris):
    text = refusal(
        "INVALID_ARGUMENT",
        api.models.merge_version_aliases,
        name=f"{iris}@2",
        version_aliases=["1st"],
    )

    assert text.startswith("The version alias '1st' is invalid: use 2 to 128 letters,")


def test_a_version_is_deleted(api, iris):
    api.models.delete_model_version(name=f"{iris}@1").result(timeout=60)

    assert list(aliases(api, iris)) == ["2"]


def test_the_id_of_a_deleted_version_is_not_given_again(api, iris, folder):
    api.models.merge_version_aliases(name=f"{iris}@1", version_aliases=["default"])
    api.models.delete_model_version(name=f"{iris}@2").result(timeout=60)
    api.upload(folder, parent_model=iris)

    assert list(aliases(api, iris)) == ["3", "1"]


def test_the_default_version_is_not_deleted(api, iris):
    text = refusal("FAILED_PRECONDITION", api.models.delete_model_version, name=f"{iris}@2")

    assert text == (
        f"\"{iris}@2\" is the default version of the Model: give the alias 'default' to another "
        "version first."
    )


def test_the_only_version_is_not_deleted(api, folder):
    name = api.upload(folder)
    text = refusal("FAILED_PRECONDITION", api.models.delete_model_version, name=f"{name}@1")

    assert text == f'"{name}@1" is the only version of the Model: delete the Model instead.'


def test_deleting_a_version_needs_its_id(api, iris):
    text = refusal("INVALID_ARGUMENT", api.models.delete_model_version, name=iris)

    assert text == f"'{iris}' names no version: add '@<version id>'."


def test_a_deleted_model_is_gone_with_its_versions(api, iris):
    api.models.delete_model(name=iris).result(timeout=60)

    text = refusal("NOT_FOUND", api.models.get_model, name=f"{iris}@1")
    assert text == f'The Model "{iris}" does not exist.'


def test_deleting_a_model_takes_no_version(api, iris):
    text = refusal("INVALID_ARGUMENT", api.models.delete_model, name=f"{iris}@1")

    assert "names a version: delete it with deleteVersion" in text


def test_an_unknown_version_lists_those_there_are(api, iris):
    text = refusal("NOT_FOUND", api.models.get_model, name=f"{iris}@7")

    assert text == (f'The Model "{iris}@7" does not exist. Versions: 1, 2 (default, best).')


def test_an_unknown_parent_model_is_not_found(api, folder):
    parent = f"{PARENT}/models/gone"
    text = refusal("NOT_FOUND", api.upload, folder, parent_model=parent)

    assert text == f'The Model "{parent}" does not exist.'


def test_an_artifact_that_is_not_there_is_named(api, tmp_path):
    gone = tmp_path / "gone"
    text = refusal("FAILED_PRECONDITION", api.upload, gone)

    assert text == f'There are no files under "{gone}" to copy: {gone} is not a folder.'


def test_an_empty_artifact_is_named(api, tmp_path):
    text = refusal("FAILED_PRECONDITION", api.upload, tmp_path)

    assert text == f'There are no files under "{tmp_path}" to copy: {tmp_path} is empty.'


def test_a_bucket_is_a_folder_of_the_home(api):
    folder = api.home.storage / "acme" / "iris"
    folder.mkdir(parents=True)
    (folder / "model.joblib").touch()

    assert api.models.get_model(name=api.upload("gs://acme/iris")).artifact_uri == "gs://acme/iris"


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ({"display_name": ""}, "display_name is required."),
        ({"display_name": "x" * 129}, "display_name has 129 characters; at most 128 are allowed."),
        (
            {"image_uri": ""},
            "model.container_spec.image_uri is required: the image that serves the model, for "
            "example us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest.",
        ),
        (
            {"version_aliases": ["A"]},
            "The version alias 'A' is invalid: use 2 to 128 letters, "
            "digits and hyphens, a lower-case letter first, no hyphen last.",
        ),
    ],
)
def test_an_upload_that_lacks_something_is_refused(api, folder, model, text):
    assert refusal("INVALID_ARGUMENT", api.upload, folder, **model) == text


def test_a_prebuilt_image_needs_a_model(api):
    text = refusal("INVALID_ARGUMENT", api.upload, "")

    assert text == (
        f"model.artifact_uri is required for the prebuilt image {SKLEARN}: "
        "the folder that holds the model."
    )


def test_an_explanation_spec_is_refused(api, folder):
    spec = {"parameters": {"sampled_shapley_attribution": {"path_count": 1}}}
    text = refusal("INVALID_ARGUMENT", api.upload, folder, explanation_spec=spec)

    assert "does not support 'model.explanation_spec'" in text


def test_a_deployed_model_is_not_deleted(api):
    name, endpoint = api.upload_flowers("rose"), api.create_endpoint()
    api.deploy(endpoint, name)

    text = refusal("FAILED_PRECONDITION", api.models.delete_model, name=name)
    assert text == (
        f'The Model "{name}" is deployed or being deployed at the following Endpoint(s): '
        f"{endpoint}. Undeploy it first."
    )


def test_a_model_says_where_it_is_deployed(api):
    name, endpoint = api.upload_flowers("rose"), api.create_endpoint()
    deployed = api.deploy(endpoint, name)

    [ref] = api.models.get_model(name=name).deployed_models
    assert (ref.endpoint, ref.deployed_model_id) == (endpoint, deployed.id)


def test_a_model_that_was_deleted_meanwhile_is_not_deployed(api):
    name, endpoint = api.upload_flowers("rose"), api.create_endpoint()
    operation = api.endpoints.deploy_model(
        endpoint=endpoint, deployed_model={"model": name, "dedicated_resources": MACHINE}
    )
    api.models.delete_model(name=name).result(timeout=60)

    with pytest.raises(exceptions.GoogleAPICallError, match="does not exist"):
        api.finish(operation)


@pytest.fixture
def store(tmp_path):
    from vertex_flow.engine.state.store import Store

    store = Store(tmp_path / "engine.db")
    yield store
    store.close()


def test_a_half_uploaded_model_is_forgotten(store):
    store.save(types.Model(name=f"{PARENT}/models/1/versions/1", version_id="1"))
    Versions(store).repair()

    assert store.all(types.Model) == []


def test_a_half_deleted_model_is_forgotten(store):
    store.save(types.Model(name=f"{PARENT}/models/1", version_id="1"))
    Versions(store).repair()

    assert store.all(types.Model) == []


def test_a_half_moved_default_is_moved(store):
    name = f"{PARENT}/models/1"
    versions = Versions(store)
    versions.add(name, types.Model(display_name="iris"))
    second = types.Model(versions.add(name, types.Model(display_name="iris")))
    second.name = f"{name}/versions/2"
    second.version_aliases = ["default"]
    versions.put(second)
    versions.repair()

    found = {each.version_id: list(each.version_aliases) for each in versions.of(name)}
    assert found == {"1": [], "2": ["default"]}


def test_a_kill_between_two_aliases_moves_neither(store, monkeypatch):
    name = f"{PARENT}/models/1"
    versions = Versions(store)
    versions.add(name, types.Model(display_name="iris", version_aliases=["best"]))
    versions.add(name, types.Model(display_name="iris"))
    put, calls = versions.put, []

    def killed(version):
        calls.append(version)
        if len(calls) == 2:
            raise KeyboardInterrupt
        put(version)

    monkeypatch.setattr(versions, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        versions.merge_aliases(f"{name}@2", ["best"])

    found = {each.version_id: sorted(each.version_aliases) for each in versions.of(name)}
    assert found == {"1": ["best", "default"], "2": []}


def test_a_whole_model_is_left_alone(store):
    name = f"{PARENT}/models/1"
    versions = Versions(store)
    before = versions.add(name, types.Model(display_name="iris")).etag
    versions.repair()

    assert versions.get(name).etag == before


def test_bad_labels_are_refused(api, folder):
    text = refusal("INVALID_ARGUMENT", api.upload, folder, labels={"Team": "a"})

    assert text.startswith("labels: 'Team': 'a' is not allowed.")


@pytest.mark.parametrize("method", ["getIamPolicy", "setIamPolicy", "updateExplanationDataset"])
def test_a_method_that_only_the_cloud_has_is_refused_by_name(api, iris, method):
    came = api.error(api.http.post(f"{iris}:{method}", json={"anything": 1}))

    assert came[:2] == (501, "UNIMPLEMENTED")
    assert came[2].startswith(f"The local engine does not have models.{method}. ")


def test_a_custom_model_has_no_checkpoints(api, iris):
    assert api.http.get(f"{iris}:listCheckpoints").json() == {}
