"""Appointments: sessions in the calendar, how they are booked, moved, answered, and what became of them."""
