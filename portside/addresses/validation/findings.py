"""What validation says about an address: coded messages, and the address as corrected so far."""

from __future__ import annotations

from typing import Literal

import msgspec

from portside.addresses.models import Address, ValidationMessage

SOURCE = "Shippo Address Validator"

# The codes given here; all stand in the closed list of Shippo's clients (AddressValidationResultsMessageCodeEnum).
Code = Literal[
    "empty_request",
    "street_detail_missing",
    "unknown_street",
    "premise_number_missing",
    "premise_number_invalid",
    "sub_premise_number_missing",
    "box_number_missing",
    "box_number_invalid",
    "pmb_number_missing",
    "invalid_postal_code",
    "postal_code_not_found",
    "postal_code_change",
    "administrative_area_change",
    "administrative_area_partial",
    "locality_change",
    "component_mismatch_error",
    "Invalid State",
    "Invalid City",
    "Invalid City/State/Zip",
]


def error(code: Code, text: str) -> ValidationMessage:
    """A reason why nothing can be delivered: the address is not valid."""
    return ValidationMessage(source=SOURCE, code=code, type="address_error", text=text)


def warning(code: Code, text: str) -> ValidationMessage:
    """A correction or a doubt: the address stays valid."""
    return ValidationMessage(source=SOURCE, code=code, type="address_warning", text=text)


class Checked(msgspec.Struct, frozen=True):
    """An address as corrected, and why."""

    address: Address
    messages: tuple[ValidationMessage, ...] = ()

    @property
    def is_valid(self) -> bool:
        return all(message.type != "address_error" for message in self.messages)
