"""/tracks"""

from __future__ import annotations

from portside.rest.endpoint import Call, endpoint
from portside.tracking import flows, wire


@endpoint("POST", "/tracks", takes=wire.TrackIn, gives=wire.TrackOut)
async def register_track(call: Call, given: wire.TrackIn) -> wire.TrackOut:
    """Follow a tracking number; every change is told to the webhooks of `track_updated`."""
    answer = await flows.register(call.scope, given)
    return wire.track_out(answer.track, call.scope, answer.messages)


@endpoint("GET", "/tracks/{carrier}/{tracking_number}", gives=wire.TrackOut)
async def get_track(call: Call) -> wire.TrackOut:
    """Retrieve what the carrier knows of a tracking number now, whoever bought its label."""
    answer = await flows.look_up(call.scope, call.text("carrier"), call.text("tracking_number"))
    return wire.track_out(answer.track, call.scope, answer.messages)


routes = [register_track, get_track]
