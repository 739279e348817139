"""The bucket of data and artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vertex_flow.commands import create_bucket
from vertex_flow.errors import ApiError, PermissionMissing, SettingError
from vertex_flow.gcp.marks import is_managed, labels, without_conflict
from vertex_flow.gcp.policies import Holder, of_bucket
from vertex_flow.gcp.requirement import Change, Finding, Removal, Requirement, worded
from vertex_flow.gcp.roles import Grant, Roles
from vertex_flow.gcp.site import STORAGE, Site
from vertex_flow.locations import LOCATIONS

_AT_ONCE = 8


class Bucket(Requirement):
    """A bucket of the project's own, in its location."""

    services = (STORAGE,)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("bucket",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Cloud Storage whose it is and where."""
        try:
            bucket = site.bucket
        except PermissionMissing as error:
            return [_not_visible(site, error)]
        if bucket is None:
            return [Finding("bucket", "missing", f"{_uri(site)} is not there", _command(site))]
        if str(bucket.project_number) != site.number:
            return [_taken(site)]
        location = str(bucket.location).lower()
        if location != site.place.location:
            return [_elsewhere(site, location)]
        return [Finding("bucket", "ok", f"{_uri(site)} in {location}")]

    def changes(self, site: Site) -> Sequence[Change]:
        """Make it."""
        super().changes(site)
        if site.bucket is not None:
            return ()
        return [Change(self.wanted(site)[0], lambda: self._create(site))]

    def wanted(self, site: Site) -> Sequence[str]:
        """Make it."""
        return [f"create bucket {_uri(site)} in {site.place.location}"]

    def removals(self, site: Site) -> Sequence[Removal]:
        """Remove it when `setup` has made it and it holds nothing, or data goes too."""
        bucket = _own(site)
        if bucket is None or not is_managed(bucket.labels):
            return ()
        what, uri = f"bucket {_uri(site)}", _uri(site)
        if site.data:
            return [
                Removal(f"{what} with all that it holds", lambda: _empty(site, bucket), "", uri)
            ]
        return [Removal(what, lambda: _delete(site, bucket), _held(site), uri)]

    def _create(self, site: Site) -> None:
        storage = site.apis.storage
        new = storage.bucket(site.place.bucket)
        new.labels = labels(site.place)
        new.iam_configuration.uniform_bucket_level_access_enabled = True
        new.iam_configuration.public_access_prevention = "enforced"
        place = site.place.location
        try:
            site.apis.sent(
                lambda: storage.create_bucket(new, location=place, retry=None), _uri(site)
            )
        except ApiError as error:
            if error.code != 409:
                raise
            site.forget()  # an answer was lost, or somebody else has a bucket of this name
            super().changes(site)
            if site.bucket is None:
                raise SettingError(worded(_reserved(site, error))) from error


class BucketRoles(Roles):
    """Roles on the bucket: to read and write its objects, and to see where it is."""

    services = (STORAGE,)
    needs = ("bucket", "service account")
    name = "roles on the bucket"
    grants = (
        Grant("roles/storage.objectAdmin", "objects"),
        Grant("roles/storage.legacyBucketReader", "bucket"),
    )

    def holder(self, site: Site) -> Holder:
        """The bucket's policy."""
        return of_bucket(site)

    def title(self, site: Site) -> str:
        """URI of the bucket."""
        return _uri(site)

    def command(self, site: Site, role: str) -> str:
        """The command that gives a role."""
        return (
            f"gcloud storage buckets add-iam-policy-binding {_uri(site)} "
            f"--member={site.member} --role={role}"
        )

    def exists(self, site: Site) -> bool:
        """Whether there is a bucket, of this project."""
        return _own(site) is not None

    def is_ours(self, site: Site) -> bool:
        """Whether `setup` has made the bucket."""
        bucket = _own(site)
        return bucket is not None and is_managed(bucket.labels)

    def goes(self, site: Site) -> bool:
        """Whether the bucket is removed."""
        return self.is_ours(site) and (site.data or not _held(site))

    def labels(self, site: Site) -> Mapping[str, str]:
        """The bucket's labels."""
        return dict(site.bucket.labels) if site.bucket is not None else {}

    def relabel(self, site: Site, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Change the bucket's labels."""

        def once() -> None:
            site.forget()
            bucket = site.bucket
            assert bucket is not None  # noqa: S101 - its policy was just read
            bucket.labels = dict(change(bucket.labels))
            version = bucket.metageneration
            site.apis.sent(
                lambda: bucket.patch(if_metageneration_match=version, retry=None), _uri(site)
            )

        without_conflict(site, once)


def _own(site: Site) -> Any | None:
    """The bucket when it is the project's; None for none, and for what others have."""
    try:
        bucket = site.bucket
    except PermissionMissing:
        return None
    return bucket if bucket is not None and str(bucket.project_number) == site.number else None


def _held(site: Site) -> str:
    """Say that the bucket holds objects, or nothing."""
    storage, name = site.apis.storage, site.place.bucket
    first = site.apis.sent(
        lambda: next(
            iter(storage.list_blobs(name, versions=True, max_results=1, retry=None)), None
        ),
        _uri(site),
    )
    return "it holds objects: teardown(yes=True, data=True) removes them too" if first else ""


def _delete(site: Site, bucket: Any) -> str:
    try:
        site.found(lambda: bucket.delete(retry=None), _uri(site))
    except ApiError as error:
        if error.code == 409:  # somebody has written to it since
            return _held(site) or error.message
        raise
    return ""


def _empty(site: Site, bucket: Any) -> str:
    """Remove every version of every object, and the bucket."""

    def remove(blob: Any) -> None:
        site.found(lambda: blob.delete(retry=None), _uri(site))

    storage = site.apis.storage
    held = site.apis.sent(
        lambda: list(storage.list_blobs(bucket.name, versions=True, retry=None)), _uri(site)
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(remove, held))
    return _delete(site, bucket)


def _not_visible(site: Site, error: PermissionMissing) -> Finding:
    """Tell a bucket of somebody else's from one of the project's that the caller may not see."""
    storage, name = site.apis.storage, site.place.bucket
    own = site.apis.sent(
        lambda: [one.name for one in storage.list_buckets(prefix=name, retry=None)], "storage"
    )
    if name in own:
        raise error
    return _taken(site)


def _taken(site: Site) -> Finding:
    return Finding(
        "bucket",
        "wrong",
        f"{_uri(site)} belongs to another project: the names of buckets are shared by all of "
        "Google Cloud.",
        f'choose another name: GcpContext(bucket="{_other_name(site)}")',
    )


def _reserved(site: Site, error: ApiError) -> Finding:
    """A bucket that is not there although its name is taken, as after it was deleted elsewhere."""
    detail = f"{_uri(site)} is not there, and its name is taken: {error.message}"
    fix = f'choose another name: GcpContext(bucket="{_other_name(site)}")'
    return Finding("bucket", "wrong", detail, fix)


def _other_name(site: Site) -> str:
    return f"{site.place.bucket[:50].rstrip('-')}-{site.number[-6:]}"


def _elsewhere(site: Site, location: str) -> Finding:
    other = f'choose another bucket: GcpContext(bucket="{site.place.bucket}-{site.place.location}")'
    here = f', or its location: GcpContext(location="{location}")' if location in LOCATIONS else ""
    detail = f"{_uri(site)} is in {location.upper()}, not in {site.place.location}."
    return Finding("bucket", "wrong", detail, other + here)


def _uri(site: Site) -> str:
    return f"gs://{site.place.bucket}"


def _command(site: Site) -> str:
    return create_bucket(site.place.bucket, site.place.project, site.place.location)
