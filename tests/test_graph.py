"""Wiring: what fills each input, and every fault that is found before anything is compiled."""

from __future__ import annotations

from typing import Any

import pytest
from kfp.dsl import Artifact, Dataset, Model

from tests.samples import Fit, Score, Source, Spend
from vertex_flow import Flow, In, Inputs, Out, Outputs, Param, Port, Stage, Trainer, When, stage
from vertex_flow.errors import SettingError, WiringError
from vertex_flow.graph import wire
from vertex_flow.stages import Evaluate, HyperTune, ImportDataset, Preprocess, Register, Train


@stage
class Shrink(Stage):
    """Puts out a second model, and offers data of another kind under a known name."""

    model: In[Model] = In()
    small = Out(Model)

    def emit(self, io: Inputs) -> Outputs:
        return {}


@stage
class Copy(Stage):
    """Takes any artifact of the name `model`."""

    model: In[Artifact] = In()


def faults(*steps: Any) -> tuple[str, ...]:
    """What is wrong with some steps."""
    with pytest.raises(WiringError) as caught:
        wire("sample", steps)
    return caught.value.faults


def sources(name: str, *steps: Any) -> dict[str, str]:
    """What fills the inputs of one of some steps."""
    nodes = {node.name: node for node in wire("sample", steps).nodes}
    return {port: str(source) for port, source in nodes[name].sources.items()}


# What fills an input.


def test_an_input_is_filled_by_name_and_type() -> None:
    assert sources("fit", Source(), Fit()) == {"data": "source.data"}


def test_the_nearest_earlier_stage_fills_it() -> None:
    steps = [Source(name="first"), Source(name="second"), Fit(), Source(name="late")]
    assert sources("fit", *steps) == {"data": "second.data"}


def test_a_port_passed_by_hand_wins() -> None:
    first = Source(name="first")
    assert sources("fit", first, Source(), Fit(data=first.data)) == {"data": "first.data"}


def test_a_port_of_another_name_can_be_passed_by_hand() -> None:
    shrink = Shrink()
    steps = [Source(), Fit(), shrink, Score(model=shrink.small)]
    assert sources("score", *steps) == {"model": "shrink.small"}


def test_an_artifact_fills_an_input_of_its_base_class() -> None:
    assert sources("copy", Source(), Fit(), Copy()) == {"model": "fit.model"}


def test_type_alone_never_fills_an_input() -> None:
    @stage
    class Other(Stage):
        images: In[Dataset] = In()

    assert (
        "other.images needs a Dataset, and no earlier stage offers 'images'."
        in (faults(Source(), Other())[0])
    )


def test_name_alone_never_fills_an_input() -> None:
    @stage
    class Says(Stage):
        model = Out(str)

    assert (
        "score.model needs a Model, and no earlier stage offers 'model'."
        in (faults(Says(), Score())[0])
    )


def test_an_optional_input_may_stay_empty() -> None:
    assert sources("spend", Spend()) == {}


def test_an_optional_input_is_filled_where_it_can_be() -> None:
    assert sources("spend", Source(), Fit(), Spend()) == {"model": "fit.model"}


def test_train_takes_the_best_parameters_of_a_tuning_stage_before_it() -> None:
    trainer = Trainer(module="a.b")
    tune = HyperTune(trainer, {"n": _integer()}, metric="m")
    steps = [ImportDataset("gs://b/x"), Preprocess(), tune, Train(trainer)]
    assert sources("train", *steps)["best_parameters"] == "hyper-tune.best_parameters"


def _integer() -> Any:
    from vertex_flow import Integer

    return Integer(1, 3)


# Scopes.


def test_a_stage_inside_a_when_sees_those_before_it() -> None:
    score = Score()
    steps = [Source(), Fit(), score, When(score.passed, [Spend()])]
    assert sources("spend", *steps) == {"model": "fit.model"}


def test_a_nested_when_sees_the_stages_of_the_outer_one() -> None:
    score, second = Score(), Fit(name="second")
    inner = When(score.share > 0.9, [Spend()])
    steps = [Source(), Fit(), score, When(score.passed, [second, inner])]
    assert sources("spend", *steps) == {"model": "second.model"}


def test_what_only_a_when_offers_fills_nothing_outside_of_it() -> None:
    found = faults(Source(), When(Param("go", True), [Fit()]), Score())
    assert found == (
        "score.model needs a Model, and no earlier stage offers 'model'.\n"
        "  Offered so far: source.data (Dataset).\n"
        "  Put a Train(...) before it, or pass one: Score(model=...).",
    )


def test_a_port_out_of_a_when_cannot_be_passed_by_hand() -> None:
    fit = Fit()
    assert faults(Source(), When(Param("go", True), [fit]), Score(model=fit.model)) == (
        "score.model uses fit.model, which only runs when a condition holds, outside of that "
        "When. Move the stage into the same When.",
    )


def test_one_when_does_not_see_into_another() -> None:
    fit, go = Fit(), Param("go", True)
    found = faults(Source(), When(go, [fit]), When(go, [Score(model=fit.model)]))
    assert "score.model uses fit.model, which only runs when a condition holds" in found[0]


# Faults.


def test_all_faults_are_told_at_once_in_the_documented_shape() -> None:
    with pytest.raises(WiringError) as caught:
        Flow(
            "mnist",
            [
                ImportDataset("gs://acme-ml/mnist.npz"),
                Preprocess(),
                Evaluate(),
                Spend(model=Port(stage="trian", name="model", type=Model)),
            ],
        )
    assert str(caught.value) == (
        "2 faults in flow 'mnist'\n"
        "  evaluate.model needs a Model, and no earlier stage offers 'model'.\n"
        "    Offered so far: import-dataset.dataset (Dataset), preprocess.train_data (Dataset), "
        "preprocess.test_data (Dataset).\n"
        "    Put a Train(...) before it, or pass one: Evaluate(model=...).\n"
        "  spend.model is fed from trian.model, and no earlier stage is named 'trian'. Put that "
        "stage into the list, before the one that uses it."
    )


def test_the_flow_and_the_faults_are_facts_of_the_error() -> None:
    with pytest.raises(WiringError) as caught:
        Flow("mnist", [Fit()])
    assert (caught.value.flow, len(caught.value.faults)) == ("mnist", 1)


def test_the_first_stage_is_told_that_nothing_is_offered() -> None:
    assert "  Offered so far: nothing.\n" in faults(Fit())[0]


def test_an_input_that_no_known_stage_makes_is_to_be_passed() -> None:
    assert faults(Fit())[0].endswith("  Pass one: Fit(data=...).")


def test_the_nearest_fitting_name_is_told() -> None:
    @stage
    class Trains(Stage):
        train_dat: In[Dataset] = In()

    found = faults(ImportDataset("gs://b/x"), Preprocess(), Trains())
    assert "offers 'train_dat'. Did you mean 'train_data'?" in found[0]


def test_a_misspelt_stage_has_its_nearest_name() -> None:
    given = Port(stage="sorce", name="data", type=Dataset)
    assert faults(Source(), Fit(data=given)) == (
        "fit.data is fed from sorce.data, and no earlier stage is named 'sorce'. Did you mean "
        "'source'? Put that stage into the list, before the one that uses it.",
    )


def test_a_stage_cannot_use_a_later_one() -> None:
    source = Source()
    found = faults(Fit(data=source.data), source)
    assert "fit.data is fed from source.data, and no earlier stage is named 'source'." in found[0]


def test_a_misspelt_port_has_its_nearest_name() -> None:
    given = Port(stage="score", name="lable", type=str)
    found = faults(Source(), Fit(), Score(), Probe(text=given))
    assert found == (
        "probe.text is fed from score.lable, and 'score' has no such output; it has passed, "
        "share, count, label. Did you mean 'label'?",
    )


@stage
class Probe(Stage):
    """Takes settings of each kind."""

    text: Any = ""
    constant: str = ""


def test_a_port_of_a_wrong_type_is_told_with_those_that_fit() -> None:
    source, fit = Source(), Fit()
    given: Any = source.data
    assert faults(source, fit, Score(model=given)) == (
        "score.model needs a Model, and source.data is a Dataset. These would fit: fit.model.",
    )


@pytest.mark.parametrize("given", ["gs://b/model", Param("model", "gs://b/model"), None])
def test_an_input_takes_nothing_but_a_port(given: Any) -> None:
    assert faults(Score(model=given)) == (
        f"score.model is an input, and {given!r} is no port. Pass the output of a stage, or "
        "leave it out.",
    )


def test_a_setting_takes_no_artifact() -> None:
    source = Source()
    assert faults(source, Probe(text={"a": [source.data]})) == (
        "probe.text holds source.data, which is a Dataset. A setting takes a parameter (str, "
        "int, float, bool, list, dict), not an artifact.",
    )


def test_a_setting_of_a_wrong_port_type_is_told() -> None:
    score = Score()
    times: Any = score.label
    assert faults(Source(), Fit(), score, Spend(times=times)) == (
        "spend.times needs an int, and score.label is a str.",
    )


def test_an_int_port_for_a_float_is_told() -> None:
    score = Score()
    assert faults(Source(), Fit(), score, Spend(amount=score.count)) == (
        "spend.amount needs a float, and score.count is an int. Give it a float.",
    )


def test_a_constant_of_a_wrong_type_is_told() -> None:
    times: Any = "3"
    assert faults(Spend(times=times)) == ("spend.times needs an int, and '3' is a str.",)


def test_a_constant_setting_takes_no_param() -> None:
    given: Any = Param("name", "x")
    assert faults(Probe(constant=given)) == (
        "probe.constant is written into the compiled pipeline and takes a constant, and "
        "Param('name') is only known while the pipeline runs.",
    )


def test_one_parameter_cannot_have_two_defaults() -> None:
    found = faults(Spend(times=Param("n", 1)), Spend(name="again", times=Param("n", 2)))
    assert found == (
        "the parameter 'n' stands with two defaults, 1 and 2. Create one Param and use it in "
        "both places.",
    )


def test_one_parameter_may_stand_in_many_places() -> None:
    graph = wire("sample", [Spend(times=Param("n", 1)), Probe(text=[Param("n", 1)])])
    assert list(graph.params) == ["n"]


def test_parameters_of_conditions_and_trainers_belong_to_the_flow() -> None:
    trainer = Trainer(module="a.b", machine_type=Param("machine", "n1-standard-4"))
    score = Score()
    steps = [
        *[Source(), Fit(), score],
        When(score.share >= Param("least", 0.9), [Probe(text=trainer)]),
    ]
    assert list(wire("sample", steps).params) == ["least", "training_image", "machine"]


def test_a_condition_on_an_unknown_stage_is_told() -> None:
    assert faults(Source(), When(Score().passed, [Spend()])) == (
        "When(score.passed) is fed from score.passed, and no earlier stage is named 'score'. "
        "Did you mean 'source'? Put that stage into the list, before the one that uses it.",
    )


def test_a_condition_inside_of_another_scope_is_told() -> None:
    score = Score()
    inside = When(Param("go", True), [score])
    found = faults(Source(), Fit(), inside, When(score.passed, [Spend()]))
    assert "When(score.passed) uses score.passed, which only runs when a condition" in found[0]


def test_both_sides_of_a_condition_are_checked() -> None:
    score, other = Score(), Score(name="other")
    found = faults(Source(), Fit(), score, When(score.share > other.share, [Spend()]))
    assert "is fed from other.share, and no earlier stage is named 'other'" in found[0]


def test_after_a_stage_that_is_not_there() -> None:
    assert faults(Source(), Spend(after=["sorce"])) == (
        "spend.after: there is no stage 'sorce'. Did you mean 'source'?",
    )


def test_after_a_later_stage() -> None:
    assert faults(Spend(after=["source"]), Source()) == (
        "spend.after: stage 'source' does not come before it. Move it up in the list.",
    )


def test_after_a_stage_in_another_scope() -> None:
    found = faults(When(Param("go", True), [Source()]), Spend(after=["source"]))
    assert "spend.after uses source, which only runs when a condition holds" in found[0]


# Faults that keep the rest from making sense.


def test_a_flow_needs_stages() -> None:
    assert faults() == ("it has no stages. Give at least one: Flow('sample', [Train(...)]).",)


def test_two_stages_of_one_name() -> None:
    assert faults(Source(), When(Param("go", True), [Source()])) == (
        "two stages are named 'source'. Give one a name of its own: Source(name='source-2', ...).",
    )


def test_a_class_is_no_stage() -> None:
    assert faults(Source) == ("Source is a class, not a stage. Write Source(...).",)


def test_anything_else_is_no_stage() -> None:
    assert faults("train") == (
        "'train' is not a stage. A flow is a list of Stage and When objects.",
    )


def test_a_when_needs_stages() -> None:
    assert faults(Source(), When(Param("go", True), [])) == (
        "When(Param('go'), []) has no stages.",
    )


def test_a_stage_alone_is_no_list() -> None:
    alone: Any = Source()
    with pytest.raises(SettingError) as caught:
        When(Param("go", True), alone)
    assert str(caught.value) == (
        "Source(...) stands alone where a list of stages is expected: [Source(...)]."
    )


def test_a_port_that_is_no_bool_is_no_condition() -> None:
    with pytest.raises(SettingError) as caught:
        When(Score().share, [Spend()])
    assert str(caught.value) == (
        "When(score.share, ...): it is a float, not a bool. Compare it: "
        "When(score.share >= ..., [...])."
    )


def test_a_constant_is_no_condition() -> None:
    with pytest.raises(SettingError, match=r"When\(True, \.\.\.\): expected a bool port such as"):
        When(True, [Spend()])


def test_registering_before_a_model_names_the_stage_that_makes_one() -> None:
    assert (
        "Put a Train(...) before it, or pass one: Register(model=...)." in (faults(Register())[0])
    )
