"""What Piccolo's migration commands read: the engine that is open, and the one history."""

from piccolo.conf.apps import AppRegistry

from server import database

APP_REGISTRY = AppRegistry(apps=["migrations.piccolo_app"])


def __getattr__(name: str) -> object:
    if name == "DB":
        return database.engine()
    raise AttributeError(name)
