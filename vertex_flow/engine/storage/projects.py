"""The part of Resource Manager that Google's SDK asks for: the number of a project, and its id."""

from __future__ import annotations

import re

from vertex_flow.engine.api.errors import invalid, permission_denied
from vertex_flow.engine.storage.records import Facts, Records
from vertex_flow.names import project_number

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}|<none>")


class Projects:
    """The projects that requests name; each has a number that follows from its id.

    Args:
        records: Remembers ids by number.

    Attributes:
        default: The project of what was made without one.
    """

    default = "local"

    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, name: str) -> Facts:
        """Answer `projects.get`.

        Args:
            name: The id of a project, or the number of one whose id was named before.

        Raises:
            ApiError: PERMISSION_DENIED for an unknown number, as in the cloud.
        """
        if not name.isdigit():
            return _shown(name, self.number(name))
        self.number(self.default)
        project = self._records.project(name)
        if project is None:
            raise permission_denied(
                f"The caller does not have permission on projects/{name}: it may not exist. The "
                "local engine knows the numbers of the projects whose ids it was asked for."
            )
        return _shown(project, name)

    def number(self, project: str) -> str:
        """Give the number of a project, 12 digits.

        Raises:
            ApiError: INVALID_ARGUMENT for what cannot be a project's id.
        """
        if project.isdigit():
            return project
        if not _ID.fullmatch(project):
            raise invalid(f"Invalid project id: {project[:100]!r}.")
        number = project_number(project)
        if self._records.project(number) is None:
            self._records.keep_project(number, project)
        return number


def _shown(project: str, number: str) -> Facts:
    return {
        "name": f"projects/{number}",
        "projectId": project,
        "displayName": project,
        "state": "ACTIVE",
    }
