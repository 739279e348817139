"""The report of a run: one HTML file that holds everything and loads nothing."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from vertex_flow._version import __version__
from vertex_flow.errors import SettingError
from vertex_flow.report import charts, tables
from vertex_flow.report.drawing import Node, draw
from vertex_flow.report.facts import RunFacts, Search
from vertex_flow.report.headlines import headlines
from vertex_flow.report.html import environment
from vertex_flow.report.images import data_uri
from vertex_flow.report.rendering import svg
from vertex_flow.report.states import look, say
from vertex_flow.report.tables import Grid
from vertex_flow.texts import describe_seconds, plain

_LINES = 60  # of a failure's reason


def _title(text: str) -> str:
    return tables.cell(text, 100)


@attrs.frozen(kw_only=True)
class Figure:
    """A picture with its numbers.

    Attributes:
        title: What it shows.
        picture: An `<svg>` element; empty for none.
        numbers: The same as tables.
        note: What is to be known of it.
    """

    title: str = attrs.field(converter=_title)
    picture: str = ""
    numbers: tuple[Grid, ...] = ()
    note: str = ""


@attrs.frozen(kw_only=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: What links to it.
        title: Its heading.
        figures: What is in it.
    """

    anchor: str
    title: str
    figures: tuple[Figure, ...]


def page(facts: RunFacts) -> str:
    """Make the report of a run.

    Args:
        facts: The run.

    Returns:
        An HTML document. Text of users is never markup in it.
    """
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        """What is put into the page: markup is our own, and has been made safe."""
        return value if isinstance(value, Markup) else plain(str(value))

    templates = environment("vertex_flow.report", "templates", finalize=shown)
    css = files("vertex_flow.report").joinpath("templates/report.css").read_text("utf-8")
    return templates.get_template("report.html").render(
        facts=facts,
        state=say(facts.state),
        mark=look(facts.state).mark,
        verdict={"SUCCEEDED": "good", "FAILED": "bad"}.get(facts.state, ""),
        newline=Markup("\n"),
        took=describe_seconds(facts.seconds) if facts.seconds is not None else "",
        headlines=headlines(facts),
        sections=sections(facts),
        samples=_samples(facts),
        failure=_failure(facts.failure),
        console=facts.console_url if (facts.console_url or "").startswith("https://") else "",
        parameters=tables.grid("Parameters", ("name", "value"), [*facts.parameters.items()]),
        environment=tables.grid("Environment", ("what", "version"), [*facts.environment.items()]),
        labels=tables.grid("Labels", ("label", "value"), [*facts.labels.items()]),
        origins=origins(facts),
        css=Markup(css),  # noqa: S704 - a file of this package
        markup=Markup,
        moment=_moment,
        version=__version__,
    )


def write(facts: RunFacts, path: str | Path) -> Path:
    """Write the report of a run; a reader meets the old file or the new one, never half of it.

    Args:
        facts: The run.
        path: The file; missing folders are made.

    Returns:
        Its absolute path.

    Raises:
        SettingError: It cannot be written there.
    """
    target = Path(path).expanduser().absolute()
    content = page(facts)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(content, encoding="utf-8", errors="replace")
        draft.replace(target)
    except OSError as error:
        raise SettingError(
            f"report({str(path)!r}): the file cannot be written: {error.strerror}. Give the path "
            "of a file, for example 'report.html'."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return target


def sections(facts: RunFacts) -> tuple[Section, ...]:
    """Give the parts of the page that have pictures, those without content left out.

    Args:
        facts: The run.
    """
    found = [
        Section(anchor="graph", title="Graph", figures=_graph(facts)),
        Section(anchor="time", title="Where the time went", figures=_timeline(facts)),
        Section(anchor="quality", title="How good it is", figures=_quality(facts)),
        Section(anchor="samples", title="Sample predictions", figures=()),
        Section(anchor="search", title="Search for hyperparameters", figures=_searches(facts)),
        Section(anchor="learning", title="Learning curves", figures=_curves(facts)),
        Section(anchor="lineage", title="Where it comes from", figures=_lineage(facts)),
        Section(anchor="machines", title="Machines", figures=_machines(facts)),
    ]
    return tuple(one for one in found if one.figures or (one.anchor == "samples" and facts.samples))


def graph(facts: RunFacts) -> str:
    """Draw the stages of a run, with states and times.

    Args:
        facts: The run.
    """
    nodes = [
        Node(
            name=one.name,
            after=one.after,
            state=one.state,
            note=_note(one.state, one.seconds),
            condition=one.condition,
        )
        for one in facts.stages
    ]
    return draw(nodes, title=f"The stages of {facts.flow}") if nodes else ""


def _note(state: str, seconds: float | None) -> str:
    word = say(state)
    return word if seconds is None else f"{word}, {describe_seconds(seconds)}"


def _graph(facts: RunFacts) -> tuple[Figure, ...]:
    picture = graph(facts)
    return (Figure(title="Stages and what they come after", picture=picture),) if picture else ()


def _timeline(facts: RunFacts) -> tuple[Figure, ...]:
    if not facts.stages:
        return ()
    title = "When each stage ran"
    numbers = (tables.stages(facts), tables.tasks(facts))
    picture = svg(charts.timeline(facts), title)
    return (Figure(title=title, picture=picture, numbers=numbers),)


def _quality(facts: RunFacts) -> tuple[Figure, ...]:
    found = []
    judged_first = sorted(facts.scores, key=lambda one: one.least is None)
    for stage in dict.fromkeys(one.stage for one in judged_first):
        own = [one for one in facts.scores if one.stage == stage]
        title = f"Metrics of {stage}"
        found.append(
            Figure(
                title=title,
                picture=svg(charts.metrics(own), title),
                numbers=(tables.scores(own),),
                note="The upright lines are thresholds."
                if any(one.least is not None for one in own)
                else "",
            )
        )
    for matrix in facts.confusions:
        title = f"Confusion matrix of {matrix.stage}"
        picture = svg(charts.confusion(matrix), title)
        found.append(Figure(title=title, picture=picture, numbers=(tables.confusion(matrix),)))
    return tuple(found)


def _searches(facts: RunFacts) -> tuple[Figure, ...]:
    reused = {one.name for one in facts.stages if one.state == "REUSED"}
    return tuple(figure for one in facts.searches for figure in _search(one, one.stage in reused))


def _search(search: Search, reused: bool) -> list[Figure]:
    goal = "lower" if search.goal == "MINIMIZE" else "higher"
    note = f"A line is a trial; the best is thick. {goal.capitalize()} {search.metric} is better."
    earlier = " It was run earlier, and its result is reused." if reused else ""
    drawn = charts.of_search(search)
    figures = [Figure(title=title, picture=svg(spec, title)) for title, spec in drawn.items()]
    trials = (tables.trials(search),)
    figures[0] = attrs.evolve(figures[0], numbers=trials, note=note + earlier)
    if search.importance:
        figures[2] = attrs.evolve(figures[2], numbers=(tables.importance(search),))
    else:
        few = "There are too few trials, or too few parameters, to say which parameter matters."
        figures[2] = attrs.evolve(figures[2], note=few)
    return [one for one in figures if one.picture or one.numbers or one.note]


def _curves(facts: RunFacts) -> tuple[Figure, ...]:
    found = []
    for panel in charts.learning_curves(facts):
        picture = svg(panel.spec, panel.title)
        numbers = (tables.curves(panel.curves),)
        found.append(Figure(title=panel.title, picture=picture, numbers=numbers))
    return tuple(found)


def origins(facts: RunFacts) -> list[tuple[str, str]]:
    """Say what the model comes from, and itself, in a few lines: what kind it is, and what.

    Args:
        facts: The run.
    """
    code = [f"{one.label.removeprefix('code of ')} {one.detail}" for one in facts.lineage
            if one.kind == "code"]  # fmt: skip
    found = [
        (one.kind, one.detail or one.label)
        for one in facts.lineage
        if one.kind not in ("code", "stage", "artifact")
    ]
    return [*found, *([("code", tables.cell(", ".join(code)))] if code else [])]


def _lineage(facts: RunFacts) -> tuple[Figure, ...]:
    if not facts.lineage:
        return ()
    made = "the model version" if facts.model else "what the run made last"
    note = f"Data, code, images and parameters that {made} was made from."
    numbers = (tables.lineage(facts), tables.artifacts(facts))
    return (Figure(title="Lineage", numbers=numbers, note=note),)


def _machines(facts: RunFacts) -> tuple[Figure, ...]:
    if not facts.machine_times:
        return ()
    local = "On this machine: the machines that the jobs ask for, and the time that they took. "
    note = local if facts.place == "this machine" else ""
    note += f"Cost: {facts.cost}." if facts.cost else ""
    numbers = (tables.machine_times(facts.machine_times),)
    return (Figure(title="Machine-hours of the jobs", numbers=numbers, note=note),)


def _samples(facts: RunFacts) -> list[dict[str, Any]]:
    return [
        {
            "image": data_uri(one.image) if one.image else "",
            "text": one.text,
            "predicted": tables.cell(one.predicted),
            "true": tables.cell(one.true),
            "right": one.predicted == one.true,
            "score": "" if one.score is None else f"{one.score:.0%}",
        }
        for one in facts.samples
    ]


def _failure(failure: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    lines = str(failure.get("reason") or "").splitlines()
    links = failure.get("links")
    pages = links.items() if isinstance(links, Mapping) else []
    return {
        **{
            name: str(failure.get(name) or "") for name in ("stage", "task", "cause", "fix", "logs")
        },
        "reason": lines[-_LINES:],
        "links": [(name, url) for name, url in pages if str(url).startswith("https://")],
    }


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
