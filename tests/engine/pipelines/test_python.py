"""How a Python component is read from its container. No future annotations: KFP reads them."""

from kfp import dsl
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.engine.pipelines import components as ops
from vertex_flow.engine.pipelines.tasks import python


def _container(component, name: str):
    @dsl.pipeline(name="one")
    def pipeline():
        component()

    executors = pipeline.pipeline_spec.deployment_spec["executors"]
    found = executors[f"exec-{name}"]["container"]
    return pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec(
        command=list(found["command"]) if "command" in found else [],
        args=list(found["args"]) if "args" in found else [],
    )


def test_the_source_is_found() -> None:
    found = python.recognise(_container(ops.two, "two"))

    assert found is not None
    assert "def two()" in found.source
    assert found.arguments[-2:] == ("--function_to_execute", "two")


def test_packages_are_found_and_kfp_is_left_out() -> None:
    @dsl.component(
        base_image="python:3.11",
        packages_to_install=["attrs>=20,<30", 'numpy; python_version<"3.99"', "kfp-kubernetes"],
        pip_index_urls=["https://example.com/simple"],
        pip_trusted_hosts=["example.com"],
    )
    def needy():
        pass

    found = python.recognise(_container(needy, "needy"))

    assert found.requirements == ("attrs>=20,<30", 'numpy; python_version<"3.99"')


def test_a_component_without_packages_needs_none() -> None:
    assert python.recognise(_container(ops.two, "two")).requirements == ()


def test_a_virtual_environment_changes_nothing() -> None:
    @dsl.component(base_image="python:3.11", packages_to_install=["attrs"], use_venv=True)
    def apart():
        pass

    assert python.recognise(_container(apart, "apart")).requirements == ("attrs",)


def test_a_containerised_component_is_a_module_of_the_environment() -> None:
    found = python.recognise(
        pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec(
            command=["python3", "-m", "kfp.dsl.executor_main"], args=["--x"]
        )
    )

    assert found == python.PythonComponent(source=None, requirements=(), arguments=("--x",))


def test_another_container_is_none() -> None:
    assert python.recognise(_container(ops.bare, "bare")) is None
