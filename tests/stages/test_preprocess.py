"""Turn a data set into training and test data."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
from collections.abc import Callable
from typing import Any

import pytest
from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from tests.samples import IMAGE, compiled, tasks_of
from vertex_flow import Param
from vertex_flow.errors import SettingError
from vertex_flow.stages import ImportDataset, Preprocess


def split(
    dataset: Input[Dataset], train_data: Output[Dataset], test_data: Output[Dataset], share: float
) -> None:
    """Split in my own way."""


def half(train_data: Output[Dataset]) -> None:
    """Put out too little."""


def test_the_compiled_stage(check_pipeline: Callable[[Any], None]) -> None:
    check_pipeline(Preprocess(test_fraction=Param("held_out", 0.2)))


@pytest.mark.parametrize("fraction", [0, 1, 1.5, -0.1, float("nan"), True])
def test_a_fraction_out_of_range(fraction: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Preprocess(test_fraction=fraction)
    assert str(caught.value) == (
        f"Preprocess(test_fraction={fraction!r}): expected a share between 0 and 1, both excluded."
    )


def tasks(preprocess: Preprocess) -> dict[str, Any]:
    return tasks_of(compiled(ImportDataset("gs://b/x"), preprocess), "preprocess")


def test_a_plain_function_is_the_step() -> None:
    inputs = tasks(Preprocess(component=split, arguments={"share": 0.5}))["split"]["inputs"]
    assert inputs == {
        "artifacts": {"dataset": {"componentInputArtifact": "dataset"}},
        "parameters": {"share": {"runtimeValue": {"constant": 0.5}}},
    }


def test_a_component_is_the_step() -> None:
    component = dsl.component(base_image=IMAGE)(split)
    assert list(tasks(Preprocess(component=component, arguments={"share": 0.5}))) == ["split"]


def test_an_argument_may_be_a_param() -> None:
    preprocess = Preprocess(component=split, arguments={"share": Param("share", 0.5)})
    assert tasks(preprocess)["split"]["inputs"]["parameters"]["share"] == {
        "componentInputParameter": "share"
    }


def test_packages_and_image_belong_to_a_plain_function() -> None:
    spec = compiled(
        ImportDataset("gs://b/x"),
        Preprocess(
            component=split, arguments={"share": 0.5}, packages=["pandas==2.2"], base_image="mine:1"
        ),
    )
    container = spec["deploymentSpec"]["executors"]["exec-split"]["container"]
    assert container["image"] == "mine:1"
    assert "pandas==2.2" in str(container["command"])


@pytest.mark.parametrize("setting", [{"packages": ["x"]}, {"base_image": "mine:1"}])
def test_a_component_has_its_own_packages(setting: dict[str, Any]) -> None:
    component = dsl.component(base_image=IMAGE)(split)
    with pytest.raises(SettingError, match=r"it is a component already, so packages= and"):
        Preprocess(component=component, arguments={"share": 0.5}, **setting)


@pytest.mark.parametrize(
    ("name", "value"), [("packages", ["x"]), ("base_image", "x"), ("arguments", {"a": 1})]
)
def test_settings_of_a_component_need_one(name: str, value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Preprocess(**{name: value})
    assert str(caught.value) == (
        f"Preprocess({name}=...): it belongs to a component of your own: "
        f"Preprocess(component=..., {name}=...)."
    )


def test_a_component_without_an_output_the_stage_promises() -> None:
    with pytest.raises(SettingError) as caught:
        Preprocess(component=half)
    assert str(caught.value) == (
        "Preprocess(component=half): it has no output 'test_data' (Dataset); it has train_data. "
        "Did you mean 'train_data'?"
    )


def test_an_argument_that_the_component_does_not_take() -> None:
    with pytest.raises(SettingError) as caught:
        Preprocess(component=split, arguments={"shar": 0.5})
    assert str(caught.value) == (
        "Preprocess(arguments={'shar': ...}): split has no such input; it has dataset, share. "
        "Did you mean 'share'?"
    )


def test_an_input_of_the_component_without_a_value() -> None:
    with pytest.raises(SettingError) as caught:
        Preprocess(component=split)
    assert str(caught.value) == (
        "Preprocess(component=split): input 'share' has no value. The stage passes dataset; give "
        "others with arguments={'share': ...}."
    )


def test_a_param_deep_inside_an_argument() -> None:
    with pytest.raises(SettingError, match=r"'share' holds a port or a Param inside a list or"):
        Preprocess(component=split, arguments={"share": [Param("share", 0.5)]})


@pytest.mark.parametrize("component", ["split", 3, Preprocess])
def test_what_is_no_function(component: Any) -> None:
    with pytest.raises(SettingError, match=r"expected a @dsl\.component or a plain function"):
        Preprocess(component=component)


def test_a_function_without_annotations() -> None:
    def bare(dataset):  # type: ignore[no-untyped-def]
        pass

    with pytest.raises(SettingError) as caught:
        Preprocess(component=bare)
    assert str(caught.value) == (
        "Preprocess(component=bare): KFP cannot make a component of the function: Missing type "
        "annotation for argument: dataset"
    )


def test_a_single_package_needs_a_list() -> None:
    with pytest.raises(SettingError, match=r"'pandas' stands alone where a list is expected"):
        Preprocess(component=split, packages="pandas")
