"""Credentials where none belong: in what is compiled, sent and kept for all to read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

_KINDS = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    ("the key of a service account", re.compile(r'"private_key(?:_id)?\\*"\s*:\s*\\*"')),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("a Google access token", re.compile(r"\bya29\.[0-9A-Za-z_.-]{20,}")),
    ("a Google OAuth client secret", re.compile(r"\bGOCSPX-[0-9A-Za-z_-]{20,}")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{22,})")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}")),
    ("a Hugging Face token", re.compile(r"\bhf_[0-9A-Za-z]{30,}")),
    ("an OpenAI or Anthropic key", re.compile(r"\bsk-(?:proj-|ant-)?[0-9A-Za-z_-]{32,}")),
    ("a GitLab token", re.compile(r"\bglpat-[0-9A-Za-z_-]{20,}")),
    ("a PyPI token", re.compile(r"\bpypi-AgE[0-9A-Za-z_-]{32,}")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_[0-9A-Za-z]{20,}")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{8,}\.[\w-]{16,}")),
    ("a password in a URL", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/:@{$]+@[^\s/]")),
)
_SECRET_WORDS = frozenset(
    {"PASSWORD", "PASSWD", "PWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIALS"}
    | {"PGPASSWORD"}
)
_SECRET_PAIRS = (("API", "KEY"), ("ACCESS", "KEY"), ("PRIVATE", "KEY"))
# What says where a secret is, or something about it, and is none.
_ABOUT = frozenset(
    {"FILE", "PATH", "NAME", "ID", "URI", "URL", "TYPE", "VERSION", "LENGTH", "LIMIT", "COUNT"}
    | {"IDS", "COLUMN", "FIELD", "DIM", "SIZE", "STRATEGY", "POOLING", "ENV", "INDEX", "PATTERN"}
)
# A token of a tokenizer is a piece of text.
_OF_TEXT = frozenset(
    {"EOS", "BOS", "PAD", "UNK", "SEP", "CLS", "MASK", "START", "END", "STOP", "SPECIAL", "TEXT"}
)
_WRAPPERS = frozenset(
    {"value", "constant", "runtimeValue", "constantValue", "defaultValue", "stringValue"}
)
_REFERENCE = re.compile(r"projects/[^/]+/secrets/|\{\{\$|\$\{|\$[A-Z_]+$|[a-z]+://|/")
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][\w-]*)(?:=(?P<value>.*))?", re.DOTALL)
_ASSIGNED = re.compile(r"(?:^|[\s;])(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>[^\s;\"'$]+)")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@attrs.frozen
class Leak:
    """A credential that was found; it is not in here.

    Attributes:
        place: Where it stands, as a path of keys.
        kind: What it looks like.
    """

    place: str
    kind: str


def find(value: Any, place: str = "") -> Iterator[Leak]:
    """Find what looks like a credential in plain data.

    Args:
        value: Mappings, lists and scalars.
        place: The path that leads to it.
    """
    yield from _walk(value, place, place.rpartition(".")[2])


def kind_of(text: str) -> str | None:
    """Say what kind of credential is in a text, or None when none is seen."""
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), None)


def is_name_of_secret(name: str) -> bool:
    """Tell whether a variable of that name holds a secret: `DB_PASSWORD`, `apiKey`."""
    words = [word.upper() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    if words[-1] == "TOKEN" and not _OF_TEXT.isdisjoint(words[:-1]):
        return False
    pairs = itertools.pairwise(words)
    return not _SECRET_WORDS.isdisjoint(words) or any(pair in _SECRET_PAIRS for pair in pairs)


def _walk(value: Any, place: str, name: str) -> Iterator[Leak]:
    """Find leaks below a value; `name` is that of the variable which it is the value of."""
    if isinstance(value, Mapping):
        own = value.get("name") if set(value) == {"name", "value"} else None
        for key, one in value.items():
            inner = name if key in _WRAPPERS else str(key)
            inner = str(own) if own is not None and key == "value" else inner
            yield from _walk(one, f"{place}.{key}" if place else str(key), inner)
    elif isinstance(value, (list, tuple)):
        names = [name, *map(_announced, value)]
        for index, one in enumerate(value):
            yield from _walk(one, f"{place}[{index}]", names[index] or name)
    elif isinstance(value, str):
        kind = kind_of(value) or _named_kind(name, value) or _given_kind(value)
        if kind:
            yield Leak(place, kind)


def _announced(value: Any) -> str:
    """The variable whose value comes next in a list of arguments, as after `--password`."""
    option = _OPTION.fullmatch(value) if isinstance(value, str) else None
    return option["name"] if option and option["value"] is None else ""


def _given_kind(text: str) -> str | None:
    """See a secret in `--password=x` or `export DB_PASSWORD=x`."""
    option = _OPTION.fullmatch(text)
    given = [option] if option and option["value"] else _ASSIGNED.finditer(text)
    kinds = (_named_kind(one["name"], one["value"]) for one in given)
    return next(filter(None, kinds), None)


def _named_kind(name: str, value: str) -> str | None:
    literal = bool(value.strip()) and not _REFERENCE.match(value) and not _is_plain(value)
    return f"a secret, the value of {name}" if literal and is_name_of_secret(name) else None


def _is_plain(value: str) -> bool:
    """Tell numbers and truth values, which are no secrets."""
    return value.lower() in ("true", "false", "none") or value.replace(".", "", 1).isdigit()
