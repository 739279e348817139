"""`vertex-flow clean`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.cloud import CloudShell, cloud_shell
from tests.cli.conftest import Shell


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    with cloud_shell(tmp_path_factory.mktemp("clean")) as shell:
        yield shell


def endpoint(cloud: CloudShell, name: str, expires: str) -> str:
    """Create an endpoint that has, or had, a time to go."""
    labels = {"vertex-flow-flow": "mnist", "vertex-flow-expires": expires}
    with cloud.whole.context.apis as apis:
        operation = apis.vertex._endpoints.create_endpoint(
            parent=apis.vertex.parent, endpoint={"display_name": name, "labels": labels}
        )
        return str(operation.result(timeout=30).name)


def test_what_has_expired_is_removed(cloud: CloudShell) -> None:
    old = endpoint(cloud, "old", "2020-01-31t08-00-00z")
    young = endpoint(cloud, "young", "2199-01-31t08-00-00z")
    assert cloud.json("clean", "--dry-run")["removed"] == []
    assert old in str(cloud.json("clean")["removed"])
    with cloud.whole.context.apis as apis:
        assert [one.name for one in apis.vertex.endpoints("")] == [young]


def test_what_is_left_on_this_machine(busy: Shell) -> None:
    done = busy("clean", "--on", "local")
    assert (done.returncode, done.stderr) == (0, "")


def test_it_says_so_to_a_person(cloud: CloudShell) -> None:
    done = cloud("clean")
    assert (done.returncode, done.stderr) == (0, "")
    assert "young" in done.stdout
