"""What the engine makes of each query parameter: none is ignored in silence."""

from __future__ import annotations

from collections.abc import Mapping

from vertex_flow.engine.api.errors import invalid, unimplemented
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.errors import nearest

_CONDITIONS = [
    f"if{source}{kind}Match"
    for source in ("", "Source")
    for kind in ("Generation", "GenerationNot", "Metageneration", "MetagenerationNot")
]
PARAMETERS: dict[str, Level] = {
    **dict.fromkeys(_CONDITIONS, HONOURED),
    "alt": HONOURED,
    "contentEncoding": HONOURED,
    "delimiter": HONOURED,
    "destinationKmsKeyName": REFUSED,
    "destinationPredefinedAcl": SIMULATED,
    "dropContextGroups": SIMULATED,
    "enableObjectRetention": REFUSED,
    "endOffset": HONOURED,
    "fields": HONOURED,
    "filter": REFUSED,
    "generation": HONOURED,
    "includeFoldersAsPrefixes": SIMULATED,
    "includeTrailingDelimiter": HONOURED,
    "key": SIMULATED,
    "kmsKeyName": REFUSED,
    "matchGlob": HONOURED,
    "maxBytesRewrittenPerCall": SIMULATED,
    "maxResults": HONOURED,
    "name": HONOURED,
    "optionsRequestedPolicyVersion": SIMULATED,
    "overrideUnlockedRetention": SIMULATED,
    "pageToken": HONOURED,
    "permissions": HONOURED,
    "predefinedAcl": SIMULATED,
    "predefinedDefaultObjectAcl": SIMULATED,
    "prefix": HONOURED,
    "prettyPrint": SIMULATED,
    "project": HONOURED,
    "projection": SIMULATED,
    "quotaUser": SIMULATED,
    "restoreToken": REFUSED,
    "returnPartialSuccess": SIMULATED,
    "rewriteToken": SIMULATED,
    "softDeleted": REFUSED,
    "sourceGeneration": HONOURED,
    "startOffset": HONOURED,
    "uploadType": HONOURED,
    "upload_id": HONOURED,
    "userIp": SIMULATED,
    "userProject": SIMULATED,
    "versions": SIMULATED,
}


def check(query: Mapping[str, list[str]], headers: Mapping[str, str]) -> None:
    """Refuse parameters and headers that the engine cannot obey.

    Args:
        query: Query parameters.
        headers: Headers, names in lower case.

    Raises:
        ApiError: INVALID_ARGUMENT for an unknown parameter, UNIMPLEMENTED for one that only the
            cloud obeys.
    """
    for name, values in query.items():
        level = PARAMETERS.get(name.replace("MetaGen", "Metagen"))
        if level is None and not name.startswith("$"):
            known = list(PARAMETERS)
            raise invalid(f"Unknown query parameter {name!r}.{nearest(name, known)}")
        if level is REFUSED and any(value.lower() not in ("", "false") for value in values):
            raise unimplemented(
                f"{name!r} asks for what the local engine does not have: keys, retention and "
                "deleted objects are the cloud's. Leave it out."
            )
    if "x-goog-encryption-key" in headers:
        raise unimplemented(
            "Encryption keys of one's own are not supported by the local engine, which keeps "
            "objects as plain files. Leave the key out."
        )
