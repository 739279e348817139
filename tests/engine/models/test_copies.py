from __future__ import annotations

import pytest
from google.api_core.exceptions import GoogleAPICallError

from tests.engine.local_api import PARENT, LocalApi, refusal
from vertex_flow.engine.models.copies import copy_folder

EUROPE = "projects/acme/locations/europe-west4"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture(scope="module")
def iris(api):
    folder = api.home.storage / "acme" / "iris"
    (folder / "variables").mkdir(parents=True)
    (folder / "model.joblib").write_bytes(b"weights")
    (folder / "variables" / "names").write_text("rose")
    return api.upload("gs://acme/iris", model_id="iris", labels={"team": "a"})


def copy(api, source, *, parent=PARENT, **options):
    """Copy a model, and give the answer of the operation."""
    request = {"parent": parent, "source_model": source, **options}
    return api.finish(api.models.copy_model(request))


def export(api, name, **config):
    return api.models.export_model(name=name, output_config=config)


def test_a_copy_is_a_model_of_its_own(api, iris):
    copied = copy(api, iris)
    found = api.models.get_model(name=copied.model)

    assert (found.display_name, found.version_id, found.artifact_uri, dict(found.labels)) == (
        "iris",
        "1",
        "gs://acme/iris",
        {"team": "a"},
    )


def test_a_copy_names_the_original(api, iris):
    found = api.models.get_model(name=copy(api, iris).model)

    assert (found.original_model_info.model, found.model_source_info.copy) == (iris, True)


def test_a_copy_goes_to_another_location(api, iris):
    copied = copy(api, iris, parent=EUROPE, model_id="iris")

    assert copied.model == f"{EUROPE}/models/iris"


def test_a_copy_can_be_a_new_version(api, iris):
    target = api.upload("gs://acme/iris")
    copied = copy(api, iris, parent_model=target)

    assert (copied.model, copied.model_version_id) == (target, "2")


def test_a_version_is_copied_by_its_alias(api):
    name = api.upload("gs://acme/iris", version_description="first")
    api.upload("gs://acme/iris", parent_model=name, version_aliases=["best"])
    copied = api.models.get_model(name=copy(api, f"{name}@1").model)

    assert (copied.version_description, list(copied.version_aliases)) == ("first", ["default"])


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        ({"model_id": "iris"}, "ALREADY_EXISTS", "already exists: set parent_model to add"),
        ({"model_id": "1st"}, "INVALID_ARGUMENT", "model_id '1st' is invalid: "),
        ({"parent": EUROPE, "parent_model": f"{PARENT}/models/iris"}, "INVALID_ARGUMENT", "is not"),
        ({"parent_model": f"{PARENT}/models/1"}, "NOT_FOUND", '/models/1" does not exist.'),
        (
            {"parent": "projects/other/locations/us-central1"},
            "INVALID_ARGUMENT",
            "is of the project 'acme'; a Model is copied within its project",
        ),
    ],
)
def test_a_copy_that_cannot_be_is_refused(api, iris, options, status, text):
    assert text in refusal(status, copy, api, iris, **options)


def test_a_model_with_files_can_be_exported(api, iris):
    [found] = api.models.get_model(name=iris).supported_export_formats

    assert (found.id, [each.name for each in found.exportable_contents]) == (
        "custom-trained",
        ["ARTIFACT"],
    )


def test_an_export_has_the_models_files(api, iris):
    operation = export(api, iris, artifact_destination={"output_uri_prefix": "gs://acme/out"})
    api.finish(operation)

    uri = operation.metadata.output_info.artifact_output_uri
    folder = api.home.path(uri)
    assert uri.startswith("gs://acme/out/model-iris/custom-trained/20")
    assert sorted(str(each.relative_to(folder)) for each in folder.rglob("*")) == [
        "model.joblib",
        "variables",
        "variables/names",
    ]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "output_config.artifact_destination.output_uri_prefix is required, for example"),
        ({"export_format_id": "tflite"}, "'tflite' is not a format of the Model"),
        (
            {"image_destination": {"output_uri": "europe-docker.pkg.dev/acme/a/b"}},
            "does not support 'output_config.image_destination'",
        ),
    ],
)
def test_an_export_that_cannot_be_is_refused(api, iris, config, text):
    assert text in refusal("INVALID_ARGUMENT", export, api, iris, **config)


def test_a_model_without_files_is_not_exported(api):
    name = api.upload_flowers("rose")
    text = refusal("FAILED_PRECONDITION", export, api, name)

    assert text == f'The Model "{name}" cannot be exported: it has no artifact_uri.'


def test_files_that_have_gone_are_missed(api, tmp_path):
    (tmp_path / "model.joblib").touch()
    name = api.upload(tmp_path)
    (tmp_path / "model.joblib").unlink()
    destination = {"output_uri_prefix": "gs://acme/out"}

    text = refusal("FAILED_PRECONDITION", export, api, name, artifact_destination=destination)
    assert text.endswith("is empty.")


def test_a_destination_that_leaves_its_bucket_is_refused(api, iris):
    destination = {"output_uri_prefix": "gs://acme/../x"}
    with pytest.raises(GoogleAPICallError, match=r"leaves its bucket: a path may not contain"):
        export(api, iris, artifact_destination=destination)


def test_half_a_copy_is_never_seen(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()

    with pytest.raises(OSError, match="not empty"):
        copy_folder(tmp_path / "source", tmp_path / "taken")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["source", "taken"]
