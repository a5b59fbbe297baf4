"""Carrier accounts through the SDK."""

from __future__ import annotations

import secrets

import pytest
import shippo
from shippo.models import components, errors, operations

from tests.compat.python_sdk.bodies import UNKNOWN, refused


@pytest.fixture
def own(sdk: shippo.Shippo) -> components.CarrierAccount:
    """An account with UPS that the merchant brought along."""
    request = components.ConnectExistingOwnAccountRequest(
        carrier="ups",
        account_id=f"compat{secrets.token_hex(4)}",
        active=False,
        test=True,
        parameters={"password": "a secret of ours", "account_number": "94567e"},
    )
    return sdk.carrier_accounts.create(request=request)


def test_everybody_has_usps_and_ups(sdk: shippo.Shippo, usps: str) -> None:
    found = sdk.carrier_accounts.list(request=operations.ListCarrierAccountsRequest(results=100)).results
    assert {"usps", "ups"} <= {account.carrier for account in found}
    only = sdk.carrier_accounts.list(
        request=operations.ListCarrierAccountsRequest(carrier=components.CarriersEnum.USPS)
    ).results
    assert [account.object_id for account in only] == [usps]
    mine = sdk.carrier_accounts.get(carrier_account_id=usps)
    assert (mine.carrier, mine.is_shippo_account, mine.active) == ("usps", True, True)


def test_service_levels_are_listed_on_request(sdk: shippo.Shippo) -> None:
    request = operations.ListCarrierAccountsRequest(service_levels=True, carrier=components.CarriersEnum.USPS)
    (account,) = sdk.carrier_accounts.list(request=request).results
    assert {"usps_priority", "usps_ground_advantage"} <= {level.token for level in account.service_levels}


def test_results_and_page_are_honoured(sdk: shippo.Shippo) -> None:
    request = operations.ListCarrierAccountsRequest(results=1, page=1)
    assert len(sdk.carrier_accounts.list(request=request).results) == 1


def test_an_own_account_is_connected_without_telling_its_secret(
    sdk: shippo.Shippo, own: components.CarrierAccount
) -> None:
    assert own.is_shippo_account is False and own.active is False
    assert "a secret of ours" not in repr(own)
    assert "a secret of ours" not in repr(sdk.carrier_accounts.get(carrier_account_id=own.object_id))


def test_an_account_is_switched_on_and_off(sdk: shippo.Shippo, own: components.CarrierAccount) -> None:
    for active in (True, False):
        base = components.CarrierAccountBase(account_id=own.account_id, carrier="ups", active=active)
        changed = sdk.carrier_accounts.update(carrier_account_id=own.object_id, carrier_account_base=base)
        assert changed.active is active
        assert sdk.carrier_accounts.get(carrier_account_id=own.object_id).active is active


def test_a_platform_account_is_registered(sdk: shippo.Shippo) -> None:
    parameters = components.CarrierAccountDHLExpressCreateRequestParameters(user_accepted_terms_and_conditions=True)
    request = components.CarrierAccountDHLExpressCreateRequest(carrier="dhl_express", parameters=parameters)
    made = sdk.carrier_accounts.register(request=request)
    assert (made.carrier, made.is_shippo_account) == ("dhl_express", True)
    assert sdk.carrier_accounts.get_registration_status(carrier=operations.Carrier.UPS).carrier_account is not None


def test_an_account_is_connected_by_signing_in(sdk: shippo.Shippo, own: components.CarrierAccount) -> None:
    answer = sdk.carrier_accounts.initiate_oauth2_signin(
        carrier_account_object_id=own.object_id, redirect_uri="http://127.0.0.1:9/back", state="s1"
    )
    assert answer.headers is not None and answer.headers["location"].startswith("http")


def test_errors_of_signing_in_have_their_own_types(sdk: shippo.Shippo) -> None:
    with pytest.raises(errors.InitiateOauth2SigninCarrierAccountsResponseResponseBody) as caught:
        sdk.carrier_accounts.initiate_oauth2_signin(
            carrier_account_object_id=UNKNOWN, redirect_uri="http://127.0.0.1:9/back"
        )
    assert caught.value.title and caught.value.detail


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(404):
        sdk.carrier_accounts.get(carrier_account_id=UNKNOWN)
    with refused(400, "carrier"):
        sdk.carrier_accounts.create(
            request=components.ConnectExistingOwnAccountRequest(carrier="nobody", account_id="x", parameters={})
        )
