"""What a run is about in half a minute: state, metrics, what was made, where the time went."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from vertex_flow.report.facts import RunFacts, Score, Search
from vertex_flow.report.tables import cell, hours
from vertex_flow.texts import describe_seconds, describe_value

_SCORES = 4
_SLOW = 3


def _short(value: str) -> str:
    return cell(value, 60)


def _note(value: str) -> str:
    return cell(value, 160)


@attrs.frozen(kw_only=True)
class Headline:
    """A fact that is read first.

    Attributes:
        title: What it is about.
        value: The fact.
        note: What is to be known of it, or the empty text.
        verdict: `good`, `bad`, or the empty text.
    """

    title: str = attrs.field(converter=_short)
    value: str = attrs.field(converter=_short)
    note: str = attrs.field(default="", converter=_note)
    verdict: str = ""


def headlines(facts: RunFacts) -> tuple[Headline, ...]:
    """Give what is read first, the most important first.

    Args:
        facts: The run.
    """
    found = [_score(one) for one in headline_scores(facts.scores)]
    if facts.model:
        aliases = ", ".join(map(str, facts.model.get("aliases", [])))
        found.append(
            Headline(
                title="model",
                value=f"{facts.model.get('display_name')}, version {facts.model.get('version')}",
                note=f"aliases: {aliases}" if aliases else "registered",
            )
        )
    elif facts.state == "SUCCEEDED" and any(one.state == "NOT_TRIGGERED" for one in facts.stages):
        left_out = ", ".join(one.name for one in facts.stages if one.state == "NOT_TRIGGERED")
        found.append(
            Headline(
                title="left out", value=left_out, note="the condition does not hold", verdict="bad"
            )
        )
    if facts.endpoint:
        name = str(facts.endpoint.get("name")).rpartition("/")[2]
        found.append(Headline(title="endpoint", value=name, note="serves the model"))
    found += [_search(one) for one in facts.searches]
    found += _times(facts)
    return tuple(found)


def headline_scores(scores: Sequence[Score]) -> Sequence[Score]:
    """The metrics that are read first: those with thresholds, else those of the last stage."""
    judged = [one for one in scores if one.least is not None]
    if judged or not scores:
        return judged[:_SCORES]
    return [one for one in scores if one.stage == scores[-1].stage][:_SCORES]


def slowest(facts: RunFacts) -> list[tuple[str, float]]:
    """The stages that took the longest, with their seconds."""
    took = [(one.name, one.seconds) for one in facts.stages]
    known = [(name, seconds) for name, seconds in took if seconds]
    return sorted(known, key=lambda one: -one[1])[:_SLOW]


def _score(score: Score) -> Headline:
    note = score.stage
    if score.least is not None:
        word = "reaches" if score.passed else "misses"
        note = f"{word} the threshold of {describe_value(score.least)}"
    verdict = {True: "good", False: "bad", None: ""}[score.passed]
    value = describe_value(score.value)
    return Headline(title=score.metric, value=value, note=note, verdict=verdict)


def _search(search: Search) -> Headline:
    best = next((one for one in search.trials if one.id == search.best), None)
    done = sum(one.state == "SUCCEEDED" for one in search.trials)
    if best is None:
        return Headline(title=search.stage, value=f"{done} trials", note="none has a result yet")
    value = describe_value(best.metrics[search.metric])
    pairs = [f"{name} {describe_value(value)}" for name, value in best.parameters.items()]
    note = f"trial {best.id} of {len(search.trials)}: {', '.join(pairs)}"
    return Headline(title=f"best {search.metric}", value=value, note=note)


def _times(facts: RunFacts) -> list[Headline]:
    found = []
    whole = facts.seconds
    slow = slowest(facts)
    if whole and slow:
        name, seconds = slow[0]
        others = [f"{one} {describe_seconds(took)}" for one, took in slow[1:]]
        found.append(
            Headline(
                title="most time in",
                value=f"{name}, {min(seconds / whole, 1):.0%}",
                note="; ".join([describe_seconds(seconds), *others]),
            )
        )
    if facts.machine_times:
        total = sum(one.hours for one in facts.machine_times)
        machines = dict.fromkeys(one.machine for one in facts.machine_times)
        note = facts.cost or ", ".join(machines)
        found.append(Headline(title="machine-hours", value=hours(total), note=note))
    return found
