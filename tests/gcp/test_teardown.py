"""Taking down what was set up."""

from __future__ import annotations

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.errors import PermissionMissing
from vertex_flow.gcp.setup import set_up
from vertex_flow.gcp.site import SERVICES
from vertex_flow.gcp.teardown import Removals, tear_down

ACCOUNT = "vertex-flow@acme.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{ACCOUNT}"
APIS = tuple(f"API {name.partition('.')[0]}" for name in reversed(SERVICES))


@pytest.fixture
def made(project: FakeProject, apis: Apis) -> FakeProject:
    """A project that was set up."""
    set_up(project.context(), apis, lambda _: None)
    return project


def removed(project: FakeProject, apis: Apis, *, data: bool = False) -> Removals:
    return tear_down(project.context(), apis, yes=True, data=data)


def test_teardown_leaves_the_project_as_it_was(project: FakeProject, apis: Apis) -> None:
    before = project.state()
    set_up(project.context(), apis, lambda _: None)
    removed(project, apis)
    assert project.state() == before


def test_teardown_lists_first_and_changes_nothing(made: FakeProject, apis: Apis) -> None:
    before = len(made.changing())
    found = tear_down(made.context(), apis, yes=False, data=False)
    [tensorboard] = made.vertex.tensorboards
    assert found == Removals(
        (
            f"roles/aiplatform.user, roles/logging.logWriter of {ACCOUNT} on project acme",
            f"TensorBoard instance {tensorboard.rpartition('/')[2]}",
            "repository us-central1-docker.pkg.dev/acme/vertex-flow with its images",
            "bucket gs://acme-vertex-flow",
            f"service account {ACCOUNT}",
            *APIS,
        ),
        (),
        done=False,
    )
    assert len(made.changing()) == before


def test_teardown_does_what_it_lists(made: FakeProject, apis: Apis) -> None:
    listed = tear_down(made.context(), apis, yes=False, data=False)
    done = removed(made, apis)
    assert (done.gone, done.kept, done.done) == (listed.gone, listed.kept, True)


def test_a_list_says_that_it_is_one(made: FakeProject, apis: Apis) -> None:
    found = str(tear_down(made.context(), apis, yes=False, data=False)).splitlines()
    assert found[:2] == [
        "to remove  roles/aiplatform.user, roles/logging.logWriter of",
        f"           {ACCOUNT} on project acme",
    ]
    assert found[-1] == "Nothing is removed yet: teardown(yes=True)."


def test_a_second_teardown_finds_nothing(made: FakeProject, apis: Apis) -> None:
    removed(made, apis)
    before = len(made.changing())
    assert str(removed(made, apis)) == "nothing of it is here"
    assert len(made.changing()) == before


def test_what_was_there_before_stays(enabled: FakeProject, apis: Apis) -> None:
    enabled.iam.add("vertex-flow", description="ours")
    enabled.storage.add("acme-vertex-flow", labels={"team": "vision"})
    enabled.registry.add("vertex-flow")
    enabled.vertex.add_tensorboard("vertex-flow")
    before = enabled.state()
    set_up(enabled.context(), apis, lambda _: None)
    assert enabled.state() != before
    removed(enabled, apis)
    assert enabled.state() == before


def test_roles_that_setup_did_not_give_stay(enabled: FakeProject, apis: Apis) -> None:
    enabled.iam.add("vertex-flow")
    enabled.manager.policies.set("", [{"role": "roles/aiplatform.user", "members": [MEMBER]}])
    before = enabled.state()
    set_up(enabled.context(), apis, lambda _: None)
    removed(enabled, apis)
    assert enabled.state() == before


def test_conditions_and_members_of_others_survive(project: FakeProject, apis: Apis) -> None:
    condition = {"title": "for a while", "expression": "request.time < timestamp('2030-01-01')"}
    project.manager.policies.set(
        "",
        [
            {"role": "roles/owner", "members": ["user:ada@acme.com"]},
            {"role": "roles/aiplatform.user", "members": [MEMBER], "condition": condition},
            {"role": "roles/aiplatform.user", "members": ["user:bob@acme.com"]},
        ],
    )
    project.iam.policies.accounts.add(ACCOUNT)
    before = project.state()
    set_up(project.context(), apis, lambda _: None)
    removed(project, apis)
    project.iam.policies.accounts.add(ACCOUNT)
    assert project.state() == before


def test_a_bucket_that_holds_objects_is_kept_with_what_it_needs(
    made: FakeProject, apis: Apis
) -> None:
    made.storage.objects["acme-vertex-flow"] = ["data/a.csv"]
    done = removed(made, apis)
    assert done.kept == (
        (
            "bucket gs://acme-vertex-flow",
            "it holds objects: teardown(yes=True, data=True) removes them too",
        ),
        ("API storage", "it is needed by bucket gs://acme-vertex-flow"),
        ("API cloudresourcemanager", "it is needed by the labels that say which APIs stay"),
    )
    assert made.storage.policies.bindings("acme-vertex-flow") == []


def test_a_list_foretells_what_is_kept(made: FakeProject, apis: Apis) -> None:
    made.storage.objects["acme-vertex-flow"] = ["data/a.csv"]
    listed = tear_down(made.context(), apis, yes=False, data=False)
    assert listed.kept == removed(made, apis).kept


def test_with_data_a_bucket_goes_with_its_objects(project: FakeProject, apis: Apis) -> None:
    before = project.state()
    set_up(project.context(), apis, lambda _: None)
    project.storage.objects["acme-vertex-flow"] = [f"data/ä {number}.csv" for number in range(30)]
    assert removed(project, apis).kept != ()
    assert removed(project, apis, data=True).kept == ()
    assert project.state() == before


def test_a_tensorboard_that_holds_runs_is_kept(made: FakeProject, apis: Apis) -> None:
    [tensorboard] = made.vertex.tensorboards.values()
    tensorboard["runCount"] = 2
    name = f"TensorBoard instance {tensorboard['name'].rpartition('/')[2]}"
    done = removed(made, apis)
    assert done.kept[:2] == (
        (name, "it holds 2 runs: teardown(yes=True, data=True) removes them too"),
        ("API aiplatform", f"it is needed by TensorBoard {tensorboard['name']}"),
    )


def test_vertex_ai_stays_enabled_while_an_endpoint_serves(made: FakeProject, apis: Apis) -> None:
    name = "projects/123456789012/locations/us-central1/endpoints/5"
    made.vertex.endpoints[name] = {"name": name, "deployedModels": [{"id": "1"}]}
    kept = dict(removed(made, apis).kept)
    assert kept["API aiplatform"] == f"it is needed by endpoint {name}"


def test_an_endpoint_without_models_keeps_nothing(made: FakeProject, apis: Apis) -> None:
    name = "projects/123456789012/locations/us-central1/endpoints/5"
    made.vertex.endpoints[name] = {"name": name}
    assert removed(made, apis).kept == ()


def test_an_api_that_others_depend_on_stays(made: FakeProject, apis: Apis) -> None:
    made.usage.dependents["iam.googleapis.com"] = {"run.googleapis.com"}
    made.rules.enabled.add("run.googleapis.com")
    kept = dict(removed(made, apis).kept)
    assert kept["API iam"] == (
        "it stays enabled: The service iam.googleapis.com is depended on by the following: "
        "run.googleapis.com"
    )
    assert {"iam.googleapis.com", SERVICES[0]} <= made.rules.enabled


def test_resource_manager_that_others_depend_on_keeps_its_label(
    project: FakeProject, apis: Apis
) -> None:
    before = project.state()
    set_up(project.context(), apis, lambda _: None)
    project.usage.dependents[SERVICES[0]] = {"cloudbilling.googleapis.com"}
    assert [what for what, _ in removed(project, apis).kept] == ["API cloudresourcemanager"]
    assert project.manager.labels == {"vertex-flow-api-cloudresourcemanager": "enabled"}
    project.usage.dependents.clear()
    removed(project, apis)
    assert project.state() == before


def test_what_was_kept_goes_once_nothing_keeps_it(project: FakeProject, apis: Apis) -> None:
    before = project.state()
    set_up(project.context(), apis, lambda _: None)
    project.registry.add("mine")
    assert removed(project, apis).kept[0][0] == "API artifactregistry"
    project.registry.repositories.clear()
    assert removed(project, apis).kept == ()
    assert project.state() == before


@pytest.mark.parametrize(
    "permission",
    [
        "aiplatform.tensorboards.delete",
        "artifactregistry.repositories.delete",
        "iam.serviceAccounts.delete",
        "resourcemanager.projects.setIamPolicy",
        "resourcemanager.projects.update",
        "serviceusage.services.disable",
        "storage.buckets.delete",
    ],
)
def test_a_permission_that_the_caller_lacks_is_named(
    made: FakeProject, apis: Apis, permission: str
) -> None:
    made.rules.denied.add(permission)
    with pytest.raises(PermissionMissing) as caught:
        removed(made, apis)
    assert caught.value.permission == permission


def test_removals_as_values() -> None:
    found = Removals(("a",), (("b", "it holds objects"),), done=True)
    assert found.as_json() == {
        "done": True,
        "gone": ["a"],
        "kept": [{"what": "b", "why": "it holds objects"}],
    }


def test_removals_as_text() -> None:
    found = Removals(("a",), (("b", "it holds objects"),), done=True)
    assert str(found) == "removed  a\nkept     b: it holds objects"


def test_labels_of_others_that_look_like_those_of_setup(enabled: FakeProject, apis: Apis) -> None:
    enabled.manager.labels = {"vertex-flow-api-iam": "theirs"}
    before = enabled.state()
    tear_down(enabled.context(), apis, yes=True, data=True)
    assert enabled.state() == before
