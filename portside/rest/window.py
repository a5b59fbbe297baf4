"""The filters of lists on when an object was created."""

from __future__ import annotations

import msgspec

from portside.rest.parse import Moment


class CreatedWindow(msgspec.Struct, kw_only=True):
    """Bounds of the time an object was created."""

    object_created_gt: Moment | None = None
    object_created_gte: Moment | None = None
    object_created_lt: Moment | None = None
    object_created_lte: Moment | None = None
