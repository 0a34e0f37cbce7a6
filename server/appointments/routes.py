"""HTTP routes of appointments."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.appointments import answering, booking, moving, reading
from server.appointments import leaving as _leaving  # noqa: F401 - registers what happens when a relation ends
from server.appointments.structs import (
    AppointmentChangeView,
    AppointmentView,
    Book,
    Moves,
    Outcome,
    PatientsAnswer,
)
from server.web.access import Caller, Who, allow
from server.web.conditional import NOT_MODIFIED, unless_known
from server.web.messages import ApiRequest


@get("/appointments", **allow(Who.SIGNED_IN, also=NOT_MODIFIED))
async def list_appointments(request: ApiRequest, caller: NamedDependency[Caller]) -> Response[list[AppointmentView]]:
    """List one's appointments from 13 months ago on, in order of start; nothing when they are as the client knows them."""
    listed = await reading.appointments_of(caller.account, caller.role, request.app.state.clock())
    return unless_known(request, listed)


@post("/appointments", **allow(Who.THERAPIST), status_code=200)
async def book(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[Book]) -> list[AppointmentView]:
    """Book one appointment or a series, all or nothing."""
    return await booking.book(caller, data.appointments, request.app.state.clock())


@get("/appointments/{appointment:uuid}/history", **allow(Who.SIGNED_IN))
async def history(caller: NamedDependency[Caller], appointment: FromPath[UUID]) -> list[AppointmentChangeView]:
    """List what happened to an appointment of one's own, the newest first."""
    return await reading.history(caller, appointment)


@post("/appointments/moves", **allow(Who.THERAPIST), status_code=200)
async def move(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[Moves]) -> list[AppointmentView]:
    """Move one appointment or the rest of a series, all or nothing."""
    return await moving.move(caller, data.moves, request.app.state.clock())


@post("/appointments/{appointment:uuid}/answer", **allow(Who.PATIENT), status_code=200)
async def answer(
    request: ApiRequest, caller: NamedDependency[Caller], appointment: FromPath[UUID], data: JSONBody[PatientsAnswer]
) -> AppointmentView:
    """Confirm an appointment's time, or ask for another one."""
    return await answering.answer(caller, appointment, data, request.app.state.clock())


@post("/appointments/{appointment:uuid}/outcome", **allow(Who.THERAPIST), status_code=200)
async def settle(
    request: ApiRequest, caller: NamedDependency[Caller], appointment: FromPath[UUID], data: JSONBody[Outcome]
) -> AppointmentView:
    """Say that an appointment was held, missed or cancelled, or undo that."""
    return await answering.settle(caller, appointment, data, request.app.state.clock())


router = Router(
    path="/",
    route_handlers=[list_appointments, book, history, move, answer, settle],
    tags=["appointments"],
)
