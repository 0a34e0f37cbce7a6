"""HTTP routes for calendars: one's feed, what is at its address, one appointment as a file."""

from uuid import UUID

from litestar import Response, Router, delete, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from server.appointments import feeds
from server.appointments.calendar import MEDIA_TYPE
from server.appointments.errors import NoSuchFeed
from server.appointments.structs import CalendarFeedView, FeedAddress, FeedWording
from server.web.access import Caller, Who, allow
from server.web.conditional import file_unless_known
from server.web.messages import ApiRequest
from server.web.throttle import Limit, Throttle, client_address

FILE = {200: ResponseSpec(str, description="iCalendar (RFC 5545)", media_type=MEDIA_TYPE, generate_examples=False)}


@get("/calendar-feed", **allow(Who.SIGNED_IN))
async def show_feed(caller: NamedDependency[Caller]) -> CalendarFeedView:
    """Say whether one has a calendar feed, what it shows, since when, and when it was last read."""
    return CalendarFeedView(await feeds.feed_of(caller.account))


@put("/calendar-feed", **allow(Who.SIGNED_IN))
async def make_feed(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[FeedWording]) -> FeedAddress:
    """Make one's calendar feed, or its address anew; the one before stops at once."""
    return FeedAddress(await feeds.make(caller.account, data.wording, request.app.state.clock()))


@put("/calendar-feed/wording", **allow(Who.SIGNED_IN), status_code=204)
async def reword_feed(caller: NamedDependency[Caller], data: JSONBody[FeedWording]) -> None:
    """Change what one's calendar feed shows, at the same address."""
    await feeds.reword(caller.account, data.wording)


@delete("/calendar-feed", **allow(Who.SIGNED_IN))
async def end_feed(caller: NamedDependency[Caller]) -> None:
    """End one's calendar feed; its address stops at once."""
    await feeds.end(caller.account)


@get("/appointments/{appointment:uuid}/calendar", **allow(Who.SIGNED_IN, also=FILE))
async def appointment_file(caller: NamedDependency[Caller], appointment: FromPath[UUID]) -> Response[bytes]:
    """Give an appointment of one's own as a file for a calendar."""
    return Response(
        await feeds.write_appointment(caller, appointment),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": 'attachment; filename="session.ics"'},
    )


@get("/calendar/{file:str}", **allow(Who.ADDRESS), include_in_schema=False)
async def feed(request: ApiRequest, file: FromPath[str]) -> Response[bytes | None]:
    """Give a calendar feed to who has its address, `/calendar/{token}.ics`; nothing when it is as the calendar knows it."""
    now = request.app.state.clock()
    try:
        if not file.endswith(".ics"):
            raise NoSuchFeed
        found = await feeds.find(file.removesuffix(".ics"), now)
    except NoSuchFeed:
        # Only now: calendars of many people are read from one address, and whose is wrong must not slow down whose is right.
        limits = [Limit(f"feed|{client_address(request)}", free=20)]
        async with Throttle(request.app.state.installation.address_secret, now, limits).count(NoSuchFeed):
            raise
    content = await feeds.write_feed(found, now)
    return file_unless_known(request, content, MEDIA_TYPE, {"Cache-Control": "private, no-cache"})


router = Router(
    path="/", route_handlers=[show_feed, make_feed, reword_feed, end_feed, appointment_file], tags=["appointments"]
)
