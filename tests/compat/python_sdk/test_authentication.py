"""Tokens, right and wrong, as the SDK sends them."""

from __future__ import annotations

import pytest

from tests.compat.conftest import Merchant
from tests.compat.python_sdk.bodies import refused, sender
from tests.compat.python_sdk.conftest import client_of


@pytest.mark.parametrize("token", ["shippo_test_" + "0" * 40, "Bearer nonsense", "ShippoToken nonsense", "nonsense"])
def test_a_wrong_token_is_401_before_the_body_is_looked_at(owner: Merchant, token: str) -> None:
    stranger = client_of(owner.url, token)
    with refused(401, "detail"):
        stranger.addresses.list()
    with refused(401, "detail"):
        stranger.addresses.create(request=sender(country="nowhere"))


@pytest.mark.parametrize("form", ["{}", "ShippoToken {}", "Bearer {}"])
def test_a_token_is_known_in_every_form(owner: Merchant, form: str) -> None:
    assert client_of(owner.url, form.format(owner.token)).addresses.list().results is not None
