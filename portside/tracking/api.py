"""/tracks"""

from __future__ import annotations

from portside.db.begin import reading
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page
from portside.tracking import flows, queries, wire


@endpoint("POST", "/tracks", takes=wire.TrackIn, gives=wire.TrackOut)
async def register_track(call: Call, given: wire.TrackIn) -> wire.TrackOut:
    """Follow a tracking number; every change is told to the webhooks of `track_updated`."""
    answer = await flows.register(call.scope, given)
    return wire.track_out(answer.track, call.scope, answer.messages)


@endpoint("GET", "/tracks", gives=Page[wire.TrackOut], query=wire.TrackFilter)
async def list_tracks(call: Call) -> Page[wire.TrackOut]:
    """List the tracking numbers that are followed, newest first, as they were last heard of."""
    page = call.page(default=25)
    async with reading() as tx:
        found = await queries.list_tracks(tx, call.scope, page, call.query(wire.TrackFilter))
    ids = [track.id for track in found.rows]
    return call.page_of(found.map(lambda track: wire.track_out(track, call.scope)), page, ids)


@endpoint("GET", "/tracks/{carrier}/{tracking_number}", gives=wire.TrackOut)
async def get_track(call: Call) -> wire.TrackOut:
    """Retrieve what the carrier knows of a tracking number now, whoever bought its label."""
    answer = await flows.look_up(call.scope, call.text("carrier"), call.text("tracking_number"))
    return wire.track_out(answer.track, call.scope, answer.messages)


routes = [register_track, list_tracks, get_track]
