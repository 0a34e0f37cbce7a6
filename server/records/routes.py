"""HTTP routes of records."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from server.records import deleting, feed, reading, saving
from server.records import history as revisions
from server.records.stream import events
from server.records.structs import Changes, Delete, History, MarkRead, MarkReviewed, RecordView, Save, Saved
from server.web.access import Caller, Who, allow, session_token
from server.web.live import live
from server.web.messages import ApiRequest

LARGEST_SAVE = 2**21
"""Bytes: a mebibyte of body in base64, 64 grants, and room to spare."""


@put("/records/{record:uuid}", **allow(Who.SIGNED_IN), request_max_body_size=LARGEST_SAVE)
async def save(
    request: ApiRequest, caller: NamedDependency[Caller], record: FromPath[UUID], data: JSONBody[Save]
) -> Saved:
    """Save a revision, with compare and set; with a new epoch, change who reads."""
    return await saving.save(caller, record, data, request.app.state.clock())


@get("/records/{record:uuid}", **allow(Who.SIGNED_IN))
async def show(caller: NamedDependency[Caller], record: FromPath[UUID]) -> RecordView:
    """Give a record where it stands."""
    return await feed.record_view(caller.account, record)


@get("/records/{record:uuid}/history", **allow(Who.SIGNED_IN))
async def history(
    caller: NamedDependency[Caller],
    record: FromPath[UUID],
    before: Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1)] = None,
) -> History:
    """Give the earlier revisions of an own record."""
    return await revisions.history(caller, record, before)


@put("/records/{record:uuid}/tombstone", **allow(Who.SIGNED_IN))
async def delete(
    request: ApiRequest, caller: NamedDependency[Caller], record: FromPath[UUID], data: JSONBody[Delete]
) -> Saved:
    """Delete an own record, leaving its tombstone."""
    return await deleting.delete(caller, record, data, request.app.state.clock())


@post("/records/{record:uuid}/read", **allow(Who.SIGNED_IN), status_code=204)
async def mark_read(
    request: ApiRequest, caller: NamedDependency[Caller], record: FromPath[UUID], data: JSONBody[MarkRead]
) -> None:
    """Say that the body was on the reader's screen."""
    await reading.mark_read(caller, record, data.revision, request.app.state.clock())


@put("/records/{record:uuid}/reviewed", **allow(Who.THERAPIST), status_code=204)
async def mark_reviewed(
    request: ApiRequest, caller: NamedDependency[Caller], record: FromPath[UUID], data: JSONBody[MarkReviewed]
) -> None:
    """Mark a revision reviewed, or take the mark off."""
    await reading.mark_reviewed(caller, record, data.revision, request.app.state.clock())


@get("/changes", **allow(Who.SIGNED_IN))
async def changes(
    caller: NamedDependency[Caller], after: Annotated[int, QueryParameter(ge=0, le=2**53 - 1)] = 0
) -> Changes:
    """Give what has changed after a cursor, in pages."""
    return await feed.changes_after(caller, after)


@get("/stream", **allow(Who.SIGNED_IN), media_type="text/event-stream")
async def stream(request: ApiRequest) -> Stream:
    """Say "changed" whenever there is something to pull, for as long as the session lasts."""
    token = session_token(request) or ""
    return Stream(
        events(live, request.app.state.find_caller, token),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


router = Router(
    path="/",
    route_handlers=[save, show, history, delete, mark_read, mark_reviewed, changes, stream],
    tags=["records"],
)
