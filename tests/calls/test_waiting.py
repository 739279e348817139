"""Lists that never end."""

from __future__ import annotations

import pytest

from vertex_flow.calls import NextPage
from vertex_flow.errors import ApiError


def test_a_page_that_comes_again_ends_a_list() -> None:
    pages = NextPage("services")
    pages.check("a")
    pages.check("b")
    with pytest.raises(ApiError) as caught:
        pages.check("a")
    assert str(caught.value) == (
        "502 INTERNAL: the list of services begins anew after its page 'a'"
    )
