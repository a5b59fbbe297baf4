"""/simulator: for test tokens only."""

from __future__ import annotations

from portside.rest.endpoint import Call, endpoint
from portside.simulations import flows, wire
from portside.simulations.models import CallFilter


@endpoint("GET", "/simulator/clock", gives=wire.ClockOut)
async def get_clock(call: Call) -> wire.ClockOut:
    """Tell what time it is at your simulated carriers."""
    return wire.clock_out(await flows.look(call.scope))


@endpoint("POST", "/simulator/clock", takes=wire.SpeedIn, gives=wire.ClockOut)
async def set_speed(call: Call, given: wire.SpeedIn) -> wire.ClockOut:
    """Let the time at your simulated carriers run faster."""
    return wire.clock_out(await flows.set_speed(call.scope, wire.speed(given)))


@endpoint("POST", "/simulator/advance", takes=wire.AdvanceIn, gives=wire.ClockOut)
async def advance(call: Call, given: wire.AdvanceIn) -> wire.ClockOut:
    """Set the time at your simulated carriers forward; the scans of the time between are pushed at once."""
    return wire.clock_out(await flows.advance(call.scope, wire.step(given)))


@endpoint("POST", "/simulator/stories", takes=wire.StoryIn, gives=wire.ClockOut)
async def choose_story(call: Call, given: wire.StoryIn) -> wire.ClockOut:
    """Choose what happens to a simulated parcel from now on."""
    return wire.clock_out(await flows.choose_story(call.scope, given.tracking_number, wire.story(given)))


@endpoint("GET", "/simulator/calls", gives=wire.CallsOut, query=CallFilter)
async def list_calls(call: Call) -> wire.CallsOut:
    """List the latest calls of yours that reached a simulated carrier."""
    found = await flows.list_calls(call.scope, call.query(CallFilter))
    return wire.CallsOut(results=[wire.call_out(entry) for entry in found])


routes = [get_clock, set_speed, advance, choose_story, list_calls]
