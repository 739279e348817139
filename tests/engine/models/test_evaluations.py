from __future__ import annotations

import pytest

from tests.engine.local_api import LocalApi, refusal

SCHEMA = "gs://google-cloud-aiplatform/schema/modelevaluation/classification_metrics_1.0.0.yaml"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture
def iris(api):
    """A model with two versions; the first is the default."""
    name = api.upload_flowers("rose")
    api.upload("", image_uri="flowers:1", parent_model=name)
    return name


def evaluate(api, parent, **changed):
    evaluation = {
        "display_name": "test set",
        "metrics_schema_uri": SCHEMA,
        "metrics": {"auPrc": 0.9},
        **changed,
    }
    return api.models.import_model_evaluation(parent=parent, model_evaluation=evaluation)


def test_an_evaluation_belongs_to_the_default_version(api, iris):
    assert evaluate(api, iris).name.startswith(f"{iris}@1/evaluations/")


def test_an_evaluation_is_read(api, iris):
    made = evaluate(api, f"{iris}@2")

    assert api.models.get_model_evaluation(name=made.name).metrics["auPrc"] == 0.9


def test_an_evaluation_is_read_without_its_version(api, iris):
    evaluation_id = evaluate(api, f"{iris}@2").name.rpartition("/")[2]
    found = api.models.get_model_evaluation(name=f"{iris}/evaluations/{evaluation_id}")

    assert found.display_name == "test set"


def test_evaluations_of_a_version_are_listed(api, iris):
    evaluate(api, iris)
    made = evaluate(api, f"{iris}@2")

    found = api.models.list_model_evaluations(parent=f"{iris}@2")
    assert [each.name for each in found] == [made.name]


def test_an_evaluation_without_metrics_is_refused(api, iris):
    text = refusal("INVALID_ARGUMENT", evaluate, api, iris, metrics_schema_uri="")

    assert text.startswith("model_evaluation has to have metrics and metrics_schema_uri, for")


def test_an_unknown_evaluation_is_not_found(api, iris):
    name = f"{iris}/evaluations/1"
    text = refusal("NOT_FOUND", api.models.get_model_evaluation, name=name)

    assert text == f'The ModelEvaluation "{name}" does not exist.'


def test_an_imported_evaluation_has_no_slices(api, iris):
    made = evaluate(api, iris)

    assert list(api.models.list_model_evaluation_slices(parent=made.name)) == []


def test_evaluations_go_with_their_model(api, iris):
    made = evaluate(api, iris)
    api.models.delete_model(name=iris).result(timeout=60)

    assert refusal("NOT_FOUND", api.models.get_model_evaluation, name=made.name)
