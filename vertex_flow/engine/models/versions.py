"""The versions of a model, its aliases, and which of them is the default."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition, invalid, not_found
from vertex_flow.engine.api.messages import renew_etag, stamp
from vertex_flow.engine.state.store import Store

DEFAULT = "default"
_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
_PAGE = 1000


class Versions:
    """The versions of the models in a store.

    A version is kept under `<model>/versions/<id>`; under the model's own name there is a copy of
    the default version, which makes listing models plain. `repair` brings the copies in line
    after a kill in between.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, reference: str) -> types.Model:
        """Read one version.

        Args:
            reference: The model's name, alone for the default version, else with `@<version id>`
                or `@<alias>`.

        Returns:
            The version, named as the model, `deployed_models` filled in.

        Raises:
            ApiError: NOT_FOUND.
        """
        name, _, version = reference.partition("@")
        version = version.strip("-")
        found = self._find(name, version)
        if found is None:
            raise not_found(self._missing(name, version))
        return self.shown(found)

    def version(self, name: str, version_id: str) -> types.Model:
        """Read one version as it is kept, by its id; quick.

        Raises:
            ApiError: NOT_FOUND.
        """
        return self._store.get(types.Model, _key(name, version_id))

    def of(self, name: str) -> list[types.Model]:
        """Read all versions of a model as they are kept, oldest first."""
        found, token = self._store.list(types.Model, name, page_size=_PAGE)
        while token:
            more, token = self._store.list(types.Model, name, page_size=_PAGE, page_token=token)
            found += more
        return sorted(found, key=lambda version: int(version.version_id))

    def shown(self, version: types.Model) -> types.Model:
        """Give a stored version as callers see it."""
        shown = types.Model(version)
        shown.name = version.name.partition("/versions/")[0]
        shown.deployed_models = [
            ref for ref, used in self.uses(shown.name) if used == version.version_id
        ]
        return shown

    def uses(self, name: str) -> list[tuple[types.DeployedModelRef, str]]:
        """Say where a model is deployed: the place, and the version id."""
        return [
            (
                types.DeployedModelRef(endpoint=endpoint.name, deployed_model_id=deployed.id),
                deployed.model_version_id,
            )
            for endpoint in self._store.all(types.Endpoint)
            for deployed in endpoint.deployed_models
            if deployed.model == name
        ]

    def add(self, name: str, model: types.Model) -> types.Model:
        """Store a new version; the first of a model becomes the default.

        Args:
            name: The model's name.
            model: What was uploaded; its `version_aliases` move here from other versions.

        Returns:
            The version as callers see it.
        """
        earlier = self.of(name)
        aliases = list(dict.fromkeys(model.version_aliases))
        if not earlier and DEFAULT not in aliases:
            aliases.append(DEFAULT)
        version = types.Model(model)
        version.version_id = self._next_id(name, earlier)
        version.name = _key(name, version.version_id)
        stamp(version, "version_create_time", "create_time")
        if earlier:
            version.create_time = earlier[0].create_time
        version.version_aliases = []
        with self._store.transaction():
            self.put(version)
            self._move(version, aliases)
        return self.get(f"{name}@{version.version_id}")

    def put(self, version: types.Model) -> None:
        """Store a changed version, and the model's copy when it is the default."""
        stamp(version, "version_update_time", "update_time")
        renew_etag(version)
        self._store.save(version)
        if DEFAULT in version.version_aliases:
            self._store.save(_head(version))

    def merge_aliases(self, reference: str, aliases: Iterable[str]) -> types.Model:
        """Add aliases to a version, and take those that begin with `-` away.

        Args:
            reference: The model's name with `@<version id>` or `@<alias>`.
            aliases: Names of aliases.

        Raises:
            ApiError: INVALID_ARGUMENT, or NOT_FOUND.
        """
        given = list(dict.fromkeys(aliases))
        check_aliases([alias.removeprefix("-") for alias in given])
        version = self._stored(reference)
        added = [alias for alias in given if not alias.startswith("-")]
        removed = {alias[1:] for alias in given if alias.startswith("-")}
        both = removed.intersection(added)
        if DEFAULT in removed - both:
            raise invalid(
                f"The alias '{DEFAULT}' cannot be removed: a model has exactly one default "
                "version. Add it to another version instead."
            )
        kept = [alias for alias in version.version_aliases if alias not in removed - both]
        version.version_aliases = kept
        with self._store.transaction():
            self._move(version, [alias for alias in added if alias not in both])
        return self.get(f"{_model(version)}@{version.version_id}")

    def update(self, reference: str, change: Any) -> types.Model:
        """Change a version, or with a bare model name all of them.

        Args:
            reference: The model's name, with or without `@<version>`.
            change: Called with each stored version; changes it in place.
        """
        chosen = self._stored(reference)
        name = _model(chosen)
        only = reference.partition("@")[2].strip("-")
        with self._store.transaction():
            for version in [chosen] if only else self.of(name):
                change(version)
                self.put(version)
        return self.get(f"{name}@{chosen.version_id}" if only else name)

    def remove(self, reference: str) -> None:
        """Delete one version.

        Raises:
            ApiError: FAILED_PRECONDITION for the default version, or one that is deployed.
        """
        version = self._stored(reference)
        name = _model(version)
        if len(self.of(name)) == 1:
            raise failed_precondition(
                f'"{reference}" is the only version of the Model: delete the Model instead.'
            )
        if DEFAULT in version.version_aliases:
            raise failed_precondition(
                f'"{reference}" is the default version of the Model: give the alias '
                f"'{DEFAULT}' to another version first."
            )
        self.check_unused(name, version.version_id)
        with self._store.transaction():
            self._forget(version)

    def drop(self, name: str) -> None:
        """Delete a model with all its versions.

        Raises:
            ApiError: NOT_FOUND, or FAILED_PRECONDITION when it is deployed.
        """
        self._store.get(types.Model, name)
        self.check_unused(name)
        with self._store.transaction():
            for version in self.of(name):
                self._forget(version)
            self._store.delete(name)

    def check_unused(self, name: str, version_id: str = "") -> None:
        """Refuse when a model, or one version of it, is deployed.

        Raises:
            ApiError: FAILED_PRECONDITION that lists the endpoints.
        """
        places = dict.fromkeys(
            ref.endpoint for ref, used in self.uses(name) if version_id in ("", used)
        )
        if places:
            raise failed_precondition(
                f'The Model "{name}{"@" if version_id else ""}{version_id}" is deployed or being '
                f"deployed at the following Endpoint(s): {', '.join(places)}. Undeploy it first."
            )

    def repair(self) -> None:
        """Bring models in line with their versions after a kill in between."""
        models: dict[str, list[types.Model]] = {}
        for found in self._store.all(types.Model):
            models.setdefault(_model(found), []).append(found)
        for name, found in models.items():
            head = next((each for each in found if each.name == name), None)
            self._repair(name, head, [each for each in found if each.name != name])

    def _repair(self, name: str, head: types.Model | None, versions: list[types.Model]) -> None:
        if head is None or not versions:  # killed while it was first uploaded, or deleted
            for version in versions:
                self._store.delete(version.name)
            self._store.delete(name)
            return
        owners = [each for each in versions if DEFAULT in each.version_aliases]
        newest = max(owners or versions, key=lambda each: int(each.version_id))
        chosen = next((each for each in owners if each.version_id == head.version_id), newest)
        if len(owners) != 1 or chosen.etag != head.etag:
            self._move(chosen, [DEFAULT])

    def _forget(self, version: types.Model) -> None:
        """Delete a version with its evaluations."""
        place = f"{_model(version)}@{version.version_id}/"
        for evaluation in self._store.all(types.ModelEvaluation):
            if evaluation.name.startswith(place):
                self._store.delete(evaluation.name)
        self._store.delete(version.name)

    def _move(self, version: types.Model, aliases: list[str]) -> None:
        """Give a version aliases that other versions may have now."""
        others = [other for other in self.of(_model(version)) if other.name != version.name]
        version.version_aliases = list(dict.fromkeys([*version.version_aliases, *aliases]))
        self.put(version)
        for other in others:
            kept = [alias for alias in other.version_aliases if alias not in aliases]
            if len(kept) < len(other.version_aliases):
                other.version_aliases = kept
                self.put(other)

    def _find(self, name: str, version: str) -> types.Model | None:
        if version.isdigit():
            return self._store.find(types.Model, _key(name, version))
        alias = version or DEFAULT
        return next((each for each in self.of(name) if alias in each.version_aliases), None)

    def _stored(self, reference: str) -> types.Model:
        shown = self.get(reference)
        return self._store.get(types.Model, _key(shown.name, shown.version_id))

    def _missing(self, name: str, version: str) -> str:
        if not version or self._store.find(types.Model, name) is None:
            return f'The Model "{name}" does not exist.'
        known = [
            f"{each.version_id} ({', '.join(each.version_aliases)})"
            if each.version_aliases
            else each.version_id
            for each in self.of(name)
        ]
        return f'The Model "{name}@{version}" does not exist. Versions: {", ".join(known)}.'

    def _next_id(self, name: str, earlier: list[types.Model]) -> str:
        """Give the next version id; an id is never used twice, so deleted versions count."""
        kept = self._store.recall(f"versions of {name}") or {}
        last = max([int(kept.get("last", 0)), *(int(each.version_id) for each in earlier)])
        if not earlier:  # a model of this name may have been deleted
            last = 0
        self._store.remember(f"versions of {name}", {"last": last + 1})
        return str(last + 1)


def check_aliases(aliases: Iterable[str]) -> None:
    """Refuse aliases that Vertex AI does not take.

    Raises:
        ApiError: INVALID_ARGUMENT that names the alias.
    """
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise invalid(
                f"The version alias {alias!r} is invalid: use 2 to 128 letters, digits and "
                "hyphens, a lower-case letter first, no hyphen last."
            )


def _key(name: str, version_id: str) -> str:
    return f"{name}/versions/{version_id}"


def _model(version: types.Model) -> str:
    name: str = version.name.partition("/versions/")[0]
    return name


def _head(version: types.Model) -> types.Model:
    head = types.Model(version)
    head.name = _model(version)
    return head
