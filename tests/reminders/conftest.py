"""Who is reminded in these tests, and what is outside the house."""

import pytest

from tests.api.appointments import pair
from tests.api.people import Person
from tests.conftest import Running
from tests.reminders.sending import Outside, with_phone


@pytest.fixture
async def people(running: Running) -> tuple[Person, Person]:
    """A therapist and a patient whose phone takes pushes."""
    therapist, patient = await pair(running)
    return therapist, await with_phone(patient)


@pytest.fixture
def outside(running: Running) -> Outside:
    return Outside(running)
