"""The search space: what may be tried, and in the form that the tuning component takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud.aiplatform import hyperparameter_tuning as gcp
from google_cloud_pipeline_components.v1 import hyperparameter_tuning_job as gcpc

from vertex_flow import Categorical, Discrete, Double, Integer
from vertex_flow.errors import SettingError

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize("make", [Double, Integer])
def test_an_unknown_scale_has_its_nearest_name(make: Callable[..., Any]) -> None:
    with pytest.raises(SettingError) as caught:
        make(1, 2, scale="reverse-log")
    assert str(caught.value) == (
        f"{make.__name__}: unknown scale 'reverse-log'; use one of 'linear', 'log', "
        "'reverse_log'. Did you mean 'reverse_log'?"
    )


def test_an_unknown_scale_of_discrete_values() -> None:
    with pytest.raises(SettingError, match="Discrete: unknown scale 'lin'"):
        Discrete([1, 2], scale="lin")  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [Double, Integer])
def test_min_above_max(make: Callable[..., Any]) -> None:
    with pytest.raises(SettingError) as caught:
        make(3, 2)
    assert str(caught.value) == f"{make.__name__}(3, 2): min must not be above max. Swap them."


@pytest.mark.parametrize("make", [Double, Integer])
@pytest.mark.parametrize("scale", ["log", "reverse_log"])
def test_a_log_scale_cannot_touch_0(make: Callable[..., Any], scale: str) -> None:
    with pytest.raises(SettingError) as caught:
        make(0, 2, scale=scale)
    assert str(caught.value) == (
        f"{make.__name__}(0, 2, scale={scale!r}): a {scale} scale needs min > 0. Raise min, or "
        "use scale='linear'."
    )


def test_a_log_scale_of_discrete_values_cannot_touch_0() -> None:
    with pytest.raises(SettingError, match="a log scale needs min > 0"):
        Discrete([4, 0, 2], scale="log")


@pytest.mark.parametrize("bound", [NAN, INFINITE, -INFINITE])
def test_the_ends_are_finite(bound: float) -> None:
    with pytest.raises(SettingError, match="both ends must be finite numbers"):
        Double(0.0, bound)


@pytest.mark.parametrize("bound", [True, "1", None])
def test_the_ends_of_a_double_are_numbers(bound: Any) -> None:
    with pytest.raises(SettingError, match=r"Double\(0, .*both ends must be numbers\."):
        Double(0, bound)


@pytest.mark.parametrize("bound", [True, 2.0, "2"])
def test_the_ends_of_an_integer_are_ints(bound: Any) -> None:
    with pytest.raises(SettingError, match=r"both ends must be ints\. For real numbers use Double"):
        Integer(1, bound)


@pytest.mark.parametrize("make", [Discrete, Categorical])
def test_no_values(make: Callable[..., Any]) -> None:
    with pytest.raises(SettingError, match=r"\(\[\]\): give at least one value"):
        make([])


@pytest.mark.parametrize("make", [Discrete, Categorical])
@pytest.mark.parametrize("values", ["abc", 3, None])
def test_values_that_are_no_list(make: Callable[..., Any], values: Any) -> None:
    with pytest.raises(SettingError, match="give a list of values"):
        make(values)


@pytest.mark.parametrize(("values", "twice"), [([64, 128, 64], "64"), ([1, 1.0], "1.0")])
def test_a_number_that_stands_twice(values: list[float], twice: str) -> None:
    with pytest.raises(SettingError, match=rf"{twice} stands twice\. Remove one\."):
        Discrete(values)


def test_a_name_that_stands_twice() -> None:
    with pytest.raises(SettingError, match=r"'relu' stands twice\. Remove one\."):
        Categorical(["relu", "tanh", "relu"])


@pytest.mark.parametrize("wrong", ["64", True, None])
def test_a_discrete_value_that_is_no_number(wrong: Any) -> None:
    with pytest.raises(SettingError, match=r"is not a number\. For names use Categorical"):
        Discrete([32, wrong])


def test_a_discrete_value_that_is_not_finite() -> None:
    with pytest.raises(SettingError, match="finite"):
        Discrete([1.0, NAN])


def test_a_categorical_value_that_is_no_text() -> None:
    with pytest.raises(SettingError, match=r"64 is not a str\. For numbers use Discrete"):
        Categorical(["relu", 64])  # type: ignore[list-item]


def test_discrete_values_are_kept_in_order() -> None:
    assert Discrete([128, 64]).values == (64, 128)


def test_min_may_equal_max() -> None:
    assert Integer(3, 3).spec("n")["integer_value_spec"] == {"min_value": "3", "max_value": "3"}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Double(1e-4, 1e-2, scale="log"), gcp.DoubleParameterSpec(1e-4, 1e-2, "log")),
        (Double(0, 1), gcp.DoubleParameterSpec(0, 1, "linear")),
        (Integer(1, 9, scale="reverse_log"), gcp.IntegerParameterSpec(1, 9, "reverse_log")),
        (Discrete([64, 128]), gcp.DiscreteParameterSpec([64, 128], "linear")),
        (Categorical(["relu", "tanh"]), gcp.CategoricalParameterSpec(["relu", "tanh"])),
    ],
    ids=lambda spec: type(spec).__name__,
)
def test_the_spec_is_what_googles_own_serialiser_gives(mine: Any, theirs: Any) -> None:
    assert [mine.spec("p")] == gcpc.serialize_parameters({"p": theirs})
