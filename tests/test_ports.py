"""Ports, parameters and the conditions built from them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from kfp.dsl import Artifact, Dataset, Model

from vertex_flow import Double, Out, Param, Port, Trainer
from vertex_flow.errors import SettingError
from vertex_flow.ports import Condition, fits, is_constant_of, references

PASSED = Port(stage="score", name="passed", type=bool)
SHARE = Port(stage="score", name="share", type=float)
COUNT = Port(stage="score", name="count", type=int)
LABEL = Port(stage="score", name="label", type=str)
NAN = float("nan")


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
def test_each_comparison_builds_a_condition(operator: str) -> None:
    condition = eval(f"share {operator} 0.5", {"share": SHARE})
    assert (condition.left, condition.operator, condition.right) == (SHARE, operator, 0.5)


def test_a_constant_on_the_left_turns_the_comparison_round() -> None:
    condition: Any = 0.5 <= SHARE
    assert str(condition) == "score.share >= 0.5"


def test_a_condition_reads_as_it_was_written() -> None:
    assert str(Param("least", 0.9) > SHARE) == "Param('least') > score.share"


def test_a_condition_on_truth_reads_as_the_port() -> None:
    assert str(Condition(PASSED, "==", True)) == "score.passed"


@pytest.mark.parametrize("undecided", [SHARE > 0.5, PASSED, Param("go", True)])
def test_python_cannot_decide_on_what_is_not_known_yet(undecided: Any) -> None:
    with pytest.raises(SettingError, match="only known while the pipeline runs") as caught:
        assert undecided
    assert "Use When(condition, [stages]); for `and`, put one When inside the other." in str(
        caught.value
    )


def test_and_between_conditions_is_refused() -> None:
    with pytest.raises(SettingError, match=r"the value of `score.share > 0.5` is only known"):
        _ = SHARE > 0.5 and COUNT > 1


def test_artifacts_are_not_compared() -> None:
    model = Port(stage="train", name="model", type=Model)
    with pytest.raises(SettingError) as caught:
        _ = model > 3
    assert str(caught.value) == (
        "train.model is a Model, and only a str, int, float or bool can be compared in a "
        "condition. Let the stage put out the value that decides."
    )


def test_a_comparison_with_anything_else_is_refused() -> None:
    with pytest.raises(SettingError, match=r"compare with a str, int, float or bool, a port"):
        _ = SHARE > [0.5]


@pytest.mark.parametrize(
    ("port", "constant", "kinds"),
    [(COUNT, "3", "an int with a str"), (LABEL, 3, "a str with an int"), (PASSED, 1, "a bool")],
)
def test_a_comparison_of_unlike_types_is_refused(port: Any, constant: Any, kinds: str) -> None:
    with pytest.raises(SettingError, match=f"compares {kinds}.*which never holds"):
        _ = port == constant


def test_ints_and_floats_compare() -> None:
    assert str(COUNT >= 0.5) == "score.count >= 0.5"


def test_a_bool_has_no_order() -> None:
    with pytest.raises(SettingError, match=r"a bool has no order\. Compare with == or !="):
        _ = PASSED > False


@pytest.mark.parametrize("text", ["it's", "a\\b", "a\nb"])
def test_a_text_that_would_break_the_condition_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="cannot hold a single quote, a backslash or a line"):
        _ = text == LABEL


def test_a_condition_needs_a_finite_number() -> None:
    with pytest.raises(SettingError, match="compare with a finite number"):
        _ = SHARE > NAN


def test_ports_are_equal_by_stage_and_name() -> None:
    assert Port(stage="score", name="share", type=float) == SHARE
    assert SHARE != COUNT


def test_params_of_another_default_differ() -> None:
    assert Param("n", 1) != Param("n", 2)
    assert Param("n", 1) != Param("n", True)


def test_equal_ports_are_one_key() -> None:
    assert {SHARE: 1, Port(stage="score", name="share", type=float): 2} == {SHARE: 2}


def test_a_param_has_the_type_of_its_default() -> None:
    assert Param("epochs", 5).type is int


@pytest.mark.parametrize("name", ["Epochs", "1st", "e-pochs", "", "e" * 64])
def test_a_param_name_is_checked(name: str) -> None:
    with pytest.raises(SettingError, match="is not a valid parameter name: use up to 63"):
        Param(name, 1)


def test_a_param_cannot_be_named_by_a_word_of_python() -> None:
    with pytest.raises(SettingError, match=r"word of Python's own. Try 'lambda_value'\."):
        Param("lambda", 0.1)


@pytest.mark.parametrize("default", [None, (1, 2), object])
def test_a_param_default_is_of_a_parameter_type(default: Any) -> None:
    with pytest.raises(SettingError, match="must be a str, int, float, bool, list or dict"):
        Param("epochs", default)


def test_a_param_default_is_finite() -> None:
    with pytest.raises(SettingError, match="must be finite"):
        Param("rate", float("inf"))


def test_an_output_of_no_port_type_is_refused() -> None:
    with pytest.raises(SettingError, match="an output is a KFP artifact class such as Model"):
        Out(set)


def test_an_artifact_fits_its_bases() -> None:
    assert fits(Model, Artifact)
    assert not fits(Artifact, Model)


def test_an_int_output_does_not_fit_a_float() -> None:
    assert not fits(int, float)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [(1, float, True), (1.0, int, False), (True, int, False), (True, float, False)],
)
def test_which_constants_a_type_takes(value: Any, kind: type, expected: bool) -> None:
    assert is_constant_of(value, kind) == expected


def test_nan_is_no_constant() -> None:
    assert not is_constant_of(float("nan"), float)


def test_references_are_found_at_any_depth_and_in_order() -> None:
    epochs = Param("epochs", 5)
    trainer = Trainer(module="a.b", env={"A": LABEL}, args={"epochs": epochs}, image="x")
    found = list(references([{"a": (SHARE, 1)}, trainer]))
    assert [str(one) for one in found] == ["score.share", "Param('epochs')", "score.label"]


def test_an_unfilled_input_is_no_reference() -> None:
    from vertex_flow import In

    assert list(references([In(), Double(0.0, 1.0)])) == []


def test_a_port_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        SHARE.stage = "other"  # type: ignore[misc]


def test_an_out_reads_as_it_was_written() -> None:
    assert repr(Out(Dataset)) == "Out(Dataset)"
