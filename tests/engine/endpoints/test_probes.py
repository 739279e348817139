"""Probes: read from a container, and honoured by the server that they are of."""

import pytest
from google.cloud.aiplatform_v1 import types

from tests.engine.local_api import LocalApi, refusal
from vertex_flow.engine.endpoints.probes import (
    CommandCheck,
    HttpCheck,
    Probe,
    TcpCheck,
    read_probe,
)
from vertex_flow.errors import ApiError


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    api = LocalApi(tmp_path_factory.mktemp("home"))
    yield api
    api.close()


@pytest.fixture
def endpoint(api):
    return api.create_endpoint()


def read(probe, **spec):
    return read_probe(types.ModelContainerSpec(health_probe=probe, **spec), "health_probe")


def status(api, endpoint):
    """How the server of an endpoint's only deployed model is doing."""
    return api.endpoints.get_endpoint(name=endpoint).deployed_models[0].status


def command(*argv, **numbers):
    return {"exec_": {"command": list(argv)}, "period_seconds": 1, "timeout_seconds": 5, **numbers}


def test_a_probe_has_kubernetes_numbers_unless_told():
    assert read({"tcp_socket": {}}) == Probe(
        check=TcpCheck(), period=10, timeout=1, failures=3, successes=1, delay=0
    )


def test_a_probes_numbers_are_its_own():
    given = {"tcp_socket": {}, "period_seconds": 2, "timeout_seconds": 3, "failure_threshold": 4}
    found = read({**given, "success_threshold": 5, "initial_delay_seconds": 6})

    numbers = (found.period, found.timeout, found.failures, found.successes, found.delay)
    assert numbers == (2, 3, 4, 5, 6)


def test_a_command_is_checked():
    assert read({"exec_": {"command": ["cat", "x"]}}).check == CommandCheck(argv=("cat", "x"))


def test_a_request_is_checked():
    asked = {"path": "up", "scheme": "HTTPS", "http_headers": [{"name": "a", "value": "b"}]}

    assert read({"http_get": asked}).check == HttpCheck(
        path="/up", scheme="https", headers=(("a", "b"),)
    )


@pytest.mark.parametrize(
    ("port", "ports", "expected"),
    [(8080, [], None), (80, [{"container_port": 80}], None), (0, [], None), (81, [], 81)],
)
def test_the_containers_port_is_the_one_that_the_server_has_here(port, ports, expected):
    assert read({"tcp_socket": {"port": port}}, ports=ports).check.port == expected


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        ({}, "model.container_spec.health_probe has to have exec with a command, http_get or"),
        (
            {"tcp_socket": {"host": "acme.com"}},
            "model.container_spec.health_probe.tcp_socket.host is 'acme.com': a server can be "
            "probed on this machine only.",
        ),
        (
            {"http_get": {"scheme": "ftp"}},
            "model.container_spec.health_probe.http_get.scheme is 'ftp'; expected HTTP or HTTPS.",
        ),
        (
            {"tcp_socket": {}, "period_seconds": -1},
            "model.container_spec.health_probe.period_seconds is -1; expected 1 or more, or",
        ),
    ],
)
def test_a_probe_that_checks_nothing_here_is_refused(probe, text):
    with pytest.raises(ApiError) as caught:
        read(probe)

    assert caught.value.message.startswith(text)


def test_a_grpc_probe_is_refused_by_name(api):
    text = refusal("INVALID_ARGUMENT", api.upload_flowers, "rose", startup_probe={"grpc": {}})

    assert "does not support 'model.container_spec.startup_probe.grpc'" in text


def test_a_server_that_does_not_pass_its_startup_probe_is_not_deployed(api, endpoint):
    model = api.upload_flowers("rose", startup_probe=command("false", failure_threshold=2))
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, model, id="5")

    assert text.startswith(
        f"Model server never became ready: {endpoint}/deployedModels/5 did not pass its startup "
        "probe: false ended with exit code 1."
    )


def test_a_server_is_deployed_once_its_probes_pass(api, endpoint):
    probes = {
        "startup_probe": {"tcp_socket": {}, "period_seconds": 1},
        "health_probe": command("test", "-d", "."),
    }
    api.deploy(endpoint, api.upload_flowers("rose", **probes))

    assert api.predict(endpoint, {"instances": [1]}).status_code == 200


def test_a_program_of_a_probe_that_is_missing_is_named(api, endpoint):
    model = api.upload_flowers("rose", startup_probe=command("no-such", failure_threshold=1))
    text = refusal("FAILED_PRECONDITION", api.deploy, endpoint, model)

    assert "did not pass its startup probe: 'no-such' is not a program that can be run" in text


def test_a_command_that_takes_too_long_has_failed(api, endpoint):
    probe = command("sleep", "60", failure_threshold=1, timeout_seconds=1)
    text = refusal(
        "FAILED_PRECONDITION", api.deploy, endpoint, api.upload_flowers("a", startup_probe=probe)
    )

    assert "startup probe: sleep took more than 1 s." in text


def test_an_unhealthy_server_gets_no_requests_until_it_is_healthy(api, endpoint, tmp_path, until):
    file = tmp_path / "well"
    file.touch()
    probe = {"http_get": {"path": "/up"}, "period_seconds": 1, "failure_threshold": 1}
    model = api.upload_flowers(f"well={file}", health_route="/up", health_probe=probe)
    api.deploy(endpoint, model)
    file.unlink()
    until(lambda: status(api, endpoint).available_replica_count == 0)
    refused = api.error(api.predict(endpoint, {"instances": [1]}))
    file.touch()
    until(lambda: status(api, endpoint).available_replica_count == 1)

    assert "its health check fails: GET /up: 404" in refused[2]
    assert api.predict(endpoint, {"instances": [1]}).status_code == 200


def test_a_server_that_is_not_alive_is_started_again(api, endpoint, tmp_path, until):
    file = tmp_path / "alive"
    file.touch()
    probe = command("test", "-f", str(file), failure_threshold=1)
    deployed = api.deploy(endpoint, api.upload_flowers("rose", liveness_probe=probe))
    file.unlink()
    log = api.home.log("endpoints", endpoint.rpartition("/")[2], deployed.id)
    until(lambda: "restart 1 of 2" in log.read_text())
    file.touch()

    text = "the server ended with a failed liveness probe: test ended with exit code 1; restart"
    assert text in log.read_text()
