"""The service account that pipelines run as, and who may use it."""

from __future__ import annotations

import pytest

from tests.cloud.fake import Refused
from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.errors import ApiError, PermissionMissing, SettingError
from vertex_flow.gcp.identity import Account, AccountRoles, Caller
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.site import DESCRIPTION, Site

EMAIL = "vertex-flow@acme.iam.gserviceaccount.com"
ACTS = "roles/iam.serviceAccountUser"


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """IAM is enabled."""


def at(project: FakeProject, apis: Apis, account: str) -> Site:
    return Site(project.context(service_account=account), apis)


def test_an_account_that_is_not_there(site: Site) -> None:
    assert Account().look(site) == [
        Finding(
            "service account",
            "missing",
            f"{EMAIL} is not there",
            "gcloud iam service-accounts create vertex-flow --project=acme",
        )
    ]


def test_an_account_that_is_there(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    assert Account().look(site) == [Finding("service account", "ok", EMAIL)]


def test_an_account_that_is_disabled(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow", disabled=True)
    assert Account().look(site) == [
        Finding(
            "service account",
            "wrong",
            f"{EMAIL} is disabled.",
            f"gcloud iam service-accounts enable {EMAIL} --project=acme",
        )
    ]


def test_an_account_of_another_project_is_not_made(project: FakeProject, apis: Apis) -> None:
    site = at(project, apis, "robot@other.iam.gserviceaccount.com")
    with pytest.raises(SettingError) as caught:
        Account().changes(site)
    assert str(caught.value) == (
        "service account: robot@other.iam.gserviceaccount.com is not there, or the caller may not "
        "see it.\n  Fix: gcloud iam service-accounts create robot --project=other"
    )


def test_the_default_account_is_taken_as_it_is(project: FakeProject, apis: Apis) -> None:
    site = at(project, apis, "")
    assert Account().look(site) == [
        Finding("service account", "ok", "the project's default account")
    ]
    nothing = (Account().changes(site), Account().removals(site), AccountRoles().look(site))
    assert (*nothing, AccountRoles().removals(site), Caller().look(site)) == ((), (), [], (), [])


def test_a_new_account_says_who_has_made_it(site: Site, project: FakeProject) -> None:
    [change] = Account().changes(site)
    change.apply()
    assert project.iam.accounts[EMAIL]["description"] == DESCRIPTION


def test_an_account_that_somebody_else_makes_at_the_same_time_is_theirs(
    site: Site, project: FakeProject
) -> None:
    [change] = Account().changes(site)
    project.iam.add("vertex-flow", description="theirs")
    change.apply()
    assert (site.account_is_new, site.account_is_ours) == (False, False)


def test_an_account_that_was_made_though_the_answer_was_lost_is_ours(
    site: Site, project: FakeProject
) -> None:
    [change] = Account().changes(site)
    project.iam.add("vertex-flow", description=DESCRIPTION)
    change.apply()
    assert site.account_is_ours


def test_only_an_account_of_setup_is_removed(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow", description="theirs")
    assert Account().removals(site) == ()


def test_an_account_that_is_gone_already(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow", description=DESCRIPTION)
    [removal] = Account().removals(site)
    project.iam.accounts.clear()
    assert removal.apply() == ""


def test_a_creation_that_is_refused_is_raised(site: Site, project: FakeProject) -> None:
    [change] = Account().changes(site)
    refusal = Refused(400, "INVALID_ARGUMENT", "no such id")
    project.cloud.trouble("iam.projects.serviceAccounts.create", refusal)
    with pytest.raises(ApiError, match="no such id"):
        change.apply()


def test_an_account_that_may_not_act_as_itself(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    assert AccountRoles().look(site) == [
        Finding(
            "roles on the account",
            "missing",
            f"{EMAIL} lacks {ACTS} on itself",
            f"gcloud iam service-accounts add-iam-policy-binding {EMAIL} --project=acme "
            f'--member="serviceAccount:{EMAIL}" --role={ACTS}',
        )
    ]


def test_a_caller_who_may_use_the_account(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    assert Caller().look(site) == [Finding("caller", "ok", f"may act as {EMAIL}")]


def test_a_caller_who_may_not(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    project.rules.denied.add("iam.serviceAccounts.actAs")
    assert Caller().look(site) == [
        Finding(
            "caller",
            "missing",
            f"may not act as {EMAIL}",
            f"gcloud iam service-accounts add-iam-policy-binding {EMAIL} --project=acme "
            f'--member="user:$(gcloud config get account)" --role={ACTS}',
        )
    ]


def test_a_caller_gets_no_right_to_an_account_of_others(site: Site, project: FakeProject) -> None:
    project.iam.add("vertex-flow")
    project.rules.denied.add("iam.serviceAccounts.actAs")
    with pytest.raises(PermissionMissing) as caught:
        Caller().changes(site)
    assert caught.value.permission == "iam.serviceAccounts.actAs"


def test_a_caller_that_is_a_service_account(project: FakeProject, apis: Apis) -> None:
    from tests.cloud.project import Caller as Credentials

    class Robot(Credentials):
        account = "ci@acme.iam.gserviceaccount.com"

    project.iam.add("vertex-flow", description=DESCRIPTION)
    robot = project.iam.add("ci")
    project.rules.denied.add("iam.serviceAccounts.actAs")
    context = project.context(credentials=Robot())  # type: ignore[no-untyped-call]
    with project.apis(context) as own:
        [change] = Caller().changes(Site(context, own))
        change.apply()
    assert project.iam.policies.bindings(EMAIL) == [
        {"role": ACTS, "members": [f"serviceAccount:{robot}"]}
    ]
