"""Pure facts about parcel templates: how many an account may have, and what remains when one is changed."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from portside.carriers.templates import Template, find_template
from portside.parcel_templates.models import UserTemplate

# The list has no pages, so it must end somewhere.
MOST_TEMPLATES = 500


def changed(stored: UserTemplate, given: UserTemplate) -> UserTemplate:
    """What `given` makes of `stored`. A weight left out stays; it stays a carrier's packaging as long as its
    dimensions are that packaging's."""
    carrier_template = given.carrier_template
    if carrier_template is None and stored.carrier_template is not None:
        packaging = find_template(stored.carrier_template)
        carrier_template = packaging.token if packaging and fits(given, packaging) else None
    return msgspec.structs.replace(
        given,
        id=stored.id,
        weight=given.weight or stored.weight,
        weight_unit=given.weight_unit if given.weight else stored.weight_unit,
        carrier_template=carrier_template,
    )


def fits(given: UserTemplate, packaging: Template) -> bool:
    """Whether something of these dimensions can be the carrier's packaging."""
    if packaging.is_variable_dimensions:
        return True
    sizes = (given.length, given.width, given.height)
    fixed = (packaging.length, packaging.width, packaging.height)
    return given.distance_unit == packaging.distance_unit and list(map(Decimal, sizes)) == list(map(Decimal, fixed))
