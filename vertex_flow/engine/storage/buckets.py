"""Buckets: folders with what is known of them."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Any

from vertex_flow.engine.api.errors import already_exists, invalid
from vertex_flow.engine.storage.conditions import Conditions
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.projects import Projects
from vertex_flow.engine.storage.records import Facts, Records
from vertex_flow.engine.storage.refusals import condition_not_met
from vertex_flow.engine.storage.resources import plain_bucket, stamp
from vertex_flow.engine.storage.settings import BUCKET, merged, settable

_POLICY = "iamPolicy"


class Buckets:
    """The buckets.

    A folder is a bucket, whoever has made it: a job that writes to `gs://b/x` makes bucket `b`.

    Args:
        files: Where they are.
        records: What is known of them.
        projects: The projects that own them.
    """

    def __init__(self, files: Files, records: Records, projects: Projects) -> None:
        self._files = files
        self._records = records
        self._projects = projects
        self._changing = threading.RLock()

    def names(self) -> list[str]:
        """Give the names of all buckets, sorted."""
        return self._files.buckets()

    def find(self, bucket: str) -> Facts:
        """Give what is known of a bucket.

        Raises:
            ApiError: NOT_FOUND.
        """
        folder = self._files.bucket(bucket)
        return self._records.bucket(bucket) or plain_bucket(folder.stat().st_ctime_ns)

    def insert(self, body: Any, project: str) -> tuple[str, Facts]:
        """Make a bucket.

        Raises:
            ApiError: ALREADY_EXISTS, or INVALID_ARGUMENT.
        """
        fields = settable(body, BUCKET)
        name = body.get("name")
        if not isinstance(name, str):
            raise invalid("Required parameter: name, the name of the bucket.")
        self._projects.number(project or self._projects.default)  # a wrong one shows before
        with self._changing:
            try:
                self._files.make_bucket(name)
            except FileExistsError as error:
                raise already_exists(
                    "Your previous request to create the named bucket succeeded and you already "
                    f"own it: {name}."
                ) from error
            facts = merged({**plain_bucket(time.time_ns()), "project": project}, fields)
            self._records.keep_bucket(name, facts)
        return name, facts

    def patch(self, bucket: str, body: Any, conditions: Conditions, *, whole: bool) -> Facts:
        """Change the settings of a bucket.

        Args:
            bucket: Its name.
            body: The fields to set; None clears one.
            conditions: What has to hold.
            whole: Whether fields that are not given are cleared.
        """
        changes = settable(body, BUCKET)
        with self._changing:
            facts = self.find(bucket)
            conditions.check(facts)
            kept = {key: value for key, value in facts.items() if key not in BUCKET}
            facts = merged(kept if whole else facts, changes)
            facts["metageneration"] += 1
            facts["updated"] = stamp(time.time_ns())
            self._records.keep_bucket(bucket, facts)
        return facts

    def delete(self, bucket: str, conditions: Conditions) -> None:
        """Delete a bucket without objects.

        Raises:
            ApiError: NOT_FOUND, or ALREADY_EXISTS when there are objects in it.
        """
        with self._changing:
            conditions.check(self.find(bucket))
            if self._records.folders(bucket) or self._files.holds_files(bucket, ""):
                raise already_exists(f"The bucket you tried to delete is not empty: {bucket}.")
            self._files.remove_bucket(bucket)
            self._records.forget_bucket(bucket)

    def policy(self, bucket: str) -> Facts:
        """Give who may do what; kept and shown, without effect on this machine."""
        facts = self.find(bucket)
        default = {"version": 1, "bindings": self._owners(facts)}
        policy = {**default, **facts.get(_POLICY, {})}
        return {
            "kind": "storage#policy",
            "resourceId": f"projects/_/buckets/{bucket}",
            **policy,
            "etag": _policy_etag(policy),
        }

    def set_policy(self, bucket: str, body: Any) -> Facts:
        """Keep who may do what.

        Raises:
            ApiError: INVALID_ARGUMENT, or 412 when somebody else has changed it.
        """
        if not isinstance(body, dict) or not isinstance(body.get("bindings", []), list):
            raise invalid("A policy is a JSON object with a list of bindings.")
        with self._changing:
            given = body.get("etag")
            if given and given != self.policy(bucket)["etag"]:
                raise condition_not_met("etag of the policy")
            facts = self.find(bucket)
            kept = {"version": body.get("version", 1), "bindings": body.get("bindings", [])}
            self._records.keep_bucket(bucket, {**facts, _POLICY: kept})
        return self.policy(bucket)

    def project_number(self, facts: Mapping[str, Any]) -> str:
        """Give the number of the project that owns a bucket."""
        return self._projects.number(self._project(facts))

    def _project(self, facts: Mapping[str, Any]) -> str:
        return str(facts.get("project") or self._projects.default)

    def _owners(self, facts: Mapping[str, Any]) -> list[Facts]:
        project = self._project(facts)
        members = [f"projectEditor:{project}", f"projectOwner:{project}"]
        return [{"role": "roles/storage.legacyBucketOwner", "members": members}]


def _policy_etag(policy: Mapping[str, Any]) -> str:
    text = repr([policy["version"], policy["bindings"]])
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b64encode(digest[:9]).decode("ascii")
