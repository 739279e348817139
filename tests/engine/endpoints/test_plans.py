import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.endpoints.plans import plan_server
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError
from vertex_flow.names import project_number

ENDPOINT = "projects/acme/locations/us-central1/endpoints/7"
PREBUILT = "us-docker.pkg.dev/vertex-ai/prediction/"


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    return home


def plan(home, **spec):
    spec.setdefault("image_uri", "europe-docker.pkg.dev/acme/serving/flowers:1")
    model = types.Model(name="m", artifact_uri="gs://acme/iris", container_spec=spec)
    return plan_server(home, endpoint=ENDPOINT, deployed=types.DeployedModel(id="9"), model=model)


def test_another_image_needs_a_command(home):
    with pytest.raises(ApiError) as caught:
        plan(home)

    assert caught.value.message == (
        "The image europe-docker.pkg.dev/acme/serving/flowers:1 has no container_spec.command, "
        "and an image's own program cannot run here: set container_spec.command (and args) to "
        "the server's command, for example ['python', '-m', 'my_server']."
    )


def test_a_prebuilt_image_is_served_by_this_package(home):
    argv = plan(home, image_uri=f"{PREBUILT}tf2-cpu.2-15:latest").argv

    assert argv == ("python", "-m", "vertex_flow.serving", "--framework", "tensorflow")


def test_a_command_comes_before_a_prebuilt_image(home):
    image_uri = f"{PREBUILT}tf2-cpu.2-15:latest"

    assert plan(home, image_uri=image_uri, command=["serve"], args=["-v"]).argv == ("serve", "-v")


def test_what_a_prebuilt_image_imports_is_known_and_a_command_is_read_for_it(home, tmp_path):
    plans = [plan(home, image_uri=f"{PREBUILT}tf2-cpu:latest"), plan(home, command=["serve"])]

    assert [one.command(1, tmp_path).imports for one in plans] == [{"tensorflow"}, None]


def test_arguments_without_effect_are_noted(home):
    noted = plan(home, image_uri=f"{PREBUILT}tf2-cpu:latest", args=["--batch"]).notes

    assert noted == (
        f"the local tensorflow server stands in for {PREBUILT}tf2-cpu:latest; "
        "the arguments ['--batch'] have no effect here",
    )


def test_routes_are_vertex_ais_by_default(home):
    made = plan(home, command=["serve"])

    assert (made.health_route, made.predict_route) == (
        "/v1/endpoints/7/deployedModels/9",
        "/v1/endpoints/7/deployedModels/9:predict",
    )


def test_routes_are_the_models_where_it_has_them(home):
    made = plan(home, command=["serve"], health_route="/up", predict_route="/ask")

    assert (made.health_route, made.predict_route) == ("/up", "/ask")


def test_the_environment_tells_where_the_model_is(home):
    uri = plan(home, command=["serve"]).env["AIP_STORAGE_URI"]

    assert uri == str(home.storage / "acme" / "iris")


def test_the_environment_tells_the_number_of_the_project(home):
    number = plan(home, command=["serve"]).env["AIP_PROJECT_NUMBER"]

    assert number == project_number("acme")
    assert number.isdigit()


def variables(home, tmp_path, *given):
    """The environment of a server whose model has some variables of its own."""
    env = [{"name": name, "value": value} for name, value in given]
    return plan(home, command=["serve"], env=env).command(80, tmp_path).env


def test_the_environment_of_the_model_is_localised(home, tmp_path):
    env = variables(home, tmp_path, ("DATA", "gs://acme/x"))

    assert env["DATA"] == str(home.storage / "acme" / "x")


def test_a_variable_names_an_earlier_one(home, tmp_path):
    given = (("A", "foo"), ("B", "$(A) bar"), ("C", "$(D)"), ("D", ":$(AIP_HTTP_PORT)"))
    env = variables(home, tmp_path, *given)

    assert (env["B"], env["C"], env["D"]) == ("foo bar", "$(D)", ":80")


def test_the_contracts_variables_are_not_the_models_to_set(home, tmp_path):
    env = variables(home, tmp_path, ("AIP_HTTP_PORT", "1"), ("AIP_MODE", "TRAINING"))

    assert (env["AIP_HTTP_PORT"], env["AIP_MODE"]) == ("80", "PREDICTION")


def test_variables_in_the_command_are_filled_in(home, tmp_path):
    made = plan(home, command=["serve"], args=["--port=$(AIP_HTTP_PORT)", "$(NONE)", "$$(HOME)"])

    assert made.command(80, tmp_path).argv == ("serve", "--port=80", "$(NONE)", "$(HOME)")


def test_a_source_folder_is_run_where_it_lies(home, tmp_path):
    made = plan(home, image_uri=f"file://{tmp_path}@sha256:12", command=["serve"])

    assert (made.cwd, made.env["PYTHONPATH"].split(":")[0]) == (tmp_path, str(tmp_path))


def test_the_deployment_timeout_is_the_models(home):
    assert plan(home, command=["serve"], deployment_timeout="90s").start_timeout == 90
