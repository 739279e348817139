"""Put a model into the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.samples import compiled, tasks_of
from vertex_flow.errors import SettingError
from vertex_flow.stages import Register


def test_the_compiled_stage(check_pipeline: Callable[[Any], None]) -> None:
    check_pipeline(Register(aliases=["champion"], env={"MODE": "fast"}))


@pytest.mark.parametrize("alias", ["a", "Champion", "-a", "a-", "a b", "v1.0"])
def test_an_alias_is_checked(alias: str) -> None:
    with pytest.raises(SettingError) as caught:
        Register(aliases=[alias])
    assert str(caught.value) == (
        f"Register(aliases=[{alias!r}]): an alias is 2 to 128 letters, digits and hyphens, a "
        "lower-case letter first, no hyphen or capital last."
    )


@pytest.mark.parametrize("setting", ["display_name", "description"])
@pytest.mark.parametrize("text", ['say "hi"', "a\\b"])
def test_a_text_that_would_break_the_request(setting: str, text: str) -> None:
    with pytest.raises(SettingError) as caught:
        Register(**{setting: text})  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"Register({setting}={text!r}): Google's component writes the text into its request as "
        'it is, so it cannot hold a " or a backslash.'
    )


@pytest.mark.parametrize(("default", "aliases"), [(True, ["default", "new"]), (False, ["new"])])
def test_the_version_can_be_the_default_one(
    upstream: list[Any], default: bool, aliases: list[str]
) -> None:
    spec = compiled(*upstream, Register(default=default, aliases=["new"]))
    inputs = tasks_of(spec, "register")["model-upload"]["inputs"]["parameters"]
    assert inputs["version_aliases"] == {"runtimeValue": {"constant": aliases}}


def test_the_model_is_named_after_the_flow(upstream: list[Any]) -> None:
    inputs = tasks_of(compiled(*upstream, Register(), name="mnist"), "register")["model-upload"]
    assert inputs["inputs"]["parameters"]["display_name"] == {"runtimeValue": {"constant": "mnist"}}


def test_labels_that_google_cloud_refuses_are_refused_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        Register(labels={"Team": "a b"})
    assert str(caught.value) == (
        "Register(labels={'Team': 'a b'}): keys and values are up to 63 lower-case letters, "
        "digits, '_' and '-'; a key starts with a letter."
    )


def test_a_port_is_a_port() -> None:
    with pytest.raises(SettingError, match=r"Register\(port=99999\): expected 1 to 65535"):
        Register(port=99999)
