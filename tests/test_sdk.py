"""What `GcpContext.init_aiplatform` sets, for which place, and how it is undone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform, storage
from google.cloud.aiplatform import initializer
from google.cloud.aiplatform.utils import resource_manager_utils

from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.errors import ApiError


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine.start(tmp_path_factory.mktemp("sdk") / "home") as engine:
        yield engine


@pytest.fixture(scope="module")
def context(engine: EmbeddedEngine) -> GcpContext:
    return GcpContext.local(engine.home)


def settings() -> tuple[object, ...]:
    """All that is set, as far as it is for the whole process."""
    names = ("STORAGE_EMULATOR_HOST", "no_proxy", "NO_PROXY")
    return (
        dict(vars(initializer.global_config)),
        [os.environ.get(name) for name in names],
        resource_manager_utils.get_project_number,
        resource_manager_utils.get_project_id,
    )


def test_what_is_set(context: GcpContext, engine: EmbeddedEngine) -> None:
    with context.init_aiplatform():
        config = initializer.global_config
        assert config.api_endpoint == engine.endpoint
        assert (config.project, config.location) == ("local", "us-central1")
        assert config.staging_bucket == "gs://local"


def test_it_is_undone(context: GcpContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "intranet")
    before = settings()
    with context.init_aiplatform():
        assert settings() != before
    assert settings() == before


def test_the_engine_that_others_use_goes_on(context: GcpContext, engine: EmbeddedEngine) -> None:
    context.init_aiplatform().close()
    assert httpx.get(f"{engine.endpoint}/healthz").status_code == 200


def test_an_engine_of_its_own_ends_with_it(tmp_path: Path) -> None:
    with GcpContext.local(tmp_path / "home").init_aiplatform():
        endpoint = initializer.global_config.api_endpoint
        assert httpx.get(f"{endpoint}/healthz").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{endpoint}/healthz")


def test_a_standing_engine_is_joined_and_left(tmp_path: Path) -> None:
    engine = StandingEngine.up(tmp_path / "home")
    try:
        with GcpContext.local(tmp_path / "home").init_aiplatform():
            assert initializer.global_config.api_endpoint == engine.endpoint
            assert aiplatform.Model.list() == []
        assert httpx.get(f"{engine.endpoint}/healthz").status_code == 200
    finally:
        engine.down()


def test_another_bucket_and_project(engine: EmbeddedEngine) -> None:
    context = GcpContext(project="acme", bucket="acme-ml", home=engine.home)
    with context.init_aiplatform():
        assert initializer.global_config.staging_bucket == "gs://acme-ml"
        number = storage.Client().get_bucket("acme-ml").project_number
        assert resource_manager_utils.get_project_number("acme") == str(number)


def test_further_settings(context: GcpContext) -> None:
    with context.init_aiplatform(service_account="me@acme.test", staging_bucket="gs://local/x"):
        config = initializer.global_config
        assert (config.service_account, config.staging_bucket) == ("me@acme.test", "gs://local/x")


def test_a_wrong_setting_leaves_nothing_behind(context: GcpContext) -> None:
    before = settings()
    with pytest.raises(TypeError, match="colour"):
        context.init_aiplatform(colour="red")
    assert settings() == before


def test_a_proxy_gets_nothing(context: GcpContext, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with context.init_aiplatform():
        assert aiplatform.Model.list() == []
        assert [bucket.name for bucket in storage.Client().list_buckets(prefix="local")]


def test_the_id_and_the_number_of_a_project(context: GcpContext) -> None:
    with context.init_aiplatform():
        number = resource_manager_utils.get_project_number("acme")
        assert resource_manager_utils.get_project_id(number) == "acme"


def test_another_endpoint_is_googles_own_again(
    context: GcpContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def number(project_id: str, credentials: object = None) -> str:
        return f"the cloud's number of {project_id}"

    monkeypatch.setattr(resource_manager_utils, "get_project_number", number)
    with context.init_aiplatform():
        aiplatform.init(api_endpoint="us-central1-aiplatform.googleapis.com")
        found = resource_manager_utils.get_project_number("acme")
        assert found == "the cloud's number of acme"


def test_a_token_that_is_not_the_engines(context: GcpContext, engine: EmbeddedEngine) -> None:
    token = engine.home / "token"
    with context.init_aiplatform():
        right = token.read_text()
        token.write_text("wrong")
        initializer.global_config.credentials.token = "wrong"
        try:
            with pytest.raises(ApiError) as caught:
                aiplatform.Model.list()
        finally:
            token.write_text(right)
    assert str(caught.value) == (
        f"401 UNAUTHENTICATED: the engine at {engine.endpoint} does not take the token in "
        f"{token}: it is another engine's. Call init_aiplatform() again."
    )


def test_a_new_token_is_taken_from_the_folder(context: GcpContext) -> None:
    with context.init_aiplatform():
        initializer.global_config.credentials.token = "of the engine before"
        assert aiplatform.Model.list() == []


def test_a_folder_that_is_gone(context: GcpContext, engine: EmbeddedEngine) -> None:
    token = engine.home / "token"
    with context.init_aiplatform():
        right = token.read_text()
        token.unlink()
        initializer.global_config.credentials.token = "wrong"
        try:
            with pytest.raises(ApiError, match="503 UNAVAILABLE: the token of the local engine"):
                aiplatform.Model.list()
        finally:
            token.write_text(right)
            token.chmod(0o600)


def test_the_token_goes_to_the_engine_alone(context: GcpContext) -> None:
    with context.init_aiplatform():
        headers: dict[str, str] = {}
        with pytest.raises(ApiError, match=r"GET https://googleapis\.com/x was not sent"):
            initializer.global_config.credentials.before_request(
                None, "GET", "https://googleapis.com/x", headers
            )
        assert headers == {}


def test_the_cloud() -> None:
    before = settings()
    cloud = GcpContext(project="acme", location="europe-west4")
    with cloud.init_aiplatform(credentials=AnonymousCredentials()):
        config = initializer.global_config
        assert (config.project, config.location) == ("acme", "europe-west4")
        assert config.staging_bucket == "gs://acme-vertex-flow"
        assert config.api_endpoint is None
        assert settings()[1:] == before[1:]
    assert settings() == before


def test_it_says_what_it_is(context: GcpContext) -> None:
    with context.init_aiplatform() as sdk:
        assert repr(sdk) == "Sdk(project='local', staging_bucket='gs://local')"


def test_what_the_context_says_is_said_to_the_sdk() -> None:
    credentials = AnonymousCredentials()
    cloud = GcpContext(
        project="acme",
        credentials=credentials,
        network="projects/1/global/networks/default",
        encryption_key="projects/acme/locations/us-central1/keyRings/r/cryptoKeys/k",
        api_endpoints={"aiplatform": "https://us-central1-acme.p.googleapis.com"},
    )
    with cloud.init_aiplatform():
        config = initializer.global_config
        assert config.credentials is credentials
        assert config.network == cloud.network
        assert config.encryption_spec_key_name == cloud.encryption_key
        assert config.api_endpoint == "https://us-central1-acme.p.googleapis.com"
