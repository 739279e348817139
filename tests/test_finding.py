"""How the project of a caller is found who names none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.oauth2.credentials import Credentials

from tests.cloud.credentials import key_file
from tests.cloud.fake import Asked, FakeCloud, Refused, fake_cloud
from vertex_flow.apis import Apis
from vertex_flow.errors import CredentialsError, SettingError
from vertex_flow.finding import Found, configured_project, find_project, gcloud_setting

SEARCH = "cloudresourcemanager.projects.search"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "GOOGLE_CLOUD_PROJECT",
        "GCLOUD_PROJECT",
        "CLOUDSDK_CORE_PROJECT",
        "CLOUDSDK_CONFIG",
        "CLOUDSDK_ACTIVE_CONFIG_NAME",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # google.auth asks no metadata server


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as cloud:
        yield cloud


@pytest.fixture
def apis(cloud: FakeCloud) -> Iterator[Apis]:
    endpoints = {"cloudresourcemanager": cloud.url}
    with Apis("", "us-central1", Credentials("token"), endpoints) as apis:  # type: ignore[no-untyped-call]
        yield apis


@pytest.fixture
def nobody() -> Apis:
    return Apis("", "us-central1")


def configured(tmp_path: Path, name: str = "default", project: str = "of-gcloud") -> None:
    folder = tmp_path / ".config" / "gcloud" / "configurations"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"config_{name}").write_text(f"[core]\nproject = {project}\naccount = 100%me\n")


def visible(*projects: str) -> Any:
    return {SEARCH: lambda _: {"projects": [{"projectId": one} for one in projects]}}


@pytest.mark.parametrize("name", ["GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"])
def test_the_environment_comes_first(
    nobody: Apis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    configured(tmp_path)
    monkeypatch.setenv(name, "of-env")
    assert find_project(nobody) == Found("of-env", f"the environment variable {name}")


def test_then_the_credentials(
    nobody: Apis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configured(tmp_path)
    key = key_file(tmp_path, "https://127.0.0.1:9/token")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    assert find_project(nobody) == Found("of-the-key", "the application-default credentials")


def test_then_gclouds_active_configuration(apis: Apis, tmp_path: Path) -> None:
    configured(tmp_path)
    assert find_project(apis) == Found("of-gcloud", "gcloud's configuration 'default'")


def test_then_the_first_project_that_the_caller_sees(cloud: FakeCloud, apis: Apis) -> None:
    cloud.serve("cloudresourcemanager.v3", visible("first", "second"))
    assert find_project(apis) == Found("first", "the first project that the caller can see")


def test_only_active_projects_are_looked_for(cloud: FakeCloud, apis: Apis) -> None:
    def search(asked: Asked) -> dict[str, Any]:
        assert asked.query["query"] == "state:ACTIVE"
        return {"projects": [{"projectId": "p"}]}

    cloud.serve("cloudresourcemanager.v3", {SEARCH: search})
    assert find_project(apis).value == "p"


def test_no_project_to_see(cloud: FakeCloud, apis: Apis) -> None:
    cloud.serve("cloudresourcemanager.v3", visible())
    with pytest.raises(SettingError) as caught:
        find_project(apis)
    assert str(caught.value) == (
        "no Google Cloud project: pass GcpContext(project=...), set GOOGLE_CLOUD_PROJECT, or run "
        "`gcloud config set project PROJECT`. To run on this machine, use GcpContext.local()."
    )


def test_a_caller_who_may_not_look(cloud: FakeCloud, apis: Apis) -> None:
    cloud.serve("cloudresourcemanager.v3", visible("first"))
    cloud.trouble(SEARCH, Refused(403, "PERMISSION_DENIED", "no"))
    with pytest.raises(SettingError, match=r"^no Google Cloud project: "):
        find_project(apis)


def test_expired_credentials_are_said(cloud: FakeCloud, apis: Apis) -> None:
    cloud.serve("cloudresourcemanager.v3", visible("first"))
    cloud.trouble(SEARCH, *[Refused(401, "UNAUTHENTICATED", "expired")] * 5)
    with pytest.raises(CredentialsError):
        find_project(apis)


def test_the_configuration_that_is_active(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configured(tmp_path)
    configured(tmp_path, "work", "at-work")
    (tmp_path / ".config" / "gcloud" / "active_config").write_text("work\n")
    assert gcloud_setting("core", "project") == ("at-work", "gcloud's configuration 'work'")
    monkeypatch.setenv("CLOUDSDK_ACTIVE_CONFIG_NAME", "default")
    assert gcloud_setting("core", "project") == ("of-gcloud", "gcloud's configuration 'default'")


def test_a_configuration_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configured(tmp_path)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / ".config" / "gcloud"))
    monkeypatch.setenv("HOME", "/nonexistent")
    assert gcloud_setting("core", "project") == ("of-gcloud", "gcloud's configuration 'default'")


def test_a_setting_that_is_not_there(tmp_path: Path) -> None:
    configured(tmp_path)
    assert gcloud_setting("ai", "region") is None


def test_a_configuration_that_is_broken(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "gcloud" / "configurations"
    folder.mkdir(parents=True)
    (folder / "config_default").write_text("project = outside of a section")
    with pytest.raises(SettingError, match=r"gcloud's configuration .* cannot be read: "):
        gcloud_setting("core", "project")


def test_nothing_is_configured() -> None:
    assert configured_project() is None


def test_the_environment_configures_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCLOUD_PROJECT", "acme")
    assert configured_project() == Found("acme", "the environment variable GCLOUD_PROJECT")


@pytest.mark.parametrize("key", ["project_id", "quota_project_id"])
def test_a_file_of_credentials_configures_a_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    file = tmp_path / "application_default_credentials.json"
    file.write_text(json.dumps({key: "acme"}))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    assert configured_project() == Found("acme", "the application-default credentials")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"project_id": ""}', "\x00"])
def test_after_broken_credentials_gcloud_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "key.json"
    file.write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    configuration = tmp_path / ".config" / "gcloud" / "configurations" / "config_default"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("[core]\nproject = acme")
    assert configured_project() == Found("acme", "gcloud's configuration 'default'")


def test_a_broken_configuration_is_none(tmp_path: Path) -> None:
    configuration = tmp_path / ".config" / "gcloud" / "configurations" / "config_default"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("project = acme")
    assert configured_project() is None
