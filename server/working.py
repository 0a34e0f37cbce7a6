"""Sending reminders: inside the web process on SQLite, in processes of their own on PostgreSQL, as many as one likes."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

import structlog

from server import database
from server.channels.mailing import MailSender
from server.channels.push import PushSender
from server.channels.returns import ReturnPaths
from server.clock import SECOND, Clock, system_clock
from server.opening import Opened, open_database
from server.reminders import metrics
from server.reminders.dispatcher import Dispatcher
from server.reminders.waking import DueNotices
from server.reminders.worker import Worker
from server.reminders.zone_data import follow_zone_data
from server.settings import Settings

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def at_work(settings: Settings, opened: Opened, mail: MailSender, clock: Clock) -> AsyncIterator[Worker]:
    """Have a worker send what is due, on the open database; at the end what is on its way arrives first."""
    await follow_zone_data(clock())
    pusher = PushSender(settings, opened.push_key, clock)
    await pusher.open()
    returns = ReturnPaths(settings.mail_returns, opened.installation.address_secret)
    dispatcher = Dispatcher(pusher, mail, clock, settings.origin, int(settings.lease) * SECOND, returns)
    worker = Worker(dispatcher, clock)
    if settings.metrics_port != "0":
        metrics.serve(int(settings.metrics_port))
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        try:
            await running
        finally:
            await pusher.close()
            log.info("worker stopped")


async def work(settings: Settings) -> None:
    """Send reminders until SIGTERM or SIGINT; any number of processes may do so on one PostgreSQL."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    opened = await open_database(settings, system_clock())
    notices = DueNotices(settings.database_url)
    try:
        await notices.start()
        async with at_work(settings, opened, MailSender(settings, system_clock), system_clock):
            log.info("worker ready")
            await stopped.wait()
    finally:
        await notices.stop()
        await database.disconnect()
