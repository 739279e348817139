"""The TensorBoard instance that training logs to."""

from __future__ import annotations

import pytest

from tests.cloud.fake import Refused
from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.site import Site
from vertex_flow.gcp.tensorboard import Tensorboard, find_tensorboard

OTHER = "projects/1/locations/us-central1/tensorboards/404"
MANAGED = {"vertex-flow": "managed"}


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Vertex AI is enabled."""


def named(project: FakeProject, apis: Apis, name: str) -> Site:
    return Site(project.context(tensorboard=name), apis)


def test_no_instance(site: Site) -> None:
    assert Tensorboard().look(site) == [
        Finding(
            "TensorBoard",
            "missing",
            "no instance 'vertex-flow' in us-central1",
            "gcloud ai tensorboards create --display-name=vertex-flow --region=us-central1 "
            "--project=acme",
        )
    ]


def test_an_instance_of_the_name(site: Site, project: FakeProject) -> None:
    name = project.vertex.add_tensorboard("vertex-flow")
    number = name.rpartition("/")[2]
    assert Tensorboard().look(site) == [Finding("TensorBoard", "ok", f"instance {number}")]
    assert find_tensorboard(site.place, site.apis.vertex) == name


def test_an_instance_that_the_place_names(project: FakeProject, apis: Apis) -> None:
    name = project.vertex.add_tensorboard("mine")
    site = named(project, apis, name)
    assert [one.state for one in Tensorboard().look(site)] == ["ok"]
    assert find_tensorboard(site.place, apis.vertex) == name


def test_an_instance_that_the_place_names_is_neither_made_nor_removed(
    project: FakeProject, apis: Apis
) -> None:
    name = project.vertex.add_tensorboard("vertex-flow", labels=MANAGED)
    site = named(project, apis, name)
    assert (Tensorboard().changes(site), Tensorboard().removals(site)) == ((), ())
    assert Tensorboard().wanted(site) == ()


def test_an_instance_that_is_named_and_not_there(project: FakeProject, apis: Apis) -> None:
    with pytest.raises(SettingError) as caught:
        Tensorboard().changes(named(project, apis, OTHER))
    assert str(caught.value) == (
        f"TensorBoard: {OTHER} is not there.\n"
        "  Fix: gcloud ai tensorboards list --region=us-central1 --project=acme"
    )


def test_what_is_no_name_of_an_instance(project: FakeProject, apis: Apis) -> None:
    assert Tensorboard().look(named(project, apis, "mine")) == [
        Finding(
            "TensorBoard",
            "wrong",
            "'mine' is not a resource name: expected "
            "projects/PROJECT/locations/LOCATION/COLLECTION/ID.",
            "gcloud ai tensorboards list --region=us-central1 --project=acme",
        )
    ]


def test_a_named_instance_that_cannot_be_looked_at(project: FakeProject, apis: Apis) -> None:
    name = project.vertex.add_tensorboard("mine")
    refusal = Refused(400, "INVALID_ARGUMENT", "no such name")
    project.cloud.trouble("aiplatform.projects.locations.tensorboards.get", refusal)
    with pytest.raises(ApiError, match="no such name"):
        Tensorboard().look(named(project, apis, name))


def test_an_instance_whose_answer_was_lost_is_not_made_twice(
    site: Site, project: FakeProject
) -> None:
    [change] = Tensorboard().changes(site)
    project.cloud.lose_after(1)  # the list is answered, and the creation done without answer
    with pytest.raises(ApiError):
        change.apply()
    project.cloud.cut_after(None)
    change.apply()
    assert len(project.vertex.tensorboards) == 1


def test_a_creation_is_waited_for(site: Site, project: FakeProject) -> None:
    project.rules.polls = 2
    [change] = Tensorboard().changes(site)
    change.apply()
    assert project.pauses == pytest.approx([0.1, 0.15])


def test_only_an_instance_with_the_label_is_removed(site: Site, project: FakeProject) -> None:
    project.vertex.add_tensorboard("vertex-flow")
    made = project.vertex.add_tensorboard("vertex-flow", labels=MANAGED)
    assert [one.resource for one in Tensorboard().removals(site)] == [made]


def test_an_instance_that_is_gone_already(site: Site, project: FakeProject) -> None:
    project.vertex.add_tensorboard("vertex-flow", labels=MANAGED)
    [removal] = Tensorboard().removals(site)
    project.vertex.tensorboards.clear()
    assert removal.apply() == ""
